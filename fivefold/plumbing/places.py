"""Where things are kept outside a run."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """The folder of decoded data, shared by runs: FIVEFOLD_CACHE, or the user's cache folder."""
    given = os.environ.get("FIVEFOLD_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fivefold"


def data_root() -> Path:
    """The folder of public data and their pinned checksums: FIVEFOLD_DATA, or the user's data."""
    given = os.environ.get("FIVEFOLD_DATA")
    if given:
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "fivefold"
