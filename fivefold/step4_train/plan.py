"""The plan: which nets, how wide, at which resolution, how many - from measured throughput.

The rule is one line: take the largest net that can still be shown enough pictures in the time
there is. What "enough" means was measured (lab/LOG.md) and stands in `_wanted`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import Plan, PlanLine, Recipe, Timing
from fivefold.step4_train.measure import rows_per_second
from fivefold.step4_train.members import VIEW_ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Expander

VIEWS = 6  # forward passes per answer with all test-time views
ANSWER_SPEED = 2.5  # a row is answered about that much faster than it is trained on
WIDTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
MEASURING_SHARE = 0.04  # of the time for nets, spent on timing candidates
SMALL_PICTURE = 64  # pixels; above it a picture counts as a photo
PHOTO_SIZES = (64, 96, 128, 160)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the user asked of the plan.

    Attributes:
        nets: Number of deep nets; None leaves it to the plan.
        encoder: Encoder word; None takes the kind's default.
        seed: Of the whole run.
        vault_rows: Rows that every net will have to answer for at the end.
    """

    nets: int | None = None
    encoder: str | None = None
    seed: int = 0
    vault_rows: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answering:
    """Seconds that one net needs to answer, beside its training: held-out rows, vault rows."""

    held: float
    vault: float


def make_plan(
    dataset: Dataset,
    expander: Expander,
    seconds: float,
    wish: Wish,
    device: torch.device,
    *,
    used: Callable[[], float],
) -> Plan:
    """Time candidates and fill `seconds` with nets.

    Args:
        dataset: Open rows.
        expander: Label-preserving changes, part of every timed step.
        seconds: For timing and training together.
        wish: What the user asked.
        device: Where the nets will train.
        used: Seconds used so far, to stop timing in time.
    """
    nets = wish.nets or dataset.n_folds
    end_of_timing = used() + MEASURING_SHARE * seconds
    each = (1.0 - MEASURING_SHARE) * seconds / nets
    timings: list[Timing] = []
    best: Timing | None = None
    for recipe in candidates(dataset, wish):
        speed = rows_per_second(dataset, recipe, expander, device)
        answering = answering_seconds(dataset, wish, speed)
        training = max(0.0, each - answering.held - answering.vault)
        epochs = speed * training / max(1, _train_rows(dataset))
        timing = Timing(
            recipe=replace(recipe, epochs=round(epochs, 1)),
            rows_per_second=round(speed, 1),
            chosen=False,
        )
        timings.append(timing)
        if best is None or epochs >= _wanted(dataset, recipe):
            best = timing
        if epochs < _wanted(dataset, recipe) or used() > end_of_timing:
            break
    assert best is not None  # noqa: S101 - there is always a first candidate
    lines = _lines(dataset, best, nets, each, wish)
    timings = [replace(t, chosen=t is best) for t in timings]
    return Plan(lines=lines, timings=tuple(timings), notes=())


def answering_seconds(dataset: Dataset, wish: Wish, rows_per_second: float) -> Answering:
    """What answering will cost a net that trains `rows_per_second`."""
    held = int((dataset.folds >= 0).sum()) // max(1, dataset.n_folds)
    per_row = VIEWS / (ANSWER_SPEED * rows_per_second)
    return Answering(
        held=(held + 2 * min(held, VIEW_ROWS)) * per_row, vault=wish.vault_rows * per_row
    )


def candidates(dataset: Dataset, wish: Wish) -> list[Recipe]:
    """Recipes from cheap to dear."""
    kind = dataset.problem.inputs[0].kind
    word = wish.encoder or next(
        e.word for e in catalog.ENCODERS.values() if kind in e.facts.get("inputs", ())
    )
    facts = catalog.entry("encoder", word).facts
    base = Recipe(
        net=word,
        optimiser=facts.get("optimiser", "adamw"),
        rate=facts.get("rate", 1e-3),
        decay=0.01,
        seed=wish.seed,
        batch=_batch(dataset),
    )
    if kind != "image":
        return [replace(base, width=w) for w in (0.5, 1.0)]
    sized = [_sized(base, size) for size in _sizes(dataset)]
    if word != "convnet":
        return sized[-1:]
    return [replace(recipe, width=w) for w in WIDTHS for recipe in sized]


def _sizes(dataset: Dataset) -> list[tuple[int, ...]]:
    height, width, _ = dataset.rows.item_shape
    short = min(height, width)
    if short <= SMALL_PICTURE:
        return [(height, width)]
    wanted = [s for s in PHOTO_SIZES if s <= short] or [short]
    return [(round(height * s / short), round(width * s / short)) for s in wanted]


def _sized(base: Recipe, size: tuple[int, ...]) -> Recipe:
    """Train the first part at three quarters of the resolution where that saves anything."""
    if min(size) < 24 or not catalog.entry("encoder", base.net).facts.get("any_size"):
        return replace(base, size=size)
    low = tuple(round(s * 0.75 / 4) * 4 for s in size)
    return replace(base, size=size, low_size=low, low_share=0.45)


def _batch(dataset: Dataset) -> int:
    """About a hundred steps per pass on large data, never less than ten on small."""
    rows = _train_rows(dataset)
    for batch in (512, 256, 128, 64, 32):
        if rows >= 60 * batch:
            return batch
    return max(4, min(32, rows // 4))


def _train_rows(dataset: Dataset) -> int:
    held = int((dataset.folds >= 0).sum())
    return len(dataset.rows) - held // max(1, dataset.n_folds)


def _wanted(dataset: Dataset, recipe: Recipe) -> float:
    """Passes over the training rows below which a smaller net does better."""
    rows = _train_rows(dataset)
    return 7.0 * recipe.width**2 * (50_000 / max(rows, 50)) ** 0.5


def _lines(
    dataset: Dataset, best: Timing, nets: int, each: float, wish: Wish
) -> tuple[PlanLine, ...]:
    recipe, epochs = best.recipe, best.recipe.epochs
    size = "x".join(map(str, recipe.size)) or "-"
    why = (
        f"{best.rows_per_second:,.0f} rows/s measured: {epochs:.1f} passes in {each:.0f} s "
        f"(width {recipe.width:g} wants {_wanted(dataset, recipe):.1f}), size {size}"
    )
    folds = dataset.n_folds
    members = -(-nets // folds)
    return tuple(
        PlanLine(
            member=f"{recipe.net}-{i + 1}",
            recipe=replace(recipe, seed=wish.seed + 1000 * i),
            seconds=round(each * min(folds, nets - i * folds), 1),
            nets=min(folds, nets - i * folds),
            why=why,
        )
        for i in range(members)
    )
