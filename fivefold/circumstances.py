"""What the report tells besides the records: the clock, the command, pictures, prices, versions."""

from __future__ import annotations

import platform
import shlex
import time
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold import __version__, catalog
from fivefold.nets.build import first_layer_kernels
from fivefold.plumbing.files import atomic, printable
from fivefold.plumbing.frames import is_frame
from fivefold.step2_gather.look import contact_sheet
from fivefold.step3_expand.sheet import preview_sheet
from fivefold.targets import target_of
from fivefold.win_ import Circumstances, Price

if TYPE_CHECKING:
    from PIL.Image import Image

    from fivefold.bundle import Bundle
    from fivefold.contracts.ensembles import Ensemble
    from fivefold.contracts.options import Options
    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Expander, InputKind
    from fivefold.contracts.rows import FloatArray, Items
    from fivefold.plumbing.clock import Clock
    from fivefold.plumbing.run_folder import RunFolder
    from fivefold.step2_gather.look import Show

PRICED_ROWS = 50  # rows answered to tell the price of one answer, at most
PRICING_SECONDS = 1.0  # of a system; dear answers are told from fewer rows
CONTACT_SHEET = Path("gather") / "contact_sheet.png"
PREVIEW = Path("expand") / "preview.png"
LIBRARIES = ("torch", "numpy", "scikit-learn", "scikit-image", "pillow")


def describe(dataset: Dataset, vault_rows: int) -> tuple[str, ...]:
    """What step 2 found, in a few lines."""
    lines = [
        f"{len(dataset.rows):,} rows to learn from, {vault_rows:,} sealed in the vault, "
        f"{target_of(dataset.problem).count(dataset.classes)}; {dataset.split}",
    ]
    if dataset.cache_hit:
        lines.append("decoded before: the cache of an earlier run is used")
    if dataset.quarantine:
        first = dataset.quarantine[0]
        lines.append(
            f"{len(dataset.quarantine):,} item{'s' * (len(dataset.quarantine) > 1)} in quarantine, "
            f"for example {printable(first.path)}: {first.reason}"
        )
    return (*lines, *dataset.notes)


def draw_contact_sheet(path: Path, dataset: Dataset) -> None:
    """Write examples of every class as one picture."""
    _save(contact_sheet(dataset, _show(dataset)), path)


def draw_preview(path: Path, dataset: Dataset, expander: Expander, *, seed: int) -> None:
    """Write every expansion before and after as one picture."""
    _save(preview_sheet(expander, dataset, _show(dataset), seed=seed), path)


def _show(dataset: Dataset) -> Show:
    """A cached item of the data for people."""
    kind: InputKind = catalog.load("input", dataset.problem.kind)()
    return partial(kind.show, shape=dataset.shape)


def circumstances(  # noqa: PLR0913 - it gathers what no record holds
    folder: RunFolder,
    clock: Clock,
    *,
    dataset: Dataset,
    ensemble: Ensemble,
    bundle: Bundle,
    expansion: ExpansionRecord,
    command: str,
    seed: int,
) -> Circumstances:
    """Everything the report tells that no record of a step says."""
    return Circumstances(
        budget_s=clock.budget,
        used_s=clock.used,
        phases=folder.phases(),
        command=command,
        seed=seed,
        versions={
            "fivefold": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        prices=_prices(dataset, ensemble, bundle),
        expansion=expansion,
        contact_png=_read(folder.path / CONTACT_SHEET),
        preview_png=_read(folder.path / PREVIEW),
        kernels=_kernels(ensemble, bundle),
        show=_show(dataset),
    )


def repeat_command(data: Any, asked: Options) -> str:  # noqa: ANN401 - any data
    """The command line that repeats the run."""
    if is_frame(data):
        return "fivefold.win(table, ...)"
    if isinstance(data, tuple):
        return "fivefold.win((X, y), ...)"
    words = ["fivefold", "win"] + ([printable(str(data))] if data is not None else [])
    for name, value in asdict(asked).items():
        if name == "budget":
            words += ["--budget", f"{value:g}s"]
        elif name == "mirror" and value is not None:
            words.append("--mirror" if value else "--no-mirror")
        elif isinstance(value, bool):
            words += [f"--{name.replace('_', '-')}"] * value
        elif value is not None and (name, value) not in {("device", "auto"), ("launch", "here")}:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def _prices(dataset: Dataset, ensemble: Ensemble, bundle: Bundle) -> dict[str, Price]:
    """Milliseconds per answer and megabytes of each system, measured on open rows."""
    first = dataset.rows.select(np.arange(min(2, len(dataset.rows))))
    single = (ensemble.best_single or "").rsplit("/", 1)[0]
    systems = {
        "ensemble": {n for n, w in ensemble.weights.items() if w > 0},
        "best_single": {single},
        "traditional": {ensemble.best_traditional or ""},
    }
    prices = {}
    for system, names in systems.items():
        narrowed = bundle.only(names)
        if not narrowed.facts.members:
            continue
        narrowed.part_probabilities(first)  # loads the files
        each = _seconds(narrowed, first) / len(first)
        most = min(PRICED_ROWS, len(dataset.rows))
        some = dataset.rows.select(np.arange(np.clip(int(PRICING_SECONDS / each), 1, most)))
        took = _seconds(narrowed, some)
        parts = sum(len(m.parts) for m in narrowed.facts.members)
        share = 1 / parts if system == "best_single" else 1.0  # one net of its member
        prices[system] = Price(
            ms_per_item=1e3 * took * share / len(some), megabytes=narrowed.megabytes() * share
        )
    return prices


def _seconds(bundle: Bundle, rows: Items) -> float:
    begin = time.perf_counter()
    bundle.part_probabilities(rows)
    return time.perf_counter() - begin


def _kernels(ensemble: Ensemble, bundle: Bundle) -> FloatArray | None:
    if ensemble.best_single is None:
        return None
    return first_layer_kernels(bundle.net(ensemble.best_single))


def _save(picture: Image, path: Path) -> None:
    with atomic(path) as temporary:
        picture.save(temporary, format="PNG")


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
