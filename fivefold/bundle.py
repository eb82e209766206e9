"""The part of a run that predicts: `load(folder).predict(["photo.jpg"])`.

Safetensors, skops with an allow-list, and JSON: a bundle from a stranger cannot run code.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
from safetensors.torch import load_file

from fivefold import catalog
from fivefold.contracts import saving
from fivefold.contracts.ensembles import Ensemble
from fivefold.contracts.records import Fleet, Fold, Member, Problem
from fivefold.contracts.rows import FloatArray, Held, Items
from fivefold.engine.inference import predict
from fivefold.engine.precision import channels_last, choose_device
from fivefold.nets.build import build, intake_of
from fivefold.plumbing.columns import columns_seen, columns_used
from fivefold.plumbing.errors import BadItem, DataError, RunError
from fivefold.plumbing.files import printable, sync, whole
from fivefold.plumbing.mirror import fetched_bundle, is_url
from fivefold.raw_items import Item, name_of, open_item
from fivefold.step1_pick.new_rows import Cells, each_item
from fivefold.targets import target_of
from fivefold.traditional.answers import predict_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import InputKind
    from fivefold.contracts.target_kind import TargetKind
    from fivefold.nets.base import Net
    from fivefold.traditional.answers import TraditionalModel

AT_ONCE = 500  # raw items decoded at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a bundle knows beside its weights.

    Attributes:
        problem: What step 1 found.
        classes: The target's vocabulary.
        shape: What the input kind learned.
        members: Who answers.
        ensemble: How their answers are pooled.
    """

    problem: Problem
    classes: tuple[str, ...]
    shape: dict[str, Any]
    members: tuple[Member, ...]
    ensemble: Ensemble


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The answer for one item.

    Attributes:
        item: Its name.
        prediction: The answer in words; None where the item could not be used.
        probabilities: Class or label -> probability.
        sure: Its confidence is above the threshold that validation showed to be reliable.
        problem: Why the item could not be used; None where it could.
        values: Number -> its value.
        intervals: Number -> ends of the interval that should hold nine of ten true values.
        tags: (tag, probability) of each token.
    """

    item: str
    prediction: str | None
    probabilities: dict[str, float]
    sure: bool
    problem: str | None = None
    values: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    tags: tuple[tuple[str, float], ...] = ()


@final
class Bundle:
    """A calibrated ensemble that answers for raw items or for rows of the cache.

    Args:
        folder: What `save` wrote.
        device: `auto`, `cpu` or `cuda`.
    """

    def __init__(self, folder: Path, *, device: str = "auto") -> None:
        if not saving.exists(folder, "bundle"):
            raise RunError(
                found=f"no bundle in {printable(str(folder))}",
                wanted="a run folder made by fivefold win, or its bundle folder",
                hint="give the folder that fivefold win printed",
            )
        self.folder = folder
        with whole(folder):
            self.facts = saving.load(Facts, folder, "bundle")
        self._device = device
        self._nets: dict[str, Net] = {}
        self._models: dict[str, TraditionalModel] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, labels, tags or names of numbers, in the order of the answers' columns."""
        return self.facts.classes

    def predict(self, items: Sequence[Item] | Item) -> list[Any]:
        """The answer for each item: paths, raw bytes, decoded arrays, rows of a table, words.

        A row is an object column -> cell; rows may also come as a pandas DataFrame, a pyarrow
        Table, one object column -> list of cells, or the path of a file of them, a table or lines
        say; of sentences also a list of words. One item alone is one.

        Returns:
            Of each its class (a word), its number (or a tuple of numbers), a tuple of its labels,
            or a tuple of the tags of its tokens.

        Raises:
            DataError: An item cannot be used.
        """
        return self._target.plain(self.predict_proba(items), self.classes)

    def predict_proba(self, items: Sequence[Item] | Item) -> FloatArray:
        """Calibrated probabilities (N, K), columns as in `classes`; of numbers, see below.

        Returns:
            Of tags (N, L, K), zeros behind the last token; of M numbers (N, 2M): M means, then M
            deviations.

        Raises:
            DataError: An item cannot be used.
        """
        each = self._each(items)
        if len(each) == 0:
            return self._target.blank(self.classes, self.facts.shape)
        found = []
        for start in range(0, len(each), AT_ONCE):
            some = each[start : start + AT_ONCE]
            opened = [self._open(item) for item in some]
            self._all_good(some, opened)
            found.append(self.pool(self.part_probabilities(self._stack(opened))))
        return np.concatenate(found)

    def answers(self, items: Sequence[Item]) -> list[Answer]:
        """An answer or a reason for each item, or row of a file; never raises for a bad one."""
        items = self._each(items)
        found: list[Answer] = []
        for start in range(0, len(items), AT_ONCE):
            some = items[start : start + AT_ONCE]
            opened = [self._open(item) for item in some]
            good = [decoded for decoded in opened if not isinstance(decoded, BadItem)]
            rows = self.pool(self.part_probabilities(self._stack(good))) if good else None
            at = iter(rows if rows is not None else ())
            found += [
                self._refusal(item, decoded)
                if isinstance(decoded, BadItem)
                else self._answer(item, next(at))
                for item, decoded in zip(some, opened, strict=True)
            ]
        return found

    def part_probabilities(
        self, rows: Items, *, tick: Callable[[float], None] | None = None
    ) -> dict[str, FloatArray]:
        """Answers of every part in use, by `member/fold`."""
        deep = [m for m in self.facts.members if m.kind == "deep"]
        nets = sum(len(m.parts) for m in deep)
        found: dict[str, FloatArray] = {}
        for member in deep:
            size = member.recipe.size if member.recipe else ()
            for part in member.parts:
                key = f"{member.name}/{part.fold}"
                found[key] = predict(self._net(member, part.file), rows, size, part.views)
                if tick is not None:
                    tick(len(found) / (nets + 1))
        opponents = [m for m in self.facts.members if m.kind == "traditional"]
        if opponents:
            found |= predict_rows(opponents, self.folder, rows, known=self._models)
        return found

    def pool(self, parts: dict[str, FloatArray]) -> FloatArray:
        """The ensemble's calibrated answers from those of its parts."""
        ensemble, kind = self.facts.ensemble, self._target
        alone = ensemble.temperatures
        mixed = sum(
            weight * kind.addable(kind.apply_temperature(self._whole(member, parts), alone[name]))
            for member in self.facts.members
            if (weight := ensemble.weights.get(name := member.name, 0.0)) > 0
        )
        pooled = kind.apply_temperature(kind.settled(np.asarray(mixed)), ensemble.temperature)
        return kind.shifted(pooled, ensemble.shift)

    def only(self, names: set[str]) -> Bundle:
        """The same bundle narrowed to some members; for measuring what they cost."""
        narrowed = Bundle(self.folder, device=self._device)
        narrowed._nets, narrowed._models = self._nets, self._models
        members = tuple(m for m in self.facts.members if m.name in names)
        narrowed.facts = replace(self.facts, members=members)
        return narrowed

    def on(self, device: str) -> Bundle:
        """The same bundle on `auto`, `cpu` or `cuda`."""
        return Bundle(self.folder, device=device)

    def net(self, key: str) -> Net:
        """The net behind `member/fold`."""
        name, _, fold = key.rpartition("/")
        member = next(m for m in self.facts.members if m.name == name)
        part = next(p for p in member.parts if str(p.fold) == fold)
        return self._net(member, part.file)

    def megabytes(self) -> float:
        """Size of the members' files."""
        places = [self.folder / _place(m) for m in self.facts.members]
        files = [f for place in places for f in place.rglob("*") if f.is_file()]
        return sum(f.stat().st_size for f in files) / 1e6

    @cached_property
    def _kind(self) -> InputKind:
        kind: InputKind = catalog.load("input", self.facts.problem.kind)()
        return kind

    @cached_property
    def _target(self) -> TargetKind:
        return target_of(self.facts.problem)

    def _whole(self, member: Member, parts: dict[str, FloatArray]) -> FloatArray:
        """The member's answers: those of its folds, pooled."""
        kind = self._target
        folds = [parts[f"{member.name}/{part.fold}"] for part in member.parts]
        return kind.settled(np.mean([kind.addable(one) for one in folds], axis=0))

    def _net(self, member: Member, file: str) -> Net:
        if file not in self._nets and member.recipe is not None:
            learned = self.facts.shape
            intake = intake_of(member.recipe.input)
            shape = intake.shape(tuple(learned["item_shape"]), member.recipe.size)
            with whole(self.folder):
                state = load_file(self.folder / file)
                mean, scale = state["mean"], state["scale"]
                net = build(member.recipe, shape, len(self.classes), mean, 1.0 / scale, learned)
                net.load_state_dict(state)
            self._nets[file] = channels_last(net.to(choose_device(self._device)))
        return self._nets[file]

    def _each(self, items: Sequence[Item] | Item) -> Sequence[Item]:
        cells = Cells(used=columns_used(self.facts.shape), all=columns_seen(self.facts.shape))
        return each_item(items, self.facts.problem, self.classes, cells)

    def _open(self, item: Item) -> np.ndarray | BadItem:
        return open_item(item, self.facts.problem, self._kind, self.facts.shape)

    def _all_good(self, items: Iterable[Item], opened: Sequence[np.ndarray | BadItem]) -> None:
        for item, decoded in zip(items, opened, strict=True):
            if isinstance(decoded, BadItem):
                raise DataError(
                    found=f"{name_of(item)}: {decoded}",
                    wanted=f"{self.facts.problem.kind} that can be read",
                    hint="leave it out; bundle.answers(items) gives a reason or an answer for each",
                )

    def _stack(self, opened: Sequence[np.ndarray | BadItem]) -> Held:
        good = [item for item in opened if not isinstance(item, BadItem)]
        shape = (0, *self.facts.shape["item_shape"])
        return Held(np.stack(good) if good else np.zeros(shape, self.facts.shape["dtype"]))

    def _answer(self, item: Item, row: FloatArray) -> Answer:
        kind, answer = self._target, row[None]
        told = {"probabilities": {}, **kind.told(row, self.classes)}
        return Answer(
            item=name_of(item),
            prediction=kind.decode(answer, self.classes)[0],
            sure=bool(kind.confidence(answer)[0] >= self.facts.ensemble.sure_above),
            **told,
        )

    def _refusal(self, item: Item, bad: BadItem) -> Answer:
        name = name_of(item)
        return Answer(item=name, prediction=None, probabilities={}, sure=False, problem=str(bad))


