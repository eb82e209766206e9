"""Steps 1 to 3 once per data set; then any plan inside a budget, judged on the sealed rows.

What `fivefold win` does between the traditional opponent and the report, by the same functions:
plan and train the deep nets, ensemble them, answer for the vault. The budget of a cell covers
all of that and nothing else, so that a planner and a hand-made plan can be set beside each other.
"""

from __future__ import annotations

import base64
import tempfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold import bundle as bundles
from fivefold import preparation
from fivefold.contracts import saving
from fivefold.contracts.options import Options
from fivefold.contracts.orders import Launcher
from fivefold.contracts.records import Dataset, Fleet, Plan, Recipe
from fivefold.contracts.roles import Expander
from fivefold.contracts.vault import VaultContent
from fivefold.engine.precision import choose_device
from fivefold.pipeline import CREW_SECONDS
from fivefold.plumbing.clock import Clock
from fivefold.plumbing.silence import Silence
from fivefold.scores.intervals import bootstrap
from fivefold.scores.metrics import metric
from fivefold.step4_train import Audience, Share, Site, Wish, hire, train_nets
from fivefold.step5_ensemble import ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.series import Cell
    from fivefold.bundle import Bundle
    from fivefold.contracts.rows import FloatArray

PLACES = {
    "cifar10": "cifar10/cifar10.tar.gz",
    "flowers12": "flowers12/flowers12.zip",
    "digits": None,
}

MakePlan = Callable[[Share], Plan]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arena:
    """A data set after steps 1 to 3.

    Attributes:
        name: Its word in PLACES.
        dataset: The open rows.
        expander: What step 3 chose.
        sealed: The rows on which every plan is judged. No plan sees them; a report opens them
            once, a benchmark once per cell.
    """

    name: str
    dataset: Dataset
    expander: Expander
    sealed: VaultContent


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """Where one plan is played: who trains, for how long, beside which data.

    Attributes:
        arena: The data.
        site: Their training site, in a run folder of its own.
        launchers: Who can train there.
        budget: Seconds.
        seed: Of the nets.
    """

    arena: Arena
    site: Site
    launchers: Sequence[Launcher]
    budget: float
    seed: int

    def wish(self, nets: int | None) -> Wish:
        """What the planner is asked for."""
        return Wish(nets=nets, seed=self.seed, vault_rows=len(self.arena.sealed.targets))


# Called before the budget begins; what it returns is called inside the budget.
Prepare = Callable[[Stand], MakePlan]


def missing(name: str, folder: Path) -> bool:
    """Whether the data set is not in the data folder."""
    place = PLACES[name]
    return place is not None and not (folder / place).exists()


def present(cells: Sequence[Cell], folder: Path) -> list[Cell]:
    """The cells whose data are in the data folder; what is left out is said."""
    absent = {cell.data for cell in cells if missing(cell.data, folder)}
    for name in sorted(absent):
        print(f"{name}: left out, no {PLACES[name]} in {folder}; name the folder with --data")
    return [cell for cell in cells if cell.data not in absent]


@cache
def opened(name: str, folder: Path) -> Arena:
    """Steps 1 to 3 of a data set; its decoded cache stays for the next time.

    Args:
        name: A word of PLACES.
        folder: The data folder.
    """
    place = PLACES[name]
    asked, silence = Options(), Silence()
    picked = preparation.picked_from(None if place is None else folder / place, asked, silence)
    dataset, vault = preparation.gathered_from(picked, asked, silence)
    expander = preparation.expander_for(dataset, asked, silence)
    return Arena(name=name, dataset=dataset, expander=expander, sealed=vault.open())


def play(
    arena: Arena, budget: float, prepare: Prepare, *, nets: int | None, seed: int
) -> dict[str, Any]:
    """Plan and train inside `budget` seconds, ensemble, answer for the sealed rows.

    Args:
        arena: The data.
        budget: Seconds for planning, training and answering.
        prepare: Whose plan.
        nets: How many nets there will be; None leaves it to the planner.
        seed: Of the nets.

    Returns:
        The result as it goes into results.jsonl.
    """
    company = nets or (1 if budget < CREW_SECONDS else arena.dataset.n_folds)
    with standing(arena, nets=company, budget=budget, seed=seed) as stand:
        return _inside(stand, prepare(stand))


@contextmanager
def standing(arena: Arena, *, nets: int, budget: float, seed: int) -> Iterator[Stand]:
    """A run folder with launchers for at most `nets` nets side by side, gone when it is left."""
    with tempfile.TemporaryDirectory(prefix="fivefold-bench-") as scratch, ExitStack() as stack:
        run = Path(scratch)
        saving.save(arena.dataset, run / "gather", "dataset")
        saving.save(arena.expander.record, run / "expand", "expansion")
        site = Site(
            dataset=arena.dataset,
            expander=arena.expander,
            device=choose_device("auto"),
            folder=run / "train",
        )
        launchers = hire(site, run, nets=nets)
        for launcher in launchers:
            stack.callback(launcher.close)
        yield Stand(arena=arena, site=site, launchers=launchers, budget=budget, seed=seed)


