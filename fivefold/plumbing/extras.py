"""Libraries that only some kinds of data need: imported when used, missed in one clear line."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from fivefold.plumbing.errors import RunError

if TYPE_CHECKING:
    from types import ModuleType


def need(module: str, *, extra: str) -> ModuleType:
    """Import a library that comes with an extra.

    Args:
        module: Its import name, for example `soundfile`.
        extra: The extra of fivefold that installs it, for example `audio`.

    Raises:
        RunError: It is not installed; the hint says how to.
    """
    try:
        return importlib.import_module(module)
    except ImportError as cause:
        raise RunError(
            found=f"no module {module}",
            wanted=f"what fivefold needs for {extra}",
            hint=f"pip install 'fivefold[{extra}]'",
        ) from cause
