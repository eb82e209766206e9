"""What is worth training: the recipes of an encoder from cheap to dear, and how long each wants.

Axes: H W a picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import Recipe
from fivefold.nets.build import intake_of
from fivefold.plumbing.errors import OptionError
from fivefold.targets import head_of

if TYPE_CHECKING:
    from fivefold.contracts.records import Dataset

TINY_PICTURE = 16  # pixels; up to it a picture is trained at twice its size
SMALL_PICTURE = 64  # pixels; above it a picture counts as a photo
WIDTHS = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)
PHOTO_LADDER = ((0.5, 64), (0.5, 96), (1.0, 96), (1.0, 128), (1.5, 128), (1.5, 160), (2.0, 160))
LOW = 0.75  # of the side, for the first part of training
LOW_SHARE = 0.45  # of the time
LEAST_STEPS = 600  # of a net; with fewer of them one net does better than several (lab/LOG.md)
FEW_STEPS = 0.5  # of an encoder's least steps; with fewer, half the batch does better (lab/LOG.md)
SMALL_BATCH = 256  # a row costs hardly more than in larger ones; smaller ones gained nothing
OTHER_WIDTHS = (0.125, 0.25, 0.5, 1.0)  # of nets that were made for large photos


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the user asked of the plan.

    Attributes:
        nets: Number of deep nets; None leaves it to the plan.
        encoder: Encoder word; None takes the kind's default.
        seed: Of the whole run.
        vault_rows: Rows that every net will have to answer for at the end.
        steps: Fixed number of steps of every net; None goes by the clock.
        company: Nets of other encoders beside those of this one.
    """

    nets: int | None = None
    encoder: str | None = None
    seed: int = 0
    vault_rows: int = 0
    steps: int | None = None
    company: int = 0


def line_up(dataset: Dataset) -> tuple[str, ...]:
    """The encoders that are trained where none is asked for, best first."""
    kind, intake = dataset.problem.kind, intake_of(dataset.problem.kind)
    axes = len(intake.shape(dataset.rows.item_shape, (1, 1) if kind == "image" else ()))
    words = intake.line_up(catalog.line_up(kind), dataset.shape)
    return tuple(w for w in words if catalog.reads(catalog.entry("encoder", w), kind, axes))


def check_net(word: str, kind: str) -> None:
    """Refuse an encoder that does not read an input kind.

    Raises:
        OptionError: It reads other kinds.
    """
    reads = catalog.entry("encoder", word).facts.get("inputs", (kind,))
    if kind not in reads:
        raise OptionError(
            found=f"--net {word}, which reads {', '.join(reads)}",
            wanted=f"a net that reads {kind}",
            hint="see fivefold nets, or leave out --net",
        )


def candidates(dataset: Dataset, wish: Wish) -> list[Recipe]:
    """Recipes from cheap to dear."""
    kind = dataset.problem.kind
    word = wish.encoder or line_up(dataset)[0]
    check_net(word, kind)
    facts = catalog.entry("encoder", word).facts
    head = head_of(dataset.problem, dataset.classes)
    base = Recipe(
        net=word,
        input=kind,
        head=head.word,
        smoothing=min(head.facts.get("smoothing", 0.0), facts.get("smoothing", 1.0)),
        optimiser=facts.get("optimiser", "adamw"),
        rate=facts.get("rates", {}).get(kind, facts.get("rate", 1e-3)),
        decay=facts.get("decay", 0.01),
        seed=wish.seed,
        batch=_batch(dataset, head.facts.get("batch", 512)),
    )
    if kind != "image":
        rungs = intake_of(kind).ladder(dataset.rows.item_shape, facts.get("widths", (0.5, 1.0)))
        return [replace(base, width=w, size=size) for w, size in rungs]
    if word == "convnet":
        return [_sized(replace(base, width=w), size) for w, size in _rungs(dataset)]
    size = _rungs(dataset)[-1][1]
    return [_sized(replace(base, width=w), size) for w in OTHER_WIDTHS]


def _rungs(dataset: Dataset) -> list[tuple[float, tuple[int, ...]]]:
    """(width, size) from cheap to dear, no larger than the pictures are."""
    height, width, _ = dataset.rows.item_shape
    short = min(height, width)
    if short <= TINY_PICTURE:
        return [(w, (2 * height, 2 * width)) for w in WIDTHS]
    if short <= SMALL_PICTURE:
        return [(w, (height, width)) for w in WIDTHS]

    def sized(side: int) -> tuple[int, ...]:
        return (round(height * side / short), round(width * side / short))

    return [(w, sized(min(side, short))) for w, side in PHOTO_LADDER]


def _sized(recipe: Recipe, size: tuple[int, ...]) -> Recipe:
    """Train the first part at a lower resolution where the net can and it saves anything."""
    if min(size) < 24 or not catalog.entry("encoder", recipe.net).facts.get("any_size"):
        return replace(recipe, size=size)
    low = tuple(round(s * LOW / 4) * 4 for s in size)
    return replace(recipe, size=size, low_size=low, low_share=LOW_SHARE)


def _batch(dataset: Dataset, most: int) -> int:
    """At least sixteen steps per pass: more rows a step are cheaper, more steps learn faster."""
    rows = train_rows(dataset)
    for batch in (512, 256, 128, 64, 32):
        if batch <= most and rows >= 16 * batch:
            return batch
    return max(4, min(32, rows // 4))


def train_rows(dataset: Dataset) -> int:
    """Rows that one net trains on."""
    held = int((dataset.folds >= 0).sum())
    return len(dataset.rows) - held // max(1, dataset.n_folds)


def wanted_epochs(dataset: Dataset, recipe: Recipe) -> float:
    """Passes over the training rows below which a smaller net does better (lab/LOG.md)."""
    rows = train_rows(dataset)
    passes = catalog.entry("encoder", recipe.net).facts.get("passes", 5.5)
    return passes * recipe.width**2 * (50_000 / max(rows, 50)) ** 0.35


def least_epochs(dataset: Dataset, recipe: Recipe) -> float:
    """Passes in which a net makes the least number of steps that is worth training it."""
    rows = max(1, train_rows(dataset))
    steps = catalog.entry("encoder", recipe.net).facts.get("steps", LEAST_STEPS)
    return steps * min(recipe.batch, rows) / rows


def smaller_batches(dataset: Dataset, recipe: Recipe) -> Recipe:
    """The recipe with half the batch where its passes are few steps (lab/LOG.md)."""
    few = recipe.epochs < FEW_STEPS * least_epochs(dataset, recipe)
    half = recipe.batch // 2
    return replace(recipe, batch=half) if few and half >= SMALL_BATCH else recipe
