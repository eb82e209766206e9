"""The settings of the expansion of sound."""

from __future__ import annotations

from fivefold.step3_expand.policies import Policy

AUDIO_POLICIES: dict[str, Policy] = {
    "speed": Policy(most=1, unit="of the speed", about="faster and higher, or slower and lower"),
    "shift": Policy(most=1, unit="of the clip", about="earlier or later"),
    "filter": Policy(most=24, unit="decibels", about="bands louder or quieter by a smooth curve"),
    "frequency_mask": Policy(most=1, unit="of the band at most", about="a band taken out"),
    "time_mask": Policy(most=1, unit="of the clip at most", about="a stretch silenced"),
    "noise": Policy(most=1, unit="of the level at most", about="Gaussian noise"),
    "gain": Policy(most=24, unit="decibels", about="louder or quieter"),
    "mixup": Policy(most=8, unit="alpha", about="two clips blended"),
}