def save(folder: Path, dataset: Dataset, fleet: Fleet, ensemble: Ensemble, trained: Path) -> Bundle:
    """Write the bundle of an ensemble: only members in use, and those they are compared with.

    Args:
        folder: Where to; what stood there is replaced once the new bundle is whole.
        dataset: Gives the problem, the classes and the shape of an item.
        fleet: All members.
        ensemble: Says which are in use.
        trained: The run's `train` folder, where the members' files lie.
    """
    single = (ensemble.best_single or "/").rsplit("/", 1)[0]
    used = {name for name, weight in ensemble.weights.items() if weight > 0}
    used |= {single, ensemble.best_traditional or ""}
    members = tuple(_slim(m) for m in fleet.members if m.name in used)
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for member in members:
        _copy_member(member, trained, fresh)
    facts = Facts(
        problem=dataset.problem,
        classes=dataset.classes,
        shape=dataset.shape,
        members=members,
        ensemble=replace(ensemble, suspects=None),  # what predicts need not name rows
    )
    saving.save(facts, fresh, "bundle")
    old = folder.with_name(f".{folder.name}.old")
    if folder.exists():  # otherwise the old one is all there is
        shutil.rmtree(old, ignore_errors=True)
        folder.replace(old)
    fresh.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
    return Bundle(folder)


