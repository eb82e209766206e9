"""Numbers and tests in plain words, the same in the terminal, in report.json and on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fivefold.scores.metrics import metric as metric_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fivefold.scores.intervals import Interval
    from fivefold.scores.paired import Comparison

Outcome = Literal["ensemble", "best_single", "traditional", "undecided", "chance", "alone"]

SHARES = frozenset(
    {"accuracy", "top5", "balanced_accuracy", "calibration_error", "macro_f1", "micro_f1"}
    | {"subset_accuracy", "mean_average_precision", "label_calibration_error", "coverage"}
    | {"token_accuracy", "span_f1", "sentence_accuracy", "token_calibration_error"}
)
SYSTEMS = {
    "ensemble": "the ensemble",
    "best_single": "a single net of the best member",
    "traditional": "the traditional pipeline",
    "chance": "chance",
}
# So begins what is told in the terminal too, of all that degraded.
OVERRUN, NO_NET = "the budget was overrun", "no deep net"
_METRIC_NAMES = {
    "top5": "top-5 accuracy",
    "log_loss": "log-loss",
    "label_log_loss": "log-loss",
    "token_log_loss": "log-loss",
    "label_calibration_error": "calibration error",
    "token_calibration_error": "calibration error",
    "macro_f1": "macro F1",
    "micro_f1": "micro F1",
    "span_f1": "span F1",
    "mean_average_precision": "average precision of a row's ranking",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "R\u00b2",
    "nll": "negative log-likelihood",
    "coverage": "coverage of 90 % intervals",
}
FEW_GROUPS = (
    "The test rows are of only {} groups, which are what was drawn anew and swapped: of so few, "
    "intervals are wide and a difference is hardly ever shown."
)
ONE_GROUP = (
    "The test rows are all of one group: intervals and tests take them for independent, and say "
    "nothing of other groups."
)
_SHOWN_BELOW = 0.05  # p-value under which a difference counts as shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """The verdict: who wins, the headline, and one sentence for each further test."""

    outcome: Outcome
    headline: str
    details: tuple[str, ...]


def verdict_words(
    metric: str, scores: Mapping[str, Interval], tests: tuple[Comparison, ...]
) -> Words:
    """Put scores and tests into words.

    Args:
        metric: The metric that decides.
        scores: System -> its score on that metric.
        tests: Paired tests on that metric, the most telling one first.
    """
    details = [sentence(test) for test in tests]
    ensemble, chance = scores["ensemble"], scores["chance"]
    score = f"the ensemble scores {_with_interval(metric, ensemble)} {metric_name(metric)}"
    at_chance = number(metric, chance.value)
    if not _beats_chance(metric, ensemble, chance):
        headline = f"No better than chance was shown: {score}, chance {at_chance}."
        return Words(outcome="chance", headline=headline, details=tuple(details))
    if not tests:
        headline = f"T{score[1:]}; there is nothing to compare it with but chance, {at_chance}."
        return Words(outcome="alone", headline=headline, details=())
    winner = _winner(tests[0])
    outcome: Outcome = winner or "undecided"  # type: ignore[assignment]
    headline = details[0]
    if winner == "traditional":
        headline = f"Traditional wins. {headline}"
    return Words(outcome=outcome, headline=headline, details=tuple(details[1:]))


def _beats_chance(metric: str, ensemble: Interval, chance: Interval) -> bool:
    if metric_of(metric).higher_is_better:
        return ensemble.low > chance.value
    return ensemble.high < chance.value


def _winner(test: Comparison) -> str | None:
    """The better system, or None where no difference was shown."""
    if test.p >= _SHOWN_BELOW or test.low <= 0 <= test.high:
        return None
    a_is_better = (test.difference > 0) == metric_of(test.metric).higher_is_better
    return test.a if a_is_better else test.b


def sentence(test: Comparison) -> str:
    """One test as one sentence."""
    winner = _winner(test)
    if winner is None:
        between = f"{SYSTEMS[test.a]} and {SYSTEMS[test.b]}"
        return f"No difference was shown between {between}: {_amount(test, 1)}."
    loser = test.b if winner == test.a else test.a
    text = f"{SYSTEMS[winner]} beats {SYSTEMS[loser]} by {_amount(test, _sign(test))}."
    return text[0].upper() + text[1:]


def _sign(test: Comparison) -> int:
    return 1 if test.difference > 0 else -1


def _amount(test: Comparison, sign: int) -> str:
    """`12.3 points of accuracy (9.8 to 14.7, p < 0.001)`; with sign -1 seen from the other side."""
    ends = sorted((sign * test.low, sign * test.high))
    low, high = (difference(test.metric, end) for end in ends)
    amount = difference(test.metric, sign * test.difference)
    unit = "points of" if test.metric in SHARES else "in"
    return f"{amount} {unit} {metric_name(test.metric)} ({low} to {high}, {p_value(test.p)})"


def metric_name(metric: str) -> str:
    """A metric's word as a person says it."""
    return _METRIC_NAMES.get(metric, metric.replace("_", " "))


def number(metric: str, value: float | None) -> str:
    """A score: `97.3 %` for shares, `0.123` or `0.00123` otherwise, a dash where there is none."""
    if value is None:
        return "-"
    if metric not in SHARES:
        return _plain(value)
    # 9,996 of 10,000 must not read as a perfect score
    return f"{min(100 * value, 99.9) if value < 1 else 100.0:.1f} %"


def difference(metric: str, value: float | None) -> str:
    """A difference of scores: points (hundredths) for shares, the plain number otherwise."""
    if value is None:
        return "-"
    return f"{100 * value:.1f}" if metric in SHARES else _plain(value)


def _plain(value: float) -> str:
    """Three decimals, or three digits of what is too small for that or too large."""
    if value == 0 or 0.1 <= abs(value) < 1000:
        return f"{value:.3f}"
    return f"{value:.4g}" if abs(value) >= 1000 else f"{value:#.3g}"


def p_value(p: float | None) -> str:
    """`p < 0.001`, `p = 0.03`; a dash where there is none."""
    if p is None:
        return "-"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def duration(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `4 min 58 s`, `1 h 2 min`."""
    if seconds is None:
        return "-"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    large, unit, small, below = (
        (whole // 60, "min", whole % 60, "s")
        if whole < 3600
        else (whole // 3600, "h", whole % 3600 // 60, "min")
    )
    return f"{large} {unit} {small} {below}" if small else f"{large} {unit}"


def _with_interval(metric: str, interval: Interval) -> str:
    low, high = number(metric, interval.low), number(metric, interval.high)
    return f"{number(metric, interval.value)} ({low} to {high})"
