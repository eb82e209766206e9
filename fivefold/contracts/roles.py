"""The roles that parts play. A part is found by its catalog word and used only through its role.

Axes: N rows, K classes, H W C a picture, F features of a hand-crafted description.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.rows import Features, FloatArray, IntArray, Items


Choice = tuple[float, str]  # a setting of an expansion, and why


class Source(Protocol):
    """Where raw items lie: a folder, an archive, arrays in memory.

    Attributes:
        unreadable: (name, reason) of what could not even be listed, for example a locked folder.
    """

    unreadable: tuple[tuple[str, str], ...]

    def names(self) -> tuple[str, ...]:
        """All file names, sorted, with `/` between folders, relative to the source."""

    def read(self, name: str) -> bytes:
        """The bytes of one item.

        Raises:
            BadItem: It is not there, may not be read, or is above the size limit.
        """

    def stamp(self) -> str:
        """A quick hash of names, sizes and times: equal stamps mean unchanged data."""


@runtime_checkable
class DecodedSource(Source, Protocol):
    """A source whose items are arrays already; nothing is left to decode."""

    def array(self, name: str) -> NDArray[np.generic]:
        """The item behind a name."""


class InputKind(ABC):
    """One kind of raw input: recognise, open, describe. Numpy only.

    Attributes:
        samples: Opened items that `learn` wants to see.
    """

    samples: ClassVar[int] = 200

    @abstractmethod
    def recognise(self, name: str, head: bytes) -> bool:
        """Whether a file looks like this kind, by its first bytes (`head`), not its name alone."""

    @abstractmethod
    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Decode one raw item at its own size, upright and in true colours.

        Raises:
            BadItem: It cannot be decoded; the message is the reason.
        """

    def take(
        self,
        item: NDArray[np.generic],
        scale: tuple[float, float] | None,  # noqa: ARG002 - of pictures
    ) -> NDArray[np.generic]:
        """Bring one item that is numbers already to what `open` gives; as it is unless overridden.

        Args:
            item: Shaped as one item of the X that was learned from.
            scale: `Input.scale` of the problem.

        Raises:
            BadItem: Another shape or type than can be read.
        """
        return item

    @abstractmethod
    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """Choose the shape in which items are cached, from a sample of opened ones.

        Returns:
            JSON values with at least `item_shape` and `dtype`; `fit` gets the same dictionary.
        """

    @abstractmethod
    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """Bring one opened item into the cached shape."""

    @abstractmethod
    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.uint8] | str:
        """A cached item for people: a picture (H, W, 1 or 3), or words."""


class Expander(ABC):
    """Label-preserving changes of one input kind, on whole batches, on the device (torch)."""

    record: ExpansionRecord

    @classmethod
    @abstractmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """Settings that suit the data, each with its reason.

        Args:
            dataset: The open rows.
            seed: Of what is drawn to decide.
            given: Settings that the user has settled; they need no test.
        """

    @abstractmethod
    def __call__(
        self,
        batch: Any,  # noqa: ANN401 - torch stays out of the contracts
        targets: Any,  # noqa: ANN401
        *,
        generator: Any,  # noqa: ANN401
        size: tuple[int, ...],
        mirrored: Any = None,  # noqa: ANN401
    ) -> tuple[Any, Any]:
        """Change a batch of raw rows (N, *item_shape) into what the kind's intake would give.

        For pictures: uint8 (N, H, W, C) and targets (N,) -> float (N, C, h, w), targets.

        Args:
            batch: Raw rows as they lie in the cache.
            targets: Class numbers (N,), of which mixed batches come back as probabilities (N, K);
                or floats (N, M), of which mixed batches come back mixed.
            generator: The torch generator all randomness comes from.
            size: `Recipe.size`: (h, w) wanted of pictures.
            mirrored: Which rows to mirror (N,), for alternating flip; drawn when left out.
        """


class TraditionalFeatures(ABC):
    """Hand-crafted features of one input kind.

    Attributes:
        name: Part of the names of members, unique within the kind.
        sparse: `describe` gives scipy's CSR instead of a dense array.
        per_token: It describes every place of an item: (N * L, F) for items (N, L, ...), row by
            row; padding is described by zeros.
    """

    name: str
    sparse: ClassVar[bool] = False
    per_token: ClassVar[bool] = False

    @abstractmethod
    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Learn what the features need (a visual vocabulary, say) from training rows."""

    @abstractmethod
    def describe(self, items: NDArray[np.generic]) -> Features:
        """Describe items (N, *item_shape) by features (N, F)."""

    @abstractmethod
    def state(self) -> dict[str, NDArray[np.generic]]:
        """What was learned, as arrays to be saved."""

    @abstractmethod
    def restore(self, state: dict[str, NDArray[np.generic]]) -> None:
        """Put back what `state` gave."""


class TargetKind(ABC):
    """One kind of target: parse, learn the vocabulary, decode. Numpy only."""

    @abstractmethod
    def learn(self, labels: Sequence[str]) -> tuple[str, ...]:
        """The vocabulary, in a fixed order, from the labels of training rows."""

    @abstractmethod
    def parse(self, labels: Sequence[str], vocabulary: tuple[str, ...]) -> IntArray:
        """Labels as numbers (N,); -1 where a label is not in the vocabulary."""

    @abstractmethod
    def decode(self, probabilities: FloatArray, vocabulary: tuple[str, ...]) -> tuple[str, ...]:
        """The answer of each row in words."""

    @abstractmethod
    def chance(self, targets: IntArray, k: int) -> FloatArray:
        """Probabilities (K,) of the best answer that ignores the input."""


class Predictor(Protocol):
    """What can answer for decoded rows: the bundle, as it is handed over."""

    def part_probabilities(
        self, rows: Items, *, tick: Callable[[float], None] | None = None
    ) -> dict[str, FloatArray]:
        """Probabilities (N, K) of every part in use, by `member/fold`; `tick(share)` on the way."""

    def pool(self, parts: dict[str, FloatArray]) -> FloatArray:
        """The ensemble's calibrated probabilities (N, K) from its parts' probabilities."""


class Progress(Protocol):
    """Where long work reports to; the CLI draws it, the Python API may leave it silent."""

    def step(self, name: str) -> None:
        """A step of the pipeline begins."""

    def say(self, text: str) -> None:
        """One line for the user."""

    def bar(self, name: str, share: float, note: str = "") -> None:
        """Work `name` is done to `share` (0 to 1)."""
