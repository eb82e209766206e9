"""A finished run, and how all processes of a group come by it."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

from fivefold import bundle as bundles
from fivefold.launch.meeting import meeting
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.place import place
from fivefold.step4_train import help_train
from fivefold.win_ import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from fivefold.bundle import Bundle
    from fivefold.contracts.rows import FloatArray
    from fivefold.raw_items import Item

P = ParamSpec("P")


class Run:
    """A finished run: its report, and its bundle to predict with.

    Attributes:
        folder: The run on disk; of one that lies at a URL a copy, until this process ends.
        place: That URL, or the folder in words.
        report: What came out on the vault.
    """

    def __init__(
        self, folder: Path, report: Report, *, device: str = "auto", url: str | None = None
    ) -> None:
        self.folder = folder
        self.place = url or str(folder)
        self.report = replace(report, url=f"{url}/{report.html.name}") if url else report
        self.bundle: Bundle = bundles.load(folder, device=device)

    def predict(self, items: Sequence[Item] | np.ndarray) -> list[Any]:
        """The answer for each item, as `bundle.predict`: paths, raw bytes or decoded arrays."""
        return self.bundle.predict(items)

    def predict_proba(self, items: Sequence[Item] | np.ndarray) -> FloatArray:
        """Calibrated probabilities (N, K), columns as in `bundle.classes`; see there for others."""
        return self.bundle.predict_proba(items)

    def __repr__(self) -> str:
        return f"Run({self.place!r})\n{self.report}"


def by_a_group(win: Callable[P, Run]) -> Callable[P, Run]:
    """What makes a run, where torchrun began several processes: the first one does it.

    The others help it train, and get the same run when it is done.
    """

    @wraps(win)
    def everywhere(*data: P.args, **options: P.kwargs) -> Run:
        where = place()
        if where.size == 1:
            return win(*data, **options)
        if where.rank:
            help_train()
            return _of_the_first(str(options.get("device", "auto")))
        folder = ""
        try:
            run = win(*data, **options)
            folder = str(run.folder.resolve())
        finally:
            meeting().end(folder)
        return run

    return everywhere


def _of_the_first(device: str) -> Run:
    folder = meeting().ended()
    if not folder:
        raise RunError(
            found="no run: the first process ended with an error",
            wanted="a run that is judged",
            hint="see what the first process says",
        )
    return Run(Path(folder), Report.load(Path(folder)), device=device)
