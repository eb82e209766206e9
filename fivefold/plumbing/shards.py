"""WebDataset shards as a source: .tar files whose members `key.jpg`, `key.cls` make up one item.

Shards are read where they lie: one pass over the headers, then a read at its place per item, so
they may be larger than memory and than the disk that is left.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from array import array
from bisect import bisect_left
from collections import Counter
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, cast, final

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.files import size_words, within
from fivefold.plumbing.members import DAMAGE, litter, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_LIMIT = 1 << 30
_LOOKED_AT = 64


@final
class Shards:
    """Items of uncompressed .tar shards, in the order in which they lie there.

    Args:
        paths: The shards.
        tick: Told the share of them that is listed.

    Attributes:
        names: Names of the shards.
        unreadable: (name, reason) of members that cannot be used, and of damage.
        fields: Field (`jpg`, `cls`) -> items that have it.
    """

    def __init__(self, paths: Sequence[Path], tick: Callable[[float], None] | None = None) -> None:
        self.paths = tuple(paths)
        self.names = within(self.paths)
        self.unreadable: tuple[tuple[str, str], ...] = ()
        self._keys: list[str] = []
        # Columns of machine numbers: a record per member would weigh more than a small member.
        self._first, self._shard = array("q", [0]), array("i")
        self._field, self._at, self._size = array("i"), array("q"), array("q")
        self._words: list[str] = []
        lost: list[tuple[str, str]] = []
        for number in range(len(self.paths)):
            lost += self._list(number)
            if tick is not None:
                tick((number + 1) / len(self.paths))
        self.unreadable = tuple(lost)
        counts = Counter(self._field)
        self.fields = {self._words[field]: count for field, count in counts.most_common()}

    def __len__(self) -> int:
        return len(self._keys)

    def name(self, item: int, field: str) -> str:
        """`train-0001.tar/key.jpg`."""
        return f"{self.names[self._shard[item]]}/{self._keys[item]}.{field}"

    def number(self, item: int) -> int:
        """Number of the shard in which an item lies."""
        return self._shard[item]

    def get(self, item: int, field: str) -> bytes | None:
        """The bytes of one field of an item; None where it has none."""
        number = self._words.index(field) if field in self._words else -1
        for member in range(self._first[item], self._first[item + 1]):
            if self._field[member] == number:
                return self._bytes(self._shard[item], self._at[member], self._size[member])
        return None

    def stamp(self) -> str:
        """A hash of paths, sizes and times."""
        digest = hashlib.blake2b(digest_size=16)
        for path in self.paths:
            facts = path.stat()
            digest.update(os.fsencode(path.resolve()))
            digest.update(f"\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
        return digest.hexdigest()

    def _bytes(self, shard: int, start: int, size: int) -> bytes:
        try:
            file = os.open(self.paths[shard], os.O_RDONLY)
            try:
                raw = os.pread(file, size, start)
            finally:
                os.close(file)
        except OSError as cause:
            raise BadItem(f"cannot be read ({words(cause)})") from cause
        if len(raw) != size:
            raise BadItem("is cut off: the shard ends within it")
        return raw

    def _list(self, shard: int) -> Iterator[tuple[str, str]]:
        """Take in the members of one shard; gives (name, reason) of those that are of no use."""
        path, key = self.paths[shard], None
        try:
            for info in _members(path):
                name = info.name.removeprefix("./")
                if info.isdir() or litter(name):
                    continue
                reason = _refusal(info)
                if reason:
                    yield f"{path.name}/{name}", reason
                    continue
                own, field = split_name(name)
                if own != key:
                    key = own
                    self._keys.append(own)
                    self._shard.append(shard)
                    self._first.append(self._first[-1])
                if field not in self._words:
                    self._words.append(field)
                self._field.append(self._words.index(field))
                self._at.append(info.offset_data)
                self._size.append(info.size)
                self._first[-1] += 1
        except DAMAGE as cause:
            yield path.name, f"the shard is damaged or cut off ({words(cause)})"


@final
class ShardSource:
    """One field of shards, `jpg` say, as the raw items of a source.

    Args:
        shards: The shards.
        field: What is read of each item.
    """

    def __init__(self, shards: Shards, field: str) -> None:
        self.shards = shards
        self.field = field
        self.unreadable = shards.unreadable
        self._names = tuple(shards.name(item, field) for item in range(len(shards)))
        # Sorted once, a name is found by halving: a dictionary would cost 100 bytes a row.
        self._sorted = all(first < second for first, second in pairwise(self._names))
        self._index = {} if self._sorted else {name: i for i, name in enumerate(self._names)}

    def names(self) -> tuple[str, ...]:
        """`train-0001.tar/key.jpg`, in the order in which items lie there."""
        return self._names

    def read(self, name: str) -> bytes:
        """The bytes of one item.

        Raises:
            BadItem: It lacks this field, is empty or damaged.
        """
        raw = self.shards.get(self._at(name), self.field)
        if not raw:
            raise BadItem("is empty (0 bytes)" if raw is not None else f"has no .{self.field}")
        return raw

    def head(self, name: str, size: int = 512) -> bytes:
        """The first `size` bytes of one item; raises as `read` does."""
        return self.read(name)[:size]

    def stamp(self) -> str:
        """Equal stamps mean unchanged shards."""
        return f"{self.shards.stamp()}-{self.field}"

    def _at(self, name: str) -> int:
        if not self._sorted:
            if name in self._index:
                return self._index[name]
            raise BadItem("is not in the shards")
        place = bisect_left(self._names, name)
        if place == len(self._names) or self._names[place] != name:
            raise BadItem("is not in the shards")
        return place


def looks_sharded(path: Path, labels: set[str]) -> bool:
    """Whether a .tar begins with items of several fields, a label among them."""
    try:
        first = [
            split_name(info.name.removeprefix("./"))
            for info in islice(_members(path), _LOOKED_AT)
            if info.isreg() and not litter(info.name)
        ]
    except DAMAGE:
        return False
    keys = Counter(key for key, _ in first)
    return bool({field for _, field in first} & labels) and len(keys) <= 0.6 * len(first)


def split_name(name: str) -> tuple[str, str]:
    """Key and field of a member: `a/0001.seg.png` is `a/0001` and `seg.png`."""
    folder, slash, base = name.rpartition("/")
    key, _, field = base.partition(".")
    return folder + slash + key, field.lower()


def _members(path: Path) -> Iterator[tarfile.TarInfo]:
    with tarfile.open(path, "r:", errorlevel=2) as archive:
        while (info := archive.next()) is not None:
            yield info
            del cast("Any", archive).members[:]  # tarfile keeps every header for ever


def _refusal(info: tarfile.TarInfo) -> str:
    if not info.isreg() or info.issparse():
        return "is a link or a special file in the archive"
    if info.size > _LIMIT:
        return f"is {size_words(info.size)}, above the limit of {size_words(_LIMIT)}"
    return ""
