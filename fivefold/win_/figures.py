"""Figures with axes, drawn by matplotlib as inline SVG in the page's own colours.

Colours are drawn as stand-ins and then exchanged for the page's CSS variables, so that one figure
serves light, dark and print.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from fivefold.scores.intervals import wilson
from fivefold.scores.numbers import REACH
from fivefold.win_.words import SHARES, metric_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fivefold.contracts.records import Member

_ACCENT, _INK, _MUTED, _LINE = "#0a0b01", "#0a0b02", "#0a0b03", "#0a0b04"
_VARIABLES = {_ACCENT: "--accent", _INK: "--ink", _MUTED: "--muted", _LINE: "--line"}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched, copied and read aloud
    "svg.hashsalt": "fivefold",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "axes.titlesize": 9,
    "axes.titlecolor": _INK,
    "axes.titlelocation": "left",
    "legend.frameon": False,
}
_CURVES = 24  # lines drawn at most; a fleet of many folds would only paint the panel over
_POINTS = 200


def learning_curves(members: tuple[Member, ...], best: str | None, metric: str) -> Markup | None:
    """Training loss and validation score over epochs, one line per part; one stands out.

    Args:
        members: The fleet's members.
        best: A net of the best member (`member/fold`), drawn in the accent colour.
        metric: The problem's metric.

    Returns:
        None where no part has a curve.
    """
    parts = [(f"{m.name}/{part.fold}" == best, part) for m in members for part in m.parts]
    # that net last: it lies on top, and is never among those left out
    parts = sorted(((is_best, p) for is_best, p in parts if p.curve), key=lambda each: each[0])
    if not parts:
        return None
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 3.0), layout="constrained")
        loss, score = figure.subplots(1, 2)
        for is_best, part in parts[-_CURVES:]:
            _curve(loss, [(p.epoch, p.loss) for p in part.curve], is_best=is_best)
            looks = [(p.epoch, p.validation) for p in part.curve if p.validation is not None]
            _curve(score, looks, is_best=is_best, marker="o")
        loss.set_title("training loss")
        score.set_title(f"validation {metric_name(metric)}")
        if metric in SHARES:
            _percent(score, "y")
        for axes in (loss, score):
            axes.set_xlabel("epochs")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(5))
        return _svg(figure, "curves", f"Learning curves of {len(parts)} trained nets")


def _curve(
    axes: Axes, points: list[tuple[float, float]], *, is_best: bool, marker: str = ""
) -> None:
    step = -(-len(points) // _POINTS) or 1
    points = points[::-1][::step][::-1]  # thinned from the end: the last point always stays
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        color=_ACCENT if is_best else _MUTED,
        linewidth=1.8 if is_best else 0.9,
        alpha=1.0 if is_best else 0.55,
        marker=marker,
        markersize=3.5 if is_best else 2,
    )


def reliability(bins: dict[str, list[dict[str, Any]]]) -> Markup:
    """Confidence against accuracy; on the diagonal an answer's probability can be believed.

    Args:
        bins: `reliability` of report.json.
    """
    looks = {"best_single": (_MUTED, "single net"), "ensemble": (_ACCENT, "ensemble")}
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.4, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=_LINE, linewidth=1)
        for word, (color, label) in looks.items():
            if word not in bins:
                continue
            rows = sum(each["rows"] for each in bins[word])
            x = [each["confidence"] for each in bins[word]]
            y = [each["accuracy"] for each in bins[word]]
            area = [10 + 160 * each["rows"] / rows for each in bins[word]]
            # a bin of three rows may lie anywhere: its interval says so
            low, high = zip(*(wilson(b["accuracy"], b["rows"]) for b in bins[word]), strict=True)
            axes.vlines(x, low, high, color=color, linewidth=1, alpha=0.5)
            axes.scatter(x, y, s=area, color=color, linewidths=0, alpha=0.9, label=label)
        axes.set(xlim=(0, 1.03), ylim=(0, 1.03), xlabel="stated probability", ylabel="right")
        axes.set_aspect("equal")
        _percent(axes, "x")
        _percent(axes, "y")
        axes.legend(loc="lower right", handlelength=1, markerscale=0.8)
        return _svg(figure, "reliability", "Reliability: stated probability against share right")


def predicted(number: dict[str, Any]) -> Markup:
    """Predicted against true numbers, and residuals against what was predicted.

    Args:
        number: One of `numbers` of report.json: `name`, `points` of (true, predicted, deviation).
    """
    true, said, deviation = zip(*(map(float, point) for point in number["points"]), strict=True)
    reach = [REACH * d for d in deviation]
    look = {"color": _ACCENT, "linewidths": 0, "s": 9, "alpha": 0.7}
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        ends = [min(*true, *said), max(*true, *said)]
        left.plot(ends, ends, color=_LINE, linewidth=1)
        left.vlines(
            true,
            [s - r for s, r in zip(said, reach, strict=True)],
            [s + r for s, r in zip(said, reach, strict=True)],
            color=_MUTED, linewidth=0.6, alpha=0.4,
        )  # fmt: skip
        left.scatter(true, said, **look)
        left.set(xlabel=f"true {number['name']}", ylabel="predicted")
        left.set_title("predicted against true, with the 90 % interval")
        right.axhline(0, color=_LINE, linewidth=1)
        right.scatter(said, [t - s for t, s in zip(true, said, strict=True)], **look)
        right.set(xlabel="predicted", ylabel="true - predicted")
        right.set_title("residuals")
        label = f"Predicted against true {number['name']}, and residuals"
        return _svg(figure, f"number-{_plain_id(number['name'])}", label)


def _plain_id(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())


def _percent(axes: Axes, which: str) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g} %"))


def _svg(figure: Figure, name: str, label: str) -> Markup:
    FigureCanvasAgg(figure)
    out = io.StringIO()
    blank = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", transparent=True, metadata=blank)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # several figures stand in one page, so ids must not meet
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    for stand_in, variable in _VARIABLES.items():
        text = text.replace(stand_in, f"var({variable})")
    # safe as it is: matplotlib escapes the text it draws
    opening = f'<svg role="img" aria-label="{escape(label)}" '
    return Markup(text.replace("<svg ", opening, 1))
