"""Data sets for planning and training, made on the spot."""

import numpy as np
import pytest

from fivefold.contracts.records import Dataset, Input, Problem, Target
from fivefold.contracts.rows import Rows


@pytest.fixture
def made_dataset(tmp_path):
    """Make a data set of n black pictures of a shape, in folds or with a validation part."""

    def make(n, shape, folds):
        file = tmp_path / "rows.u8"
        np.zeros((n, *shape), np.uint8).tofile(file)
        number = np.arange(n) % folds if folds > 1 else np.where(np.arange(n) < n // 20, 0, -1)
        problem = Problem(
            source="made",
            inputs=(Input(kind="image"),),
            target=Target(kind="class"),
            metric="accuracy",
            layout="class folders",
            guesses=(),
        )
        return Dataset(
            problem=problem,
            classes=("a", "b"),
            rows=Rows(file=file, dtype="uint8", item_shape=shape, total=n, index=np.arange(n)),
            targets=np.arange(n) % 2,
            names=tuple(map(str, range(n))),
            folds=number,
            n_folds=folds,
            groups=np.arange(n),
            split="made",
            quarantine=(),
            duplicates=(),
            notes=(),
            fingerprint="0",
            total=n,
            seen_sizes=(),
        )

    return make