def load(folder: str | Path, *, device: str = "auto") -> Bundle:
    """Load the bundle of a run: `load("runs/digits").predict(["a.png"])`.

    Args:
        folder: A run folder or its `bundle` folder; also their URL.
        device: `auto`, `cpu` or `cuda`.

    Raises:
        RunError: There is no bundle, or it is not whole.
    """
    folder = fetched_bundle(str(folder)) if is_url(folder) else Path(folder)
    # A kill between two renames leaves the bundle before the last one beside its place.
    places = (folder / "bundle", folder / ".bundle.old")
    found = next((place for place in places if saving.exists(place, "bundle")), folder)
    return Bundle(found, device=device)


def _copy_member(member: Member, trained: Path, fresh: Path) -> None:
    if member.kind == "deep":
        for part in member.parts:
            (fresh / part.file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(trained / part.file, fresh / part.file)
    else:
        shutil.copytree(trained / _place(member), fresh / _place(member))
    for file in (fresh / _place(member)).rglob("*"):
        if file.is_file():
            sync(file)


def _place(member: Member) -> Path:
    """The member's folder, relative to the run's `train` folder or to the bundle."""
    return Path(member.name) if member.kind == "deep" else Path("traditional") / member.name


def _slim(member: Member) -> Member:
    nothing = np.zeros((0, 0), np.float32)
    return replace(member, answers=nothing, rows=None, parts=tuple(map(_bare, member.parts)))


def _bare(part: Fold) -> Fold:
    return replace(part, curve=())
