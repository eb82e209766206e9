"""The records that pass from step to step: pick -> gather -> expand -> train -> ensemble -> win.

That of step 5 stands in `ensembles`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fivefold.contracts.rows import FloatArray, IntArray, Rows, Targets
from fivefold.contracts.steps import Steps

Part = Literal["train", "validation", "test"]
PACK = "arrays in one file"  # the layout
SEPARATOR = "\x1f"  # between the parts of a label that has several


# ------------------------------------------------------------------ step 1: pick


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """One thing that was read off the data, why, and the option that corrects it."""

    question: str
    answer: str
    why: str
    option: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One raw input of a row: its kind (a catalog word) and, in a table, its column.

    Attributes:
        kind: Catalog word.
        column: Column of a table; of several their names in words.
        columns: The same, one by one; () where there is none.
        raw: Its column, of Parquet or Arrow, holds the bytes of files.
        scale: Numbers that are black and white; None where pictures are pixels already.
        listed: Columns whose cells hold lists or objects, so that a new row may have such there.
        lines: Texts are lines of a file, which begin with their labels.
        steps: For series that are rows of a long table, where in it; None for others.
    """

    kind: str
    column: str | None = None
    columns: tuple[str, ...] = ()
    raw: bool = False
    listed: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None
    lines: bool = False
    steps: Steps | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What is to be answered: its kind (a catalog word) and, in a table, its column."""

    kind: str
    column: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """What is input, what is target, which metric decides; and how that was read off the data."""

    source: str
    inputs: tuple[Input, ...]
    target: Target
    metric: str
    layout: str
    guesses: tuple[Guess, ...]
    unnamed: int = 0  # columns of a table without a header; 0 where they have names

    @property
    def kind(self) -> str:
        """Word of the input kind that reads a row: the only input's, or `several`."""
        return self.inputs[0].kind if len(self.inputs) == 1 else "several"

    @property
    def reads_packs(self) -> bool:
        """Whether an item is a row of arrays in a file, not the file itself."""
        return self.layout == PACK

    @property
    def names_files(self) -> bool:
        """Whether an item is a file that a row of a table names."""
        return self.layout == "table" and len(self.inputs) == 1

    @property
    def reads_rows(self) -> bool:
        """Whether an item is a row of columns rather than a file, or may be named by one."""
        if self.names_files:
            return self.kind not in ("series", "array")  # their files may be tables themselves
        cells = self.inputs[0].column is not None and not self.inputs[0].raw
        return self.kind in ("table", "several") or (self.kind in ("text", "tokens") and cells)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Every candidate item of the source, before anything is opened. Columns of equal length.

    Attributes:
        names: Name of the item in its source (a path relative to it).
        labels: Raw label as text; None where the row has none. What has several (labels, numbers,
            a tag per token) joins them by `SEPARATOR`.
        parts: Part the data themselves state: `train`, `validation`, `test`, or None.
        groups: Speaker, patient, room ... of the row: rows of a group are never parted. () where
            nothing is known of groups, None where a row stands alone.
        times: When the row was, as numbers that grow; () where rows are in no order.
    """

    names: tuple[str, ...]
    labels: tuple[str | None, ...]
    parts: tuple[Part | None, ...]
    groups: tuple[str | None, ...] = ()
    times: tuple[float, ...] = ()


# ---------------------------------------------------------------- step 2: gather


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """One file that cannot be used, and the true reason."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Duplicate:
    """Two items that show the same.

    Attributes:
        first: One item.
        second: The other.
        exact: Equal bytes or equal pixels; otherwise near by perceptual hash.
        across: They lay in different parts (a leak), so one was set aside.
        same_label: Their labels agree.
        action: What was done, in words.
    """

    first: str
    second: str
    exact: bool
    across: bool
    same_label: bool
    action: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """The open rows: everything that steps 3 to 5 may see. Test rows are not in here.

    Attributes:
        problem: What step 1 found.
        classes: (k) the vocabulary: class names, which `targets` counts into; labels, tags, or
            names of numbers.
        rows: (n) open rows of the decoded cache.
        targets: Of n rows, as their `TargetKind` has them: (n,) class numbers say.
        names: (n) item names.
        folds: (n,) fold in which a row is validated; -1 for rows that are always trained on.
        n_folds: 1 (one validation part) or the number of folds.
        groups: (n,) rows with an equal number are duplicates of each other and share a fold.
        split: How vault and folds were cut, in words.
        quarantine: Files that could not be used.
        duplicates: Pairs that show the same.
        notes: What a user should know (imbalance, rows without labels, mixed sizes ...).
        fingerprint: Hash of all names and bytes.
        total: Items listed, before quarantine.
        seen_sizes: Most common raw sizes with counts, most common first.
        cache_hit: The decoded cache of an earlier run was used.
        shape: What the input kind learned of its items, as JSON values: `item_shape`, `dtype`, and
            what else the kind needs again (a rate, a vocabulary).
        given: (n,) class numbers as the data have them, where `targets` are those believed; None
            where they are the same.
    """

    problem: Problem
    classes: tuple[str, ...]
    rows: Rows
    targets: Targets
    names: tuple[str, ...]
    folds: IntArray
    n_folds: int
    groups: IntArray
    split: str
    quarantine: tuple[Quarantined, ...]
    duplicates: tuple[Duplicate, ...]
    notes: tuple[str, ...]
    fingerprint: str
    total: int
    seen_sizes: tuple[tuple[str, int], ...]
    cache_hit: bool = False
    shape: dict[str, Any] = field(default_factory=dict)
    given: IntArray | None = None


