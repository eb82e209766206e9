"""Data sets made for the tests of step 3."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fivefold.contracts.records import Dataset, Input, Problem, Target
from fivefold.contracts.rows import Rows

MakeDataset = Callable[..., Dataset]


@pytest.fixture
def make_dataset(tmp_path: Path) -> MakeDataset:
    """Items (n, ...) and targets (n,) as the record of step 2, folded in five."""

    def make(items: np.ndarray, targets: np.ndarray, *, kind: str = "image") -> Dataset:
        file = tmp_path / "rows.bin"
        items.tofile(file)
        n = len(items)
        return Dataset(
            problem=Problem(
                source="made",
                inputs=(Input(kind=kind),),
                target=Target(kind="class"),
                metric="accuracy",
                layout="made",
                guesses=(),
            ),
            classes=tuple(f"class {k}" for k in range(int(targets.max()) + 1)),
            rows=Rows(
                file=file,
                dtype=str(items.dtype),
                item_shape=items.shape[1:],
                total=n,
                index=np.arange(n),
            ),
            targets=targets.astype(np.int64),
            names=tuple(str(i) for i in range(n)),
            folds=np.arange(n) % 5,
            n_folds=5,
            groups=np.arange(n),
            split="made",
            quarantine=(),
            duplicates=(),
            notes=(),
            fingerprint="made",
            total=n,
            seen_sizes=(),
        )

    return make
