"""fivefold: end-to-end deep learning from raw data, inside a stated time.

Public names are loaded on first use, so that importing fivefold costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fivefold.bundle import load
    from fivefold.pipeline import win
    from fivefold.plumbing.errors import DataError, FivefoldError, OptionError, RunError
    from fivefold.preparation import look
    from fivefold.public_data.fetch import get
    from fivefold.run import Run
    from fivefold.winner import Winner, WinnerRegressor

__version__ = "0.1.0"

_PLACES = {
    "win": "fivefold.pipeline",
    "look": "fivefold.preparation",
    "Run": "fivefold.run",
    "load": "fivefold.bundle",
    "get": "fivefold.public_data.fetch",
    "Winner": "fivefold.winner",
    "WinnerRegressor": "fivefold.winner",
    "FivefoldError": "fivefold.plumbing.errors",
    "DataError": "fivefold.plumbing.errors",
    "OptionError": "fivefold.plumbing.errors",
    "RunError": "fivefold.plumbing.errors",
}

__all__ = [
    "DataError",
    "FivefoldError",
    "OptionError",
    "Run",
    "RunError",
    "Winner",
    "WinnerRegressor",
    "__version__",
    "get",
    "load",
    "look",
    "win",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a class or a function
    """Import a public name on first use."""
    if name not in _PLACES:
        raise AttributeError(f"module 'fivefold' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
