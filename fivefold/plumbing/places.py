"""Where things are kept outside a run."""

from __future__ import annotations

import os
import re
from pathlib import Path

from fivefold.plumbing.errors import OptionError


def cache_root() -> Path:
    """The folder of decoded data, shared by runs: FIVEFOLD_CACHE, or the user's cache folder."""
    given = os.environ.get("FIVEFOLD_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fivefold"


def cache_limit() -> int:
    """Bytes of decoded data to keep: FIVEFOLD_CACHE_LIMIT, such as `40G`, or 20 GiB.

    Raises:
        OptionError: It is no size.
    """
    given = os.environ.get("FIVEFOLD_CACHE_LIMIT", "20G").strip()
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", given, re.IGNORECASE)
    if found is None:
        raise OptionError(
            found=f"FIVEFOLD_CACHE_LIMIT={given}",
            wanted="a size in bytes, or one such as 500M or 40G",
            hint="unset it to have 20G",
        )
    return int(float(found[1]) * 1024 ** ("KMGT".find(found[2].upper()) + 1 if found[2] else 0))


def data_root() -> Path:
    """The folder of public data and their pinned checksums: FIVEFOLD_DATA, or the user's data."""
    given = os.environ.get("FIVEFOLD_DATA")
    if given:
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "fivefold"
