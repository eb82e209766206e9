"""Mute warnings around decoders, safely for threads."""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_lock = threading.Lock()
_inside: list[warnings.catch_warnings[None]] = []
_depth = 0


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings inside: what a decoder has to say ends as a decoded item or a reason.

    `warnings.catch_warnings` alone puts back the wrong filters when threads overlap; here the
    first thread in mutes and the last one out restores.
    """
    global _depth  # noqa: PLW0603 - the filters it guards are global to the process as well
    with _lock:
        if _depth == 0:
            _inside.append(warnings.catch_warnings())
            _inside[-1].__enter__()
            warnings.simplefilter("ignore")
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _inside.pop().__exit__(None, None, None)
