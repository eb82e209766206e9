"""Fixtures of the estimator's tests: no run touches the user's folders."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_places(tmp_path, monkeypatch):
    """Temporary folders and caches of a test lie in its own folder, which is returned."""
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "user-cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path
