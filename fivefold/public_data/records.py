"""What is known of each public data set, as its publishers state it; one record per data set.

The records are data: `sets/KIND.toml`, one table per data set of that input kind. To add a data
set is to add a table.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from fivefold.contracts.saving import read
from fivefold.plumbing.errors import DataError, OptionError
from fivefold.public_data.addresses import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}")
_NAME = re.compile(r"\w[\w.-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """One file of a data set.

    Attributes:
        name: What it is called here.
        url: Where it is fetched from.
        bytes: Its size, where it is published.
        checksum: `sha256:...` or `md5:...`, where it is published.
    """

    name: str
    url: str
    bytes: int | None = None
    checksum: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DataSet:
    """One public data set.

    Attributes:
        word: Its name in the command.
        title: One line on what it is.
        input: Input kind (a word of the catalog, now or later).
        target: Target kind, likewise.
        licence: As the publisher states it; `not stated` where none of the sources read has one.
        licence_from: Who states it; empty where nobody does.
        citation: Whom to cite.
        address_from: Who publishes the addresses.
        facts_from: Who publishes sizes and checksums; empty where there are none.
        files: The files.
        data: The file, one of `files`, that `fivefold win` is given.
        options: Further options of `fivefold win`; a value that names a file becomes a path.
    """

    word: str
    title: str
    input: str
    target: str
    licence: str
    citation: str
    address_from: str
    files: tuple[Remote, ...]
    data: str
    licence_from: str = ""
    facts_from: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int | None:
        """Size of all files; None where one is not published."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


@cache
def registry() -> dict[str, DataSet]:
    """Every record by its word, in the order of the kinds' names.

    Raises:
        DataError: A record is not complete.
    """
    found: dict[str, DataSet] = {}
    for file in sorted(resources.files("fivefold.public_data").joinpath("sets").iterdir(), key=str):
        kind = file.name.removesuffix(".toml")
        for word, facts in tomllib.loads(file.read_text("utf-8")).items():
            found[word] = parse(word, kind, facts)
    return found


def find(word: str) -> DataSet:
    """The record of a word.

    Raises:
        OptionError: There is none.
    """
    records = registry()
    if word not in records:
        near = difflib.get_close_matches(word, records, n=1)
        hint = f"did you mean {near[0]}?" if near else "fivefold get lists them"
        raise OptionError(found=f"data set {word!r}", wanted="one that is listed", hint=hint)
    return records[word]


def parse(word: str, kind: str, facts: dict[str, object]) -> DataSet:
    """A record from its table.

    Raises:
        DataError: A key is missing, unknown or not as it has to be.
    """
    try:
        record = read(DataSet, {"word": word, "input": kind, **facts})
    except (KeyError, TypeError, AttributeError) as cause:
        raise _incomplete(word, str(cause)) from cause
    for problem in _problems(record):
        raise _incomplete(word, problem)
    return record


def _incomplete(word: str, problem: str) -> DataError:
    return DataError(
        found=f"the record of {word}: {problem}",
        wanted="a table as in fivefold/public_data/sets",
        hint="see docs/get.md for what a record holds",
    )


def _problems(record: DataSet) -> Iterator[str]:
    names = [file.name for file in record.files]
    for key in ("title", "target", "licence", "citation", "address_from"):
        if not getattr(record, key):
            yield f"{key} is empty"
    if record.data not in names:
        yield f"data is {record.data!r}, which is none of its files"
    if len(set(names)) < len(names):
        yield "two files of one name"
    if bool(record.licence_from) == (record.licence == "not stated"):
        yield "licence_from has to say who states the licence, and only that"
    stated = any(file.bytes or file.checksum for file in record.files)
    if stated != bool(record.facts_from):
        yield "facts_from has to say who states sizes and checksums, and only that"
    for file in record.files:
        yield from _file_problems(file)


def _file_problems(file: Remote) -> Iterator[str]:
    if not _NAME.fullmatch(file.name):
        yield f"{file.name!r} is no plain file name"
    if file.checksum is not None and not _CHECKSUM.fullmatch(file.checksum):
        yield f"{file.checksum!r} is no checksum"
    if why := refusal(file.url):
        yield why
