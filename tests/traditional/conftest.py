"""Small data sets as the traditional pipeline gets them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from fivefold.contracts.records import Dataset, Input, Problem, Target
from fivefold.contracts.rows import Rows


def _make_dataset(
    folder: Path, items: np.ndarray, targets: np.ndarray, folds: np.ndarray, kind: str = "image"
) -> Dataset:
    """A data set of items (N, ...), written as its own cache file."""
    file = folder / "items.bin"
    file.write_bytes(items.tobytes())
    n = len(items)
    return Dataset(
        problem=Problem(
            source="here",
            inputs=(Input(kind=kind),),
            target=Target(kind="class"),
            metric="accuracy",
            layout="arrays",
            guesses=(),
        ),
        classes=tuple(str(c) for c in range(int(targets.max()) + 1)),
        rows=Rows(
            file=file,
            dtype=str(items.dtype),
            item_shape=items.shape[1:],
            total=n,
            index=np.arange(n),
        ),
        targets=targets.astype(np.int64),
        names=tuple(str(i) for i in range(n)),
        folds=folds.astype(np.int64),
        n_folds=int(folds.max()) + 1,
        groups=np.arange(n),
        split="",
        quarantine=(),
        duplicates=(),
        notes=(),
        fingerprint="",
        total=n,
        seen_sizes=(),
        shape={"item_shape": list(items.shape[1:]), "dtype": str(items.dtype)},
    )


@pytest.fixture(scope="session")
def make_dataset() -> Callable[..., Dataset]:
    """Writes items (N, ...) as a cache file and gives the data set of them."""
    return _make_dataset


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """1,797 handwritten digits, 8 x 8 grey, in three folds."""
    pixels, targets = load_digits(return_X_y=True)
    items = (pixels.reshape(-1, 8, 8, 1) * 255 / 16).astype(np.uint8)
    folds = np.random.default_rng(0).integers(3, size=len(targets))
    return _make_dataset(tmp_path_factory.mktemp("digits"), items, targets, folds)
