"""Files that are either whole or not there: written beside their place, then moved into it."""

from __future__ import annotations

import json
import math
import os
import re
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from fivefold.plumbing.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np

_LITTER = {"__macosx", "thumbs.db", "desktop.ini"}
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}")
REFUSED = (OSError, SafetensorError)  # how a disk says no, to us or to safetensors


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it into place when the block ends well.

    Raises:
        OSError: The disk is full or the folder cannot be written; `path` is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    temporary.touch(exist_ok=False)
    mode = temporary.stat().st_mode
    try:
        yield temporary
        sync(temporary)
        with suppress(OSError):  # some libraries make files that are their owner's alone
            temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sync(file: Path) -> None:
    """Wait until the disk has what was written to a file: a power cut may come after a rename."""
    with file.open("rb+") as handle:
        os.fsync(handle.fileno())


def is_temporary(name: str) -> bool:
    """Whether `atomic` gives such names to files that are not whole yet."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_temporaries(folder: Path) -> None:
    """Remove what `atomic` left anywhere in `folder` when its process was killed."""
    for file in folder.rglob(".*"):
        if is_temporary(file.name) and file.is_file():
            file.unlink(missing_ok=True)


def litter(path: Path) -> list[Path]:
    """Temporary files of `atomic` for `path`, which a killed process could not remove."""
    return sorted(path.parent.glob(f".{path.name}.????????"))


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file atomically; unpaired surrogates are written as escapes."""
    with atomic(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write a JSON file atomically."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=True) + "\n")


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Read a JSON file."""
    return json.loads(path.read_bytes())


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write named arrays as one safetensors file, atomically."""
    with atomic(path) as temporary:
        save_file({name: array.copy(order="C") for name, array in arrays.items()}, temporary)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read what `write_arrays` wrote."""
    return load_file(path)


def refusal(cause: Exception) -> tuple[str, str | None]:
    """What the disk says in an error of REFUSED: why, and of which file where it tells."""
    return getattr(cause, "strerror", None) or str(cause), getattr(cause, "filename", None)


@contextmanager
def whole(folder: Path) -> Iterator[None]:
    """What is missing, cut off or not its own in a folder of trained parts is one clear error.

    Raises:
        RunError: A file of `folder` cannot be read while in here.
    """
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError) as cause:
        raise RunError(
            found=f"{printable(str(folder))}: a bundle that cannot be read ({cause})",
            wanted="a whole one, as fivefold win writes it",
            hint="copy the run folder again, or train anew",
        ) from cause


def printable(name: str) -> str:
    """A file name as text that any terminal, page or JSON file can hold."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def within(paths: Sequence[Path]) -> tuple[str, ...]:
    """The paths below the deepest folder that holds them all, `/` between folders."""
    root = os.path.commonpath([path.absolute().parent for path in paths]) if paths else ""
    return tuple(path.absolute().relative_to(root).as_posix() for path in paths)


def hidden(name: str) -> bool:
    """Whether a path runs through what systems leave behind: dotfiles, `__MACOSX`, `Thumbs.db`."""
    parts = name.split("/")
    return any(part.startswith(".") or part.casefold() in _LITTER for part in parts)


def size_words(count: float) -> str:
    """A number of bytes in words, for example `1.5 GiB`."""
    if count < 1024:
        return f"{count:.0f} bytes"
    power = min(int(math.log2(count) // 10), 4)
    return f"{count / 1024**power:.1f} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"
