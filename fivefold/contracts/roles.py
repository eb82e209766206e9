"""The roles that parts play. A part is found by its catalog word and used only through its role.

The role of a target kind, which is a long one, has a file of its own.

Axes: N rows, L tokens, H W C a picture, F features of a hand-crafted description.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.rows import Features, Items


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

    def open_for(
        self,
        raw: bytes,
        shape: dict[str, Any],  # noqa: ARG002 - of kinds whose decoders can leave out detail
    ) -> tuple[NDArray[np.generic], tuple[int, ...]]:
        """Decode one raw item, no finer than its cached shape needs; all of it unless overridden.

        Args:
            raw: The item.
            shape: What `learn` chose.

        Returns:
            What `fit` takes, and the shape that `open` gives; () where that tells nobody anything.

        Raises:
            BadItem: As `open` does.
        """
        item = self.open(raw)
        return item, item.shape

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

    def key(self, item: NDArray[np.generic]) -> bytes | None:  # noqa: ARG002 - of kinds that fold
        """What an opened item has in common with all that say the same; None where nothing.

        A text in other capitals, say, or with other spaces: such items are near duplicates.
        """
        return None

    def length(
        self,
        sides: tuple[int, ...],  # noqa: ARG002 - of kinds whose items are long or short
        shape: dict[str, Any],  # noqa: ARG002
    ) -> tuple[float, str] | None:
        """How long an item that was opened as `sides` is, and in what: `(2.5, "s")`.

        None, the default, where the sides themselves say it.
        """
        return None

    def smaller(
        self,
        shape: dict[str, Any],  # noqa: ARG002 - of kinds that can
        share: float,  # noqa: ARG002
    ) -> dict[str, Any] | None:
        """The shape with items of about `share` of the bytes; None where that cannot be.

        Asked for where all items at their size are more than the cache may hold.
        """
        return None

    @abstractmethod
    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.uint8] | str:
        """A cached item for people: a picture (H, W, 1 or 3), or words."""

    def blank(self, shape: dict[str, Any]) -> NDArray[np.generic]:
        """The cached item of a row of several inputs that lacks this one; zeros by default."""
        return np.zeros(shape["item_shape"], shape["dtype"])

    def tell(self, shape: dict[str, Any]) -> tuple[str, ...]:  # noqa: ARG002 - of kinds that choose
        """What a user should know of what was learned, one sentence each; nothing by default."""
        return ()


class Expander(ABC):
    """Label-preserving changes of one input kind, on whole batches, on the device (torch).

    Attributes:
        record: Which changes are used.
        policies: What settings there are, by name: their range, unit, and what they do.
    """

    record: ExpansionRecord
    policies: Mapping[str, Any]

    @property
    def steady(self) -> bool:
        """Whether all batches of one shape are changed by the same operations, whatever they hold.

        A GPU can then repeat a step by itself. What looks at a value, or brings one, is not steady.
        """
        return False

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

    def blend(
        self,
        targets: Any,  # noqa: ANN401
        *,
        generator: Any,  # noqa: ANN401, ARG002 - of kinds whose rows cannot be mixed themselves
    ) -> tuple[Any, Any]:
        """How the features of rows are mixed, where symbols cannot be (arXiv 1905.08941).

        Called after the batch was changed, once a batch.

        Returns:
            `(partner, share)`, both (N,), or None where nothing is mixed; and targets mixed alike.
        """
        return None, targets

    def cached(self, x: Any) -> Any:  # noqa: ANN401
        """What this expander gave, as it would lie in the cache, to be shown to people.

        The batch itself, unless a kind's intake changes more than its type.
        """
        return x


class TraditionalFeatures(ABC):
    """Hand-crafted features of one input kind.

    Attributes:
        name: Part of the names of members, unique within the kind.
        classifiers: Words of the classifiers that suit them; () for all that need no naming.
        per_token: It describes every place of an item: (N * L, F) for items (N, L, ...), row by
            row; padding is described by zeros.
        classifiers: Words of the classifiers that suit them; () for those that suit most features.
        categories: Which of the F features are codes of categories; NaN may stand for no value
            where all classifiers that suit the features know it.
    """

    name: str
    per_token: bool = False
    classifiers: tuple[str, ...] = ()
    categories: tuple[int, ...] = ()

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
