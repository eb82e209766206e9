"""Input kind `array`: fixed-length vectors, handed over decoded by the Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.sketch import curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@final
class Array(InputKind):
    """Vectors (D,) in float32."""

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - no file is one
        """Never: vectors come from the Python API, not from files."""
        return False

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Read the float32 bytes that `ArraySource.read` gives.

        Raises:
            BadItem: Not a whole number of values.
        """
        if not raw or len(raw) % 4:
            raise BadItem(f"is {len(raw)} bytes, which are no whole number of float32 values")
        return np.frombuffer(raw, dtype=np.float32)

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """The common length D."""
        return {"item_shape": [int(samples[0].size)], "dtype": "float32"}

    def show(
        self,
        item: NDArray[np.generic],
        shape: dict[str, Any],  # noqa: ARG002 - all is in the item
    ) -> NDArray[np.uint8]:
        """The numbers as a curve."""
        return curve(item.reshape(-1, 1))

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """The item as (D,) float32.

        Raises:
            BadItem: Another length, or values that are not finite.
        """
        (length,) = shape["item_shape"]
        vector = np.asarray(item, dtype=np.float32).reshape(-1)
        if vector.size != length:
            raise BadItem(f"has {vector.size} values where the others have {length}")
        if not np.isfinite(vector).all():
            raise BadItem("has values that are not finite")
        return vector
