"""What all tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FIVEFOLD_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no real data: set FIVEFOLD_TEST_DATA (looked for {folder})")
    return folder