def _inside(stand: Stand, make: MakePlan) -> dict[str, Any]:
    clock = Clock(stand.budget)
    share = Share(clock=clock, reserve=0.0)
    plan = make(share)
    planned = clock.used()
    fleet = train_nets(stand.site, stand.launchers, plan, share, Audience())
    trained = clock.used()
    facts = {
        "budget_s": stand.budget,
        "plan_s": round(planned, 2),
        "train_s": round(trained - planned, 2),
        "device": stand.site.device.type,
        **_told(plan, fleet, stand.arena.dataset),
    }
    if not fleet.members:
        return {**facts, "used_s": round(trained, 2), "answer_s": 0.0, "accuracy": None}
    chosen = ensemble(stand.arena.dataset, fleet, seed=stand.seed)
    place = stand.site.folder.with_name("bundle")
    bundle = bundles.save(place, stand.arena.dataset, fleet, chosen, stand.site.folder)
    begin = clock.used()
    parts = bundle.part_probabilities(stand.arena.sealed.rows)
    used = clock.used()
    facts |= {"answer_s": round(used - begin, 2), "used_s": round(used, 2)}
    return {**facts, **_scores(stand.arena, bundle, parts)}


def _scores(arena: Arena, bundle: Bundle, parts: dict[str, FloatArray]) -> dict[str, Any]:
    single = bundle.facts.ensemble.best_single
    return judged(arena, bundle.pool(parts), parts[single] if single else None)


def judged(arena: Arena, pooled: FloatArray, single: FloatArray | None) -> dict[str, Any]:
    """Accuracy on the sealed rows of answers (N, K) and of those of the best single net."""
    targets = arena.sealed.targets
    return {
        "vault_rows": len(targets),
        "accuracy": _accuracy(pooled, targets),
        "best_single": None if single is None else _accuracy(single, targets),
        "right": packed(pooled.argmax(1) == targets),
    }


def _accuracy(probabilities: FloatArray, targets: np.ndarray) -> dict[str, float]:
    rng = np.random.default_rng(0)
    found = bootstrap(metric("accuracy"), probabilities, targets, rng=rng)
    return {"value": found.value, "low": found.low, "high": found.high}


def packed(right: np.ndarray) -> str:
    """Which rows (N,) were answered right, as text: later cells are compared row by row."""
    return base64.b85encode(zlib.compress(np.packbits(right).tobytes(), 9)).decode("ascii")


def unpacked(text: str, rows: int) -> np.ndarray:
    """What `packed` was given: (N,) bool."""
    raw = zlib.decompress(base64.b85decode(text))
    return np.unpackbits(np.frombuffer(raw, np.uint8), count=rows).astype(bool)


def _told(plan: Plan, fleet: Fleet, dataset: Dataset) -> dict[str, Any]:
    """What the plan promised and what came of it."""
    recipe = plan.lines[0].recipe
    folds = [fold for member in fleet.members for fold in member.parts]
    rows = training_rows(dataset)
    ends = [fold.curve[-1] for fold in folds]
    speeds = [rows * end.epoch / end.seconds for end in ends if end.seconds > 0]
    passes = [fold.epochs for fold in folds]
    return {
        "recipe": recipe_told(recipe),
        "nets": sum(line.nets for line in plan.lines),
        "slots": plan.slots,
        "promised_s": round(sum(line.seconds for line in plan.lines), 2),
        "epochs_promised": round(recipe.epochs, 2),
        "epochs_made": round(float(np.mean(passes)), 2) if passes else 0.0,
        "rows_per_s_promised": next((t.rows_per_second for t in plan.timings if t.chosen), None),
        "rows_per_s_made": round(plan.slots * float(np.median(speeds)), 1) if speeds else 0.0,
        "timed": [f"w{t.recipe.width:g} {t.rows_per_second:g}/s" for t in plan.timings],
        "degraded": list(fleet.degraded),
    }


def recipe_told(recipe: Recipe) -> str:
    """A recipe in words."""
    size = "x".join(map(str, recipe.size))
    low = f" from {'x'.join(map(str, recipe.low_size))}" if recipe.low_size else ""
    return f"{recipe.net} width {recipe.width:g}, {size}{low}, batch {recipe.batch}"


def training_rows(dataset: Dataset) -> int:
    """Rows that one net is trained on."""
    held = int((dataset.folds >= 0).sum())
    return len(dataset.rows) - held // max(1, dataset.n_folds)
