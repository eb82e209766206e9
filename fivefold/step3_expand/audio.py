"""Expansion of sound: played faster or slower, moved, filtered, blurred, masked, mixed; by batches.

Axes: N clips, T samples, S lines of a spectrum, K classes. Behind its end a clip stays 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, final

import torch
from torch.nn import functional as F

from fivefold.contracts.roles import Expander
from fivefold.nets.blocks.sound import lengths, played, quick
from fivefold.nets.intake.audio import FULL, PADDING, AudioIntake
from fivefold.step3_expand.audio_policies import AUDIO_POLICIES
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.mixing import beta_table, mixed_targets
from fivefold.step3_expand.policies import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice

_GROUPS = 16  # of a batch; one transform serves the clips of one, which share speed and shift
_ANCHORS = 8  # places of the spectrum at which a filter's gain is drawn
_FEW_ROWS = 10_000  # fewer are seen so often that a net learns them by heart


@final
class AudioExpander(Expander):
    """Changes batches of clips as its record says; see `audio_policies` for the settings.

    Masks (SpecAugment, arXiv 1904.08779) are made on the samples, not on some net's spectrogram:
    so every net gets them, and they stand in the record. Speed follows Ko 2015 (Interspeech).

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = AUDIO_POLICIES

    def __init__(
        self,
        record: ExpansionRecord,
        *,
        classes: int,
        shape: Mapping[str, Any] | None = None,  # noqa: ARG002 - settings are shares of a clip
    ) -> None:
        check(record.settings, AUDIO_POLICIES)
        self.record = record
        self.classes = classes
        self._intake = AudioIntake()
        alpha = self._setting("mixup")
        self._table = beta_table(alpha) if alpha else None

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """What keeps a word, a bird or an engine what it is; mixing where rows are few."""
        del seed, given
        rows = len(dataset.rows)
        chosen: dict[str, Choice] = {
            "speed": (0.15, "voices and engines differ in pitch and pace by more than that"),
            "shift": (0.1, "when a sound begins says little of what it is"),
            "filter": (6.0, "microphones and rooms colour a sound by some decibels"),
            "noise": (0.1, "recordings differ in their noise"),
            "time_mask": (0.15, "a sound should be known by more than one of its moments"),
            "frequency_mask": (0.2, "nor by one band alone"),
            "gain": (0.0, "nets bring each clip to one level themselves"),
        }
        few = rows < _FEW_ROWS
        why = f"{rows:,} rows are {'few: mixing makes new ones' if few else 'enough'}"
        return {**chosen, "mixup": (0.2 if few else 0.0, why)}

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),
        mirrored: Tensor | None = None,  # noqa: ARG002 - sound has no sides
    ) -> tuple[Tensor, Tensor]:
        """Change a batch: int16 (N, T) -> float32 (N, T), full scale being 1.

        Targets (N,) come back as (N, K) where clips are mixed.
        """
        draws = Draws(generator, batch.device)
        x = self._intake.plain(batch, size)
        x = self._played(x, draws)
        ends = lengths(x)
        x = self._in_spectrum(x, draws)
        x = self._along_time(x, ends, draws)
        x = x * (torch.arange(x.shape[1], device=x.device) < ends[:, None])
        if self._table is None:
            return x, targets
        share = self._table.to(x.device)[draws.below(len(self._table), len(x))]
        partner = draws.order(len(x))
        return _blended(x, partner, share), mixed_targets(targets, partner, share, self.classes)

    def cached(self, x: Tensor) -> Tensor:
        """Clips (N, T) as int16, with padding behind their ends."""
        behind = torch.arange(x.shape[1], device=x.device) >= lengths(x)[:, None]
        whole = (x * FULL).round().clamp(-FULL, FULL).to(torch.int16)
        return whole.masked_fill(behind, PADDING)

    def _setting(self, name: str) -> float:
        return self.record.settings.get(name, 0.0)

    def _played(self, x: Tensor, draws: Draws) -> Tensor:
        """Faster or slower, later or earlier; what leaves the row is lost, silence comes in."""
        speed, shift = self._setting("speed"), self._setting("shift")
        if not speed and not shift:
            return x
        groups, length = min(len(x), _GROUPS), x.shape[1]
        speeds = torch.exp(draws.spread(groups) * math.log1p(speed)).tolist()
        steps = (draws.spread(groups) * shift * length).long().tolist()
        y = torch.zeros_like(x)
        # Rows come sorted, often by class; a group holds some of all.
        members = draws.order(len(x)).tensor_split(groups)
        for own, factor, step in zip(members, speeds, steps, strict=True):
            some = played(x[own], factor) if speed else x[own]
            later, earlier = max(0, step), max(0, -step)
            y[own, later : length - earlier] = some[:, earlier : length - later]
        return y

    def _in_spectrum(self, x: Tensor, draws: Draws) -> Tensor:
        """Filtered by a smooth curve, and a band taken out: one transform for both."""
        decibels, masked = self._setting("filter"), self._setting("frequency_mask")
        if not decibels and not masked:
            return x
        length = x.shape[1]
        lines = torch.fft.rfft(x, n=quick(length))
        n, count = lines.shape
        gain = x.new_ones(n, count)
        if decibels:
            anchors = draws.spread(n, _ANCHORS)[:, None] * decibels
            curve = F.interpolate(anchors, count, mode="linear", align_corners=True)
            gain = gain * 10 ** (curve[:, 0] / 20)
        if masked:
            gain = gain * _kept(n, count, masked, draws)
        return torch.fft.irfft(lines * gain, n=quick(length))[:, :length]

    def _along_time(self, x: Tensor, ends: Tensor, draws: Draws) -> Tensor:
        """A stretch silenced, noise added, made louder or quieter."""
        n, length = x.shape
        if masked := self._setting("time_mask"):
            # As a share of the clip, not of its row: a short clip must not be masked away.
            wide = draws.uniform(n) * masked * ends
            start = draws.uniform(n) * (ends - wide)
            at = torch.arange(length, device=x.device)
            x = x * ((at < start[:, None]) | (at >= (start + wide)[:, None]))
        if most := self._setting("noise"):
            loudness = (x.square().sum(1) / ends).sqrt()
            share = most * draws.uniform(n).square()  # mostly little
            x = x + (share * loudness)[:, None] * draws.normal(n, length)
        if decibels := self._setting("gain"):
            x = x * 10 ** (draws.spread(n, 1) * (decibels / 20))
        return x


def _kept(n: int, count: int, share: float, draws: Draws) -> Tensor:
    """(N, S) zeros in a band of up to `share` of the lines at a random place, ones elsewhere."""
    wide = draws.uniform(n) * share * count
    start = draws.uniform(n) * (count - wide)
    at = torch.arange(count, device=wide.device)
    return ((at < start[:, None]) | (at >= (start + wide)[:, None])).float()


def _blended(x: Tensor, partner: Tensor, share: Tensor) -> Tensor:
    """Clips with `share` (N,) of their partner's, both at the level of the clip."""
    level = x.square().mean(1).sqrt().clamp(min=1e-5)
    other = x[partner] * (level / level[partner])[:, None]
    return torch.lerp(x, other, share[:, None])
