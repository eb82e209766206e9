"""CIFAR-10 to 94 % and 96 % on one GPU: our training seconds beside the record recipes'.

    python benchmarks/cifar/run.py [--data DIR] [--only 94 ...] [--runs 5]

Both train on the same rows, on the same GPU, in the same process; a part of a pass before the
first run that counts pays for libraries that load. Cells that have a result are not run again.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from typing import TYPE_CHECKING

import torch

from benchmarks import harness, record, series
from benchmarks.cifar import published
from benchmarks.cifar.page import page
from benchmarks.engine.peak import wait_for
from benchmarks.series import Cell, Result
from fivefold.contracts.records import Recipe
from fivefold.engine.inference import predict
from fivefold.engine.loop import Job, train
from fivefold.engine.precision import choose_device
from fivefold.engine.schedule import Limit
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train.build import fresh_net

if TYPE_CHECKING:
    import numpy as np

    from benchmarks.harness import Arena

HERE = Path(__file__).resolve().parent
WARM_EPOCHS = 0.3
Run = tuple[float, float]  # seconds of training, accuracy on the sealed rows


@dataclass(frozen=True, kw_only=True, slots=True)
class Ours:
    """A recipe of our own, trained for so many passes.

    Attributes:
        recipe: How.
        epochs: Passes.
        settings: Of the expansion, over those that step 3 chose.
    """

    recipe: Recipe
    epochs: float
    settings: dict[str, float]


def ours(width: float, epochs: float, *, batch: int, low: bool, **more: float) -> Ours:
    """The convnet at a width; with `low`, the first 45 % of the steps at 24 pixels."""
    recipe = Recipe(
        net="convnet",
        width=width,
        depth=int(more.pop("depth", 2)),
        size=(32, 32),
        low_size=(24, 24) if low else (),
        low_share=0.45 if low else 0.0,
        batch=batch,
        rate=more.pop("rate", 0.12),
    )
    return Ours(recipe=recipe, epochs=epochs, settings=more)


CELLS: dict[str, published.Published | Ours] = {
    "94:record": published.NESTEROV_94,
    "94:record-muon": published.MUON_94,
    "94:ours": ours(2.0, 9, batch=512, low=False),
    "94:ours-fast": ours(2.0, 10, batch=1024, low=False),
    "96:record": published.NESTEROV_96,
    "96:ours": ours(4.0, 40, batch=1024, low=True, depth=3, rate=0.24, shift=4.0, cutout=0.375),
}


def measure(what: published.Published | Ours, folder: Path, runs: int, seed: int) -> Result:
    """Train `runs` times, after a beginning that does not count."""
    arena, device = harness.opened("cifar10", folder), choose_device("auto")
    train_once = _our_run if isinstance(what, Ours) else _record_run
    train_once(replace(what, epochs=WARM_EPOCHS), arena, device, seed)
    work = partial(train_once, what, arena, device)
    found = [work(seed + number) for number in range(runs)]
    seconds, accuracy = zip(*found, strict=True)
    return {
        "runs": [[round(s, 3), round(a, 5)] for s, a in found],
        "seconds": round(statistics.median(seconds), 3),
        "accuracy": round(statistics.fmean(accuracy), 5),
    }


def _our_run(what: Ours, arena: Arena, device: torch.device, seed: int) -> Run:
    dataset, sealed = arena.dataset, arena.sealed
    recipe = replace(what.recipe, seed=seed)
    steps = round(what.epochs * (len(dataset.rows) // recipe.batch))
    settings = {**arena.expander.record.settings, **what.settings}
    changes = replace(arena.expander.record, settings=settings)
    torch.manual_seed(seed)
    net = fresh_net(dataset, recipe)
    job = Job(
        rows=dataset.rows,
        targets=dataset.targets,
        recipe=recipe,
        expander=ImageExpander(changes, classes=len(dataset.classes)),
        limit=Limit(steps=steps),
        device=device,
    )
    begin = time.perf_counter()
    train(net, job)
    spent = _now(device) - begin
    answered = predict(net, sealed.rows, recipe.size, ("mirror", "shift")).argmax(1)
    return spent, float((answered == sealed.targets).mean())


def _record_run(what: published.Published, arena: Arena, device: torch.device, seed: int) -> Run:
    dataset, sealed = arena.dataset, arena.sealed
    torch.manual_seed(seed)
    pictures, labels = _on(device, dataset.rows.take(slice(None)), dataset.targets)
    begin = _now(device)
    net = published.train(what, pictures, labels)
    spent = _now(device) - begin
    unseen, right = _on(device, sealed.rows.take(slice(None)), sealed.targets)
    return spent, float((published.answers(net, unseen) == right).float().mean())


def _on(device: torch.device, *arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.from_numpy(array).to(device) for array in arrays]


def _now(device: torch.device) -> float:
    wait_for(device)
    return time.perf_counter()


def main() -> None:
    """Measure every cell that has no result yet."""
    parser = series.arguments("CIFAR-10 beside the record recipes, on one GPU", HERE)
    parser.add_argument("--runs", type=int, default=5, help="of each cell, that count")
    asked = parser.parse_args()
    folder = record.data_folder(asked.data)
    cells = [
        Cell(name=name, data="cifar10", measure=partial(measure, what, folder, asked.runs))
        for name, what in CELLS.items()
    ]
    series.run(asked, harness.present(cells, folder), page)


if __name__ == "__main__":
    main()
