"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FIVEFOLD_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set FIVEFOLD_TEST_DATA")
    return folder
