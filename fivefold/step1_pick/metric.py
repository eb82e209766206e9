"""Which metric decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import OptionError
from fivefold.step1_pick.classes import open_counts

if TYPE_CHECKING:
    from fivefold.contracts.records import Listing
    from fivefold.contracts.roles import TargetKind


def metrics_of(target: str) -> tuple[str, ...]:
    """The metrics of a target kind, its usual one first."""
    kind: TargetKind = catalog.load("target", target)()
    return kind.metrics


def choose_metric(asked: str | None, target: str, listing: Listing) -> Guess:
    """The metric asked for or the usual one; its `answer` is the word.

    Raises:
        OptionError: The target kind has no such metric, or too few classes for it.
    """
    known = metrics_of(target)
    if asked is not None and asked not in known:
        raise OptionError(
            found=f"metric {asked!r}", wanted=f"one of {', '.join(known)}", hint=f"try {known[0]}"
        )
    k = len(open_counts(listing, target))
    if asked == "top5" and k <= 5:
        raise OptionError(
            found=f"metric top5 with {k} classes",
            wanted="more than five classes for it",
            hint="try --metric accuracy",
        )
    what = "classes" if target == "class" else target
    return Guess(
        question="metric",
        answer=asked or known[0],
        why=f"the usual one for {what}" if asked is None else "asked for",
        option=f"--metric {'|'.join(known)}",
    )
