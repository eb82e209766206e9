"""Traditional members at work: loaded from their folders, answering for rows.

Axes: N rows, F features, K classes.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from fivefold import catalog
from fivefold.contracts.roles import TraditionalFeatures
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.files import read_arrays, read_json, whole, write_arrays, write_json
from fivefold.traditional.describing import beside, cores, describe, portion
from fivefold.traditional.saving import load_model
from fivefold.traditional.ways import Calibration, Way, way_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fivefold.contracts.records import Member
    from fivefold.contracts.rows import Features, FloatArray, Items


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a member's folder says about it, besides its models.

    Attributes:
        input: Input kind (catalog word) whose features it uses.
        shape: What the kind learned of its items.
        features: Names of its features, in order, with the cost of one row on one core.
        classes: K, or M numbers.
        temperature: Calibrates its answers.
        answer_seconds: Cost of answering one described row by all parts.
        seconds_per_row: Seconds of describing and answering one row on the machine it was
            fitted on.
        target: Target kind (catalog word) that it answers.
        spread: Deviation of the true numbers from its own.
    """

    input: str
    shape: dict[str, Any]
    features: dict[str, float]
    classes: int
    temperature: float
    answer_seconds: float
    seconds_per_row: float
    target: str = "class"
    spread: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class TraditionalModel:
    """A member that was loaded: its features and the pipeline of each fold."""

    card: Card
    features: tuple[TraditionalFeatures, ...]
    models: dict[int, Pipeline]

    def probabilities(self, items: NDArray[Any]) -> FloatArray:
        """The mean of the parts' answers (N, ...) for items (N, *item_shape)."""
        described = beside([block.describe(items) for block in self.features])
        parts = [self.part(fold, described) for fold in self.models]
        return np.mean(parts, axis=0, dtype=np.float32)

    def part(self, fold: int, described: Features) -> FloatArray:
        """The answers (N, ...) of one fold's pipeline for described rows (N, F)."""
        model, card = self.models[fold], self.card
        known = Calibration(temperature=card.temperature, spread=tuple(card.spread))
        return self.way.answers(self.way.raw(model, described), model, known)

    @property
    def way(self) -> Way:
        """How its features come to answers."""
        found = way_of(self.card.target, self.card.classes, self.card.shape)
        if found is None:
            raise RunError(
                found=f"a traditional member that answers {self.card.target!r}",
                wanted="a target that this version of fivefold knows",
                hint="use the version that made it",
            )
        return found


def part_file(member: str, fold: int) -> str:
    """Where a part lies, relative to the run's folder for training."""
    return f"traditional/{member}/{fold}.skops"


def save_card(folder: Path, member: str, card: Card, blocks: Sequence[TraditionalFeatures]) -> None:
    """Write what all parts of a member share: learned features and the card, the card last."""
    place = folder / "traditional" / member
    arrays = {f"{b.name}.{key}": array for b in blocks for key, array in b.state().items()}
    write_arrays(place / "features.safetensors", arrays)
    write_json(place / "member.json", {name: getattr(card, name) for name in Card.__slots__})


def load_traditional(folder: Path, member: Member) -> TraditionalModel:
    """Load a member from below `folder`.

    Raises:
        RunError: A file is missing, damaged, or holds a type that is not on the list.
    """
    with whole(folder):
        card = _card(folder, member.name)
        arrays = read_arrays(folder / "traditional" / member.name / "features.safetensors")
        features = catalog.load("traditional", card.input)(card.shape)
        blocks: dict[str, TraditionalFeatures] = {block.name: block for block in features}
        for name in card.features:
            state = {key: a for key, a in arrays.items() if key.startswith(f"{name}.")}
            blocks[name].restore({key.removeprefix(f"{name}."): a for key, a in state.items()})
    return TraditionalModel(
        card=card,
        features=tuple(blocks[name] for name in card.features),
        models={part.fold: load_model(folder / part.file) for part in member.parts},
    )


def predict_rows(
    members: Sequence[Member],
    folder: Path,
    rows: Items,
    *,
    known: dict[str, TraditionalModel] | None = None,
    tick: Callable[[float], None] | None = None,
) -> dict[str, FloatArray]:
    """Answers (N, ...) of every part of the members, by `member/fold`.

    Rows are described once by each kind of features, whichever parts use them.

    Args:
        members: Traditional members, whose files lie below `folder`.
        folder: The run's folder for training.
        rows: Rows (N) to answer for.
        known: Members that were loaded before; those that are loaded now are added.
        tick: Told the share (0 to 1) that is done.

    Raises:
        RunError: A file is missing, damaged, or holds a type that is not on the list.
    """
    loaded = {} if known is None else known
    loaded |= {m.name: load_traditional(folder, m) for m in members if m.name not in loaded}
    models = {member.name: loaded[member.name] for member in members}
    wanted = {_key(b): (b, m.card) for m in models.values() for b in m.features}
    costs = {key: card.features[block.name] for key, (block, card) in wanted.items()}
    total = sum(costs.values()) or 1.0
    done = 0.0
    described: dict[str, Features] = {}
    for key, (block, _) in wanted.items():
        share = costs[key] / total
        described[key] = describe(
            block, rows, seconds_per_row=costs[key], tick=portion(tick, done, share)
        )
        done += share
    parts = [(name, fold) for name, model in models.items() for fold in model.models]

    def answer(name: str, fold: int) -> FloatArray:
        model = models[name]
        return model.part(fold, beside([described[_key(b)] for b in model.features]))

    # Threads are enough: the pipelines leave Python's lock while they compute. The outer limit
    # is what the limits inside them, which overlap, go back to.
    with threadpool_limits(1), ThreadPoolExecutor(cores()) as threads:
        found = threads.map(answer, *zip(*parts, strict=True))
    return {f"{name}/{fold}": p for (name, fold), p in zip(parts, found, strict=True)}


def seconds_per_row(folder: Path, members: Sequence[Member]) -> float:
    """Seconds that describing and answering one more row takes, all parts one after the other.

    Features that several members share are described, and counted, once.
    """
    cards = [_card(folder, member.name) for member in members]
    describing = {name: cost for card in cards for name, cost in card.features.items()}
    return sum(describing.values()) / cores() + sum(card.answer_seconds for card in cards)


def _card(folder: Path, member: str) -> Card:
    return Card(**read_json(folder / "traditional" / member / "member.json"))


def _key(block: TraditionalFeatures) -> str:
    """Equal for features that describe equally: the same name and the same learned state."""
    digest = hashlib.sha256(block.name.encode())
    for name, array in sorted(block.state().items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
