"""Which metric decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import OptionError
from fivefold.step1_pick.classes import open_counts

if TYPE_CHECKING:
    from fivefold.contracts.records import Listing
    from fivefold.contracts.target_kind import TargetKind


def choose_metric(asked: str | None, target: str, listing: Listing) -> Guess:
    """The metric asked for or the usual one; its `answer` is the word.

    Raises:
        OptionError: The target kind has no such metric, or too few classes for it.
    """
    kind: TargetKind = catalog.load("target", target)()
    counts = open_counts(listing, target)
    known, usual = kind.metrics, kind.usual(tuple(counts))
    if asked is not None and asked not in known:
        raise OptionError(
            found=f"metric {asked!r}", wanted=f"one of {', '.join(known)}", hint=f"try {usual}"
        )
    if asked == "top5" and len(counts) <= 5:
        raise OptionError(
            found=f"metric top5 with {len(counts)} classes",
            wanted="more than five classes for it",
            hint="try --metric accuracy",
        )
    what = "classes" if target == "class" else target
    what = what if usual == known[0] else f"such {what}"
    return Guess(
        question="metric",
        answer=asked or usual,
        why=f"the usual one for {what}" if asked is None else "asked for",
        option=f"--metric {'|'.join(known)}",
    )
