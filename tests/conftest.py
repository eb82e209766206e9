"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    place = Path(os.environ.get("FIVEFOLD_TEST_DATA", beside))
    if not place.is_dir():
        pytest.skip(f"no data at {place}; set FIVEFOLD_TEST_DATA")
    return place
