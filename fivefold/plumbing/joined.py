"""Several sources as one, each a folder of its own: `train.zip` and `test.zip` side by side."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol, final

from fivefold.plumbing.errors import BadItem

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Files(Protocol):
    """A source of files, as folders and archives are."""

    folders: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]

    def names(self) -> tuple[str, ...]: ...

    def read(self, name: str) -> bytes: ...

    def head(self, name: str, size: int = 512) -> bytes: ...

    def stamp(self) -> str: ...


@final
class JoinedSource:
    """Sources side by side; the names of each begin with its own folder.

    Args:
        sources: Folder -> source, for example `train` -> the archive `train.zip`.

    Attributes:
        folders: All folders.
        unreadable: (name, reason) of what cannot be used.
    """

    def __init__(self, sources: Mapping[str, _Files]) -> None:
        self._sources = dict(sources)
        self._names = tuple(
            f"{top}/{name}" for top, source in self._sources.items() for name in source.names()
        )
        self.folders = tuple(
            f"{top}/{name}" for top, source in self._sources.items() for name in source.folders
        )
        self.unreadable = tuple(
            (f"{top}/{name}", why)
            for top, source in self._sources.items()
            for name, why in source.unreadable
        )

    def names(self) -> tuple[str, ...]:
        """All names, source by source."""
        return self._names

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            BadItem: It is not there or cannot be read.
        """
        source, rest = self._within(name)
        return source.read(rest)

    def head(self, name: str, size: int = 512) -> bytes:
        """The first `size` bytes of one file; raises as `read` does."""
        source, rest = self._within(name)
        return source.head(rest, size)

    def stamp(self) -> str:
        """A hash of the stamps of all."""
        stamps = "".join(f"{top}\0{one.stamp()}\0" for top, one in self._sources.items())
        return hashlib.blake2b(stamps.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _within(self, name: str) -> tuple[_Files, str]:
        top, _, rest = name.partition("/")
        if top not in self._sources:
            raise BadItem("is in none of the sources")
        return self._sources[top], rest
