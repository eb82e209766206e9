"""Hand-crafted features of several inputs: those of all parts side by side.

Axes: N rows, B bytes of a row, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from fivefold import catalog
from fivefold.contracts.roles import TraditionalFeatures
from fivefold.contracts.rows import PartRows
from fivefold.plumbing.parts import Part, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Items


@final
class OfPart(TraditionalFeatures):
    """Features of one part of rows (N, B), named after it: `photo.hog`.

    Args:
        part: Which.
        features: Of its kind.
    """

    def __init__(self, part: Part, features: TraditionalFeatures) -> None:
        self._part, self._features = part, features
        self.name = f"{part.name}.{features.name}"
        self.classifiers = features.classifiers
        self.categories = features.categories
        self.per_token = features.per_token

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Learn from the part's items."""
        self._features.learn(PartRows(rows, self._part), rng)

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Describe the part of rows (N, B) by features (N, F)."""
        return self._features.describe(self._part.items(items))

    def state(self) -> dict[str, NDArray[Any]]:
        """What the part's features learned."""
        return self._features.state()

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put it back."""
        self._features.restore(state)


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of every part, each at its own price."""
    return tuple(
        OfPart(part, one)
        for part in parts_of(shape)
        for one in catalog.load("traditional", part.kind)(part.shape)
    )