# ---------------------------------------------------------------- step 3: expand


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpansionRecord:
    """Which label-preserving changes are used, and why. Plain numbers, so it can be saved.

    Attributes:
        kind: Input kind (catalog word).
        settings: Setting -> number; 0 or absent means not used.
        why: Setting -> reason in words.
    """

    kind: str
    settings: dict[str, float]
    why: dict[str, str]


# ----------------------------------------------------------------- step 4: train


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How one net is trained.

    Attributes:
        net: Encoder (catalog word).
        input: Input kind that it reads (catalog word).
        head: Head (catalog word).
        width: Multiplier on the encoder's own widths.
        depth: Blocks per stage, as the encoder reads it.
        size: (H, W) at which pictures are trained and judged; () for arrays.
        low_size: Smaller size for the first part of training; () for none.
        low_share: Share of the progress trained at `low_size`.
        batch: Rows per step.
        epochs: Planned passes over the training rows; the schedule follows the clock.
        optimiser: `muon`, `sgd` or `adamw`.
        rate: Peak learning rate of that optimiser.
        decay: Weight decay.
        smoothing: Label smoothing.
        seed: Seed of this net.
        expansion: Overrides of the expansion's settings for this net.
    """

    net: str
    input: str = "image"
    head: str = "class"
    width: float = 1.0
    depth: int = 2
    size: tuple[int, ...] = ()
    low_size: tuple[int, ...] = ()
    low_share: float = 0.0
    batch: int = 512
    epochs: float = 8.0
    optimiser: str = "muon"
    rate: float = 0.24
    decay: float = 0.0
    smoothing: float = 0.2
    seed: int = 0
    expansion: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLine:
    """One line of the plan: who trains, for how long, and why it was chosen.

    Attributes:
        member: The member.
        recipe: How its nets are trained.
        seconds: Wall-clock that its nets get in all.
        nets: Number of its nets, one per fold.
        why: What was measured, in words.
        steps: Fixed number of steps of each net instead of seconds; None goes by the clock.
        full: More time than that would do its nets no good.
    """

    member: str
    recipe: Recipe
    seconds: float
    nets: int
    why: str
    steps: int | None = None
    full: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """One candidate that was timed for a few steps.

    Attributes:
        recipe: The candidate.
        rows_per_second: Measured training throughput, of all nets side by side.
        chosen: It is in the plan.
        slots: Nets that ran side by side.
    """

    recipe: Recipe
    rows_per_second: float
    chosen: bool
    slots: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The recipes with their share of the budget, from measured throughput.

    Attributes:
        lines: What is trained.
        timings: What was measured to decide it.
        notes: What a user should know.
        slots: Nets trained side by side, each on its share of the cores or of the GPUs.
        alone: Time that a net alone on the whole machine needs for the rows that one of `slots`
            nets side by side is shown in a unit of time.
        held_seconds: What each net needs beside its training to answer for its held-out rows.
        vault_seconds: What each net will need at the end to answer for the vault.
        views: Most passes per answer that test-time views may take.
    """

    lines: tuple[PlanLine, ...] = ()
    timings: tuple[Timing, ...] = ()
    notes: tuple[str, ...] = ()
    slots: int = 1
    alone: float = 1.0
    held_seconds: float = 0.0
    vault_seconds: float = 0.0
    views: int = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class CurvePoint:
    """One point of a learning curve; `validation` is the metric there, None between looks."""

    seconds: float
    epoch: float
    loss: float
    rate: float
    validation: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """One trained part of a member: the net or model of one fold.

    Attributes:
        fold: Number of the fold it was validated on.
        file: Weights or model, relative to the folder of members.
        score: The problem's metric on the rows of its fold.
        seconds: Wall-clock of training and answering.
        epochs: Passes over the training rows.
        curve: Points of its learning curve.
        views: Test-time views that helped validation, for example `mirror`, `shift`.
    """

    fold: int
    file: str
    score: float
    seconds: float
    epochs: float
    curve: tuple[CurvePoint, ...] = ()
    views: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member of the fleet: a net or a traditional model, trained on one or more folds.

    Attributes:
        name: Unique in the fleet, for example `convnet-1` or `hog+svm`.
        kind: `deep` or `traditional`.
        net: Encoder word, or the features and classifier in words.
        recipe: How it was trained; None for traditional members.
        parts: Its nets, one per fold; their average is the member.
        parameters: Number of parameters of one part.
        score: The problem's metric on validation rows.
        seconds: Training time of all parts.
        answers: Out-of-fold or on validation rows; NaN where a row has none.
        rows: (V,) which rows of the data set have a line in `answers`, ascending; all if None.
    """

    name: str
    kind: Literal["deep", "traditional"]
    net: str
    recipe: Recipe | None
    parts: tuple[Fold, ...]
    parameters: int
    score: float
    seconds: float
    answers: FloatArray
    rows: IntArray | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """All members, the plan they came from, and what degraded on the way."""

    members: tuple[Member, ...]
    plan: Plan
    degraded: tuple[str, ...]
