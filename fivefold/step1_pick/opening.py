"""What a path leads to: a folder, an archive, archives in a folder, a file of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold.plumbing.archives import ArchiveSource, is_archive
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.joined import JoinedSource
from fivefold.plumbing.sources import TABLES, FolderSource, open_source
from fivefold.step1_pick.documents import is_document
from fivefold.step1_pick.parts import cut_part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.found import Files

_MOST = 6  # archives in a folder that are looked into


def open_data(path: Path, asked: Asked) -> Files:
    """Open what was named; archives that are all a folder holds are gone into.

    Raises:
        DataError: Nothing is there, or several archives that do not belong together.
    """
    source = open_source(path, asked.scratch, tick=asked.tick)
    if not isinstance(source, FolderSource) or path.is_file():
        return source
    names = [name for name in source.names() if not is_document(name)]
    if not 0 < len(names) <= _MOST + 1:
        return source
    packed = [name for name in names if _packed(source, name)]
    others = [name for name in names if name not in packed]
    tables = [name for name in others if name.lower().endswith(TABLES)]
    if not packed or len(others) > len(tables):
        return source if not packed or len(others) > 2 else _alone(path, packed, asked)
    if len(packed) == 1:
        only = _open(path, packed[0], asked)
        if not tables:
            return only
        return JoinedSource({"archive": only, "tables": FolderSource(path, tables)})
    parts = {cut_part(name)[1]: name for name in packed}
    if "train" in parts and None not in parts and len(parts) == len(packed) and not tables:
        order = ("train", "validation", "test")
        ready = [(part, parts[part]) for part in order if part in parts]
        return JoinedSource({part: _open(path, name, asked) for part, name in ready})
    raise DataError(
        found=f"{len(packed)} archives in {printable(str(path))}: "
        f"{', '.join(map(printable, packed[:4]))}",
        wanted="one archive, or a train and a test archive",
        hint="name one of them as DATA, another with --test",
    )


def _alone(path: Path, packed: Sequence[str], asked: Asked) -> Files:
    """The only archive beside a file or two that are no tables."""
    if len(packed) == 1:
        return _open(path, packed[0], asked)
    return FolderSource(path)


def _packed(source: FolderSource, name: str) -> bool:
    try:
        return is_archive(name, source.head(name))
    except BadItem:
        return False


def _open(path: Path, name: str, asked: Asked) -> ArchiveSource:
    return ArchiveSource(path / name, asked.scratch, tick=asked.tick)
