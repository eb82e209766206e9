"""A folder of made-up pictures, and the first two steps run on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clouds import picture

from fivefold.step1_pick.problem import pick
from fivefold.step2_gather.gather import Gathered, gather


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def make(tmp_path: Path, rng: np.random.Generator) -> Callable[..., Path]:
    """`make({"cat": 12, "dog": 8})` writes class folders of pictures and gives their root."""

    def write(counts: dict[str, int], size: tuple[int, int] = (40, 32)) -> Path:
        root = tmp_path / "data"
        for name, count in counts.items():
            (root / name).mkdir(parents=True)
            for i in range(count):
                picture(rng, size).save(root / name / f"{i:04d}.png")
        return root

    return write


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., Gathered]:
    """`look(data)` runs steps 1 and 2 with a cache of this test's own."""

    def run(data: object, *, seed: int = 0, test: object = None, **options: object) -> Gathered:
        picked = pick(data, test=test, scratch=tmp_path / "scratch")
        return gather(
            picked.problem,
            picked.listing,
            picked.source,
            cache_root=tmp_path / "cache",
            seed=seed,
            test_listing=picked.test_listing,
            test_source=picked.test_source,
            **options,
        )

    return run
