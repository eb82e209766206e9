"""Fixtures that every room may use."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fivefold.traditional.classifiers import CLASSIFIERS
from tests.launch.nodes import Nodes


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; a test that needs it is skipped where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FIVEFOLD_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set FIVEFOLD_TEST_DATA")
    return folder


@pytest.fixture(scope="module")
def few_trees():
    """Forests and boosting of the opponent have 20 trees, for saving hundreds is most of a run."""
    with pytest.MonkeyPatch.context() as patch:
        for word, setting in (
            ("forest", "n_estimators"),
            ("bagged_trees", "n_estimators"),
            ("boosting", "max_iter"),
        ):
            known = CLASSIFIERS[word]
            patch.setitem(CLASSIFIERS, word, replace(known, build=_with(known.build, setting)))
        yield


def _with(build, setting):
    def built(size, seed):
        pipeline = build(size, seed)
        pipeline[-1].set_params(**{setting: 20})
        return pipeline

    return built


@pytest.fixture(scope="session")
def nodes(tmp_path_factory):
    """A Ray cluster on this machine: two nodes of two cores, one of them with two GPUs in name."""
    made = Nodes(tmp_path_factory.mktemp("cache"))
    made.add(cpus=2)
    made.add(cpus=2, gpus=2)
    yield made
    made.close()
