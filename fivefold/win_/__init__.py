"""win: opens the vault, judges, writes report.json and report.html."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from fivefold.plumbing.errors import RunError
from fivefold.plumbing.files import printable, read_json, write_json, write_text
from fivefold.win_.circumstances import Circumstances, Price
from fivefold.win_.judge import judge
from fivefold.win_.page import draw, page
from fivefold.win_.report_json import report
from fivefold.win_.words import NO_NET, OVERRUN, SYSTEMS, metric_name, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.contracts.ensembles import Ensemble
    from fivefold.contracts.protocols import Predictor
    from fivefold.contracts.records import Dataset, Fleet
    from fivefold.contracts.vault import Vault

__all__ = ["NO_NET", "OVERRUN", "Circumstances", "Price", "Report", "win"]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Report:
    """What a run came to.

    Attributes:
        data: The values of report.json.
        json: Where report.json lies.
        html: Where report.html lies.
        url: Where it lies for others, if the run is mirrored there.
    """

    data: dict[str, Any]
    json: Path
    html: Path
    url: str | None = None

    @classmethod
    def load(cls, folder: Path) -> Report:
        """Read the report that stands in a run folder.

        Raises:
            RunError: There is none, or it is not whole.
        """
        place = folder / "report.json"
        try:
            data = read_json(place)
        except (OSError, ValueError) as cause:
            raise RunError(
                found=f"no whole report in {printable(str(folder))}",
                wanted="a run that was finished",
                hint="run fivefold win again, with another --out",
            ) from cause
        return cls(data=data, json=place, html=folder / "report.html")

    @property
    def scores(self) -> dict[str, dict[str, dict[str, float]]]:
        """System -> metric -> `value`, `low`, `high`."""
        return self.data["scores"]

    def __str__(self) -> str:
        lines = [self.data["verdict"]["headline"]]
        lines += [f"  {name:<33}{score}" for name, score in self._lines()]
        lines += [caution] if (caution := self.data["vault"].get("caution")) else []
        lines += [line for line in self.data["degraded"] if line.startswith((NO_NET, OVERRUN))]
        degraded = len(self.data["degraded"])
        if degraded == 1:
            lines.append("1 thing degraded; the report lists it")
        elif degraded:
            lines.append(f"{degraded} things degraded; the report lists them")
        return "\n".join([*lines, f"report: {self.url or self.html}"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = Markup("").join(
            Markup("<tr><td>{}</td><td>{}</td></tr>").format(*line) for line in self._lines()
        )
        headline = escape(self.data["verdict"]["headline"])
        link = Markup('<a href="{}">report.html</a>').format(self.html.absolute().as_uri())
        return f"<p><b>{headline}</b></p><table>{rows}</table><p>{link}</p>"

    def _lines(self) -> list[tuple[str, str]]:
        """(system, score with interval) on the problem's metric."""
        metric = self.data["problem"]["metric"]
        found = []
        for word, scores in self.scores.items():
            value, low, high = (number(metric, scores[metric][k]) for k in ("value", "low", "high"))
            found.append((SYSTEMS[word], f"{value} {metric_name(metric)} ({low} to {high})"))
        return found


def win(  # noqa: PLR0913 - the last step sees every record
    dataset: Dataset,
    fleet: Fleet,
    ensemble: Ensemble,
    vault: Vault,
    predictor: Predictor,
    circumstances: Circumstances,
    *,
    folder: Path,
    tick: Callable[[float], None] | None = None,
) -> Report:
    """Judge on the vault and write report.json and report.html into `folder`, each atomically.

    Args:
        dataset: The open rows.
        fleet: All members, the plan, what degraded.
        ensemble: Weights and temperatures.
        vault: The sealed rows; opened here, for the only time in this sitting.
        predictor: Answers for every part of the ensemble, a net of its best member, its best
            traditional member.
        circumstances: Clock, command, pictures, prices, versions.
        folder: Where the report goes.
        tick: Told the share of the vault that is answered.

    Raises:
        RunError: The vault was opened before.
        OSError: The disk is full or the folder cannot be written.
    """
    start = circumstances.used_s()
    verdict = judge(dataset, ensemble, vault, predictor, seed=circumstances.seed, tick=tick)
    drawings = draw(fleet, ensemble, verdict, circumstances, dataset)
    own = ("judge and report", circumstances.used_s() - start)
    finished = replace(circumstances, phases=(*circumstances.phases, own))
    data = report(dataset, fleet, ensemble, verdict, finished)
    found = Report(data=data, json=folder / "report.json", html=folder / "report.html")
    write_text(found.html, page(data, drawings))
    write_json(found.json, data)
    return found
