"""The record of step 5: how members are pooled, and which labels they do not believe."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """One row whose label looks wrong.

    Attributes:
        item: Its name.
        given: The label it has.
        believed: The label it should have.
        given_probability: What nets that have not seen it give its label.
        believed_probability: What they give the other.
    """

    item: str
    given: str
    believed: str
    given_probability: float
    believed_probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspects:
    """Labels that look wrong.

    Attributes:
        judged: Rows that were looked at.
        found: Rows whose label looks wrong.
        estimated: How many labels are wrong in all, by the estimated joint of given and true.
        how: How they were found, in words.
        worst: The worst of them, worst first.
    """

    judged: int
    found: int
    estimated: int
    how: str
    worst: tuple[Suspect, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ensemble:
    """Greedy selection with replacement over all members; each calibrated, pooled, calibrated.

    Attributes:
        weights: Member name -> weight; they sum to one, members with none are left out.
        temperature: Of the pooled answers of calibrated members; for classes it divides the log of
            the probabilities.
        score: The problem's metric on validation rows.
        log_loss: The target's loss on validation rows after calibration; for classes the log-loss.
        best_single: `member/fold` of a single net of the member that is best on validation rows,
            the one with the middle score of its folds (None without one).
        best_traditional: Name of the best traditional member on validation rows.
        temperatures: Temperature of each member, alone and before pooling.
        sure_above: Smallest confidence at which an answer is called sure; for classes that is the
            top probability.
        path: (name, metric after adding it) of each greedy step.
        notes: Members that were left out, and why.
        shift: Added to the log of each class's probability, or to the log-odds of each label's,
            where the metric counts rare ones as much as common ones; () for none.
        suspects: Labels that look wrong; None where the target has no such notion.
    """

    weights: dict[str, float]
    temperature: float
    score: float
    log_loss: float
    best_single: str | None
    best_traditional: str | None
    temperatures: dict[str, float]
    sure_above: float
    path: tuple[tuple[str, float], ...]
    notes: tuple[str, ...] = ()
    shift: tuple[float, ...] = ()
    suspects: Suspects | None = None
