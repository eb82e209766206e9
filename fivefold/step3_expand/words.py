"""The settings of the expansions of texts and of sentences of words."""

from __future__ import annotations

from fivefold.step3_expand.policies import Policy

_DROP = Policy(most=1, unit="of the words", about="left unread")
_SWAP = Policy(most=1, unit="of the words", about="in each other's place as neighbours")

TEXT_POLICIES: dict[str, Policy] = {
    "noise": Policy(most=1, unit="of the characters", about="others in their place"),
    "drop": _DROP,
    "swap": _SWAP,
    "cutmix": Policy(most=8, unit="alpha", about="a stretch of another text"),
    "mixup": Policy(most=8, unit="alpha", about="what nets make of two texts blended"),
}

TOKENS_POLICIES: dict[str, Policy] = {
    "noise": Policy(most=1, unit="of the words", about="with one letter changed"),
    "drop": Policy(most=1, unit="of the words", about="unreadable but for their last letters"),
}
