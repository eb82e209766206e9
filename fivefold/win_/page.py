"""report.html: one self-contained page, readable offline, without scripts, in light, dark, print.

All numbers come from the report.json values; only pictures are added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from fivefold.scores.metrics import metric
from fivefold.win_ import figures, pictures, tally, words
from fivefold.win_.views import view_of

if TYPE_CHECKING:
    from fivefold.contracts.ensembles import Ensemble
    from fivefold.contracts.records import Dataset, Fleet
    from fivefold.win_.circumstances import Circumstances
    from fivefold.win_.judge import Verdict

_COSTS = ("ms_per_item", "megabytes")
_BALANCE_ENDS = 10  # classes shown at either end where there are too many to show all


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawings:
    """Everything on the page that is drawn; data addresses and inline SVG."""

    contact: str | None
    preview: str | None
    pairs: tuple[str, ...]
    kernels: str | None
    mistakes: tuple[str, ...]
    curves: Markup | None
    reliability: Markup
    numbers: tuple[Markup, ...] = ()


def draw(
    fleet: Fleet,
    ensemble: Ensemble,
    verdict: Verdict,
    circumstances: Circumstances,
    dataset: Dataset,
) -> Drawings:
    """Draw the figures of a report: curves, reliability, mistakes, sheets, kernels.

    Args:
        fleet: All members.
        ensemble: Names the net that is drawn.
        verdict: What the vault said.
        circumstances: Brings the sheets.
        dataset: Says what is answered.
    """
    content = verdict.content
    view = view_of(dataset.problem.target.kind)
    which = view.worst(verdict)
    answers = verdict.systems["ensemble"].probabilities
    numbers = view.told(answers, content.targets, dataset.classes).get("numbers", ())
    sheets = (circumstances.contact_png, circumstances.preview_png)
    contact, preview = (pictures.sheet(png) if png else None for png in sheets)
    kernels, show = circumstances.kernels, circumstances.show
    return Drawings(
        contact=contact,
        preview=preview,
        pairs=pictures.pairs(circumstances.pairs_png),
        kernels=pictures.kernel_sheet(kernels) if kernels is not None else None,
        mistakes=pictures.items(content.rows, which, show) if show else (),
        curves=figures.learning_curves(fleet.members, ensemble.best_single, verdict.metric),
        reliability=figures.reliability(view.reliability(verdict)),
        numbers=tuple(figures.predicted(each) for each in numbers),
    )


def page(data: dict[str, Any], drawings: Drawings) -> str:
    """The page as text.

    Args:
        data: What `report_json.report` gave; its text is untrusted and is escaped.
        drawings: What `draw` gave.
    """
    return (
        _environment()
        .get_template("template.html.j2")
        .render(
            report=data,
            drawings=drawings,
            system_names=words.SYSTEMS,
            higher_is_better=metric(data["problem"]["metric"]).higher_is_better,
            bars=_bars(data),
            clock=_clock(data),
            balance={
                **_balance(data["data"]["classes"]),
                **_words(data["problem"]["target"]["kind"]),
            },
            loss=data["ensemble"]["loss"],
            priced=_priced(data["prices"]),
            policies=_policies(data["expansion"]),
        )
    )


@cache
def _environment() -> Environment:
    """Templates are compiled once per process: that takes longer than to fill them in."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=lambda value, metric: words.number(metric, value),
        difference=lambda value, metric: words.difference(metric, value),
        metric=words.metric_name,
        p=words.p_value,
        duration=words.duration,
        amount=_amount,
        asides=_asides,
        bare=_bare,
        count=_count,
        plural=_plural,
        short=_short,
        size=_size,
    )
    return environment


def _bars(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The headline chart: per system its score and interval, and their places as shares of 1.

    Bars begin at zero, which lies inside the chart where scores are negative.
    """
    metric = data["problem"]["metric"]
    scores = {word: system[metric] for word, system in data["scores"].items()}
    ends = [end for score in scores.values() for end in score.values() if end is not None]
    least, most = min(0.0, *ends), max(1.0 if metric in words.SHARES else 0.0, *ends)
    span = (most - least) or 1.0

    def place(end: float | None, otherwise: float) -> float:
        return otherwise if end is None else (end - least) / span  # None stands for infinity

    return [
        {
            "word": word,
            "name": data["systems"][word],
            **score,
            "bar": sorted((place(0.0, 0.0), place(score["value"], 1.0))),
            "reach": (place(score["low"], 0.0), place(score["high"], 1.0)),
        }
        for word, score in scores.items()
    ]


def _clock(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Phases one after the other on the budget's scale; shares of the longer of used and budget."""
    whole = max(data["budget_s"], data["used_s"])
    lines, start = [], 0.0
    for phase in data["phases"]:
        lines.append({**phase, "start": start / whole, "share": phase["seconds"] / whole})
        start += phase["seconds"]
    return lines


def _balance(classes: list[dict[str, Any]]) -> dict[str, Any]:
    """Bars of class sizes: all classes, or the most and least frequent of very many."""
    top = max(each["rows"] + each["vault_rows"] for each in classes)
    shown, left_out = classes, 0
    if len(classes) > tally.FULL_MATRIX_UP_TO:
        order = sorted(classes, key=lambda each: -each["rows"])
        shown = order[:_BALANCE_ENDS] + order[-_BALANCE_ENDS:]
        left_out = len(classes) - len(shown)
    return {"classes": shown, "top": top, "left_out": left_out}


def _words(target: str) -> dict[str, str]:
    """What the vocabulary counts, one and several of it."""
    one = {"labels": "label", "tags": "tag", "number": "stretch"}.get(target, "class")
    return {"one": one, "what": one + ("es" if one.endswith(("s", "h")) else "s")}


def _priced(prices: dict[str, Any]) -> list[str]:
    """Metrics that are told beside prices."""
    return [w for price in prices.values() for w in price if w not in _COSTS][:2]


def _count(value: float | None) -> str:
    """`45 000`, with a narrow space; a dash where there is none."""
    return "-" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def _policies(expansion: dict[str, Any] | None) -> list[tuple[str, float]]:
    """(setting, strength) of every setting that has a strength or a reason; 0 where not used."""
    if expansion is None:
        return []
    settings = expansion["settings"]
    return [*settings.items(), *((name, 0.0) for name in expansion["why"] if name not in settings)]


def _asides(text: str) -> Markup:
    """Set what stands in brackets apart from the sentence."""
    return Markup(re.sub(r"(\([^()]*\)\.?)", r"<span>\1</span>", str(escape(text))))


def _bare(name: str) -> str:
    """`ensemble` of `the ensemble`."""
    return re.sub(r"^(the|an?) ", "", name)


def _amount(value: float | None) -> str:
    """Three digits; a dash where there is none."""
    return "-" if value is None else f"{value:.3g}"


def _plural(count: int, noun: str) -> str:
    """`1 file`, `12 files`."""
    return f"{_count(count)} {noun}{'' if count == 1 else 's'}"


def _short(value: float) -> str:
    """`812`, `51 k`, `4.5 M`: as much of a count as tells nets apart."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:.3g}\u202f{unit}"
    return f"{value:.0f}"


def _size(shape: list[int]) -> str:
    """`32 x 32` with the proper sign; a dash for no size."""
    return " \u00d7 ".join(str(side) for side in shape) or "-"
