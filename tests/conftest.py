"""Fixtures that every room may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.launch.nodes import Nodes


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; a test that needs it is skipped where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FIVEFOLD_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set FIVEFOLD_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def nodes(tmp_path_factory):
    """A Ray cluster on this machine: two nodes of two cores, one of them with two GPUs in name."""
    made = Nodes(tmp_path_factory.mktemp("cache"))
    made.add(cpus=2)
    made.add(cpus=2, gpus=2)
    yield made
    made.close()
