"""Files whose rows are the items: which files of a source go together, and what they hold."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess, Part
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.packed import bare_name, unpacked
from fivefold.plumbing.sources import ROWS, TABLES, TAGGED
from fivefold.plumbing.ts import is_ts
from fivefold.step1_pick import tagged
from fivefold.step1_pick.documents import is_document
from fivefold.step1_pick.found import Files
from fivefold.step1_pick.lines import is_labelled, read_lines
from fivefold.step1_pick.parts import cut_part
from fivefold.step1_pick.tables import Table, join, parse_table
from fivefold.step1_pick.texts import decode

if TYPE_CHECKING:
    from collections.abc import Sequence


_FEW = 12  # files of a folder above which each is an item rather than a table of items


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFiles:
    """Files that are one data set: one file, or its parts.

    Attributes:
        source: Where they lie.
        files: (name, part) of each, training first.
        stamp: Of these files.
    """

    source: Files
    files: tuple[tuple[str, Part | None], ...]
    stamp: str

    @property
    def shown(self) -> str:
        """Their names for people."""
        return " and ".join(printable(name) for name, _ in self.files)


def is_row_file(name: str) -> bool:
    """Whether a file's suffix is one of files that may hold many items."""
    return bare_name(name).lower().endswith(ROWS) and not is_document(name)


def sets_of(source: Files, names: Sequence[str]) -> list[RowFiles]:
    """Files by the data set that they are parts of; none when there are too many to be tables.

    Args:
        source: Where they lie.
        names: Those that may hold rows.
    """
    alike: dict[str, list[tuple[str, Part | None]]] = defaultdict(list)
    for name in names:
        stem, part = cut_part(name)
        alike[stem].append((name, part))
    sets: list[RowFiles] = []
    for files in alike.values():
        parts = [part for _, part in files]
        whole = "train" in parts and len(parts) > 1 and len(set(parts)) == len(parts)
        if whole and None not in parts:
            order = ("train", "validation", "test")
            files.sort(key=lambda one: order.index(one[1] or "train"))
            sets.append(_of(source, tuple(files)))
        else:
            sets += [_of(source, ((name, None),)) for name, _ in files]
    return sets if len(sets) <= _FEW else []


def _of(source: Files, files: tuple[tuple[str, Part | None], ...]) -> RowFiles:
    facts = f"{source.stamp()}\0{files}".encode("utf-8", "surrogatepass")
    return RowFiles(
        source=source, files=files, stamp=hashlib.blake2b(facts, digest_size=16).hexdigest()
    )


def has_series(files: RowFiles) -> bool:
    """Whether the files are sktime's."""
    return is_ts(raw_of(files.source, files.files[0][0])[:4096])


def read_files(files: RowFiles) -> tuple[Table, tuple[Part | None, ...], str | None]:
    """One table of all parts, the part of each row, and the label column that the form names.

    Raises:
        DataError: A file cannot be read, is of no known form, or differs from the first.
    """
    tables: list[tuple[Table, Part | None]] = []
    label = None
    for name, part in files.files:
        table, own = read_file(name, raw_of(files.source, name))
        label = label or own
        tables.append((table, part))
    whole, parts = join(tables)
    return whole, parts, label


def read_file(name: str, raw: bytes) -> tuple[Table, str | None]:
    """One file as a table, and the label column that its form names.

    Raises:
        DataError: Damaged, or of no form that is read.
    """
    shown, bare = printable(name), bare_name(name).lower()
    if bare.endswith((*TABLES, ".json")):
        return parse_table(name, raw), None
    text, guesses = decode(shown, raw)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if bare.endswith(TAGGED) or tagged.looks_tagged(text):
        return tagged.read_tagged(shown, text, guesses)
    # Cells between separators come first: `EI,ACGT` also begins with a word of few kinds.
    table = None if is_labelled(shown, text) else _table(name, raw)
    if table is not None:
        return table, None
    lines = read_lines(shown, text, guesses)
    if lines is not None:
        return lines, "label"
    raise DataError(
        found=f"{shown}, lines of text without labels that could be seen",
        wanted="lines such as 'LABEL text', columns with a separator, or words with tags",
        hint="write it as a table with a text and a label column",
    )


def _table(name: str, raw: bytes) -> Table | None:
    """A table of two columns or more; None for other texts."""
    try:
        table = parse_table(name, raw)
    except DataError:
        return None
    return table if len(table.columns) > 1 else None


def raw_of(source: Files, name: str) -> bytes:
    """The content of a file, unpacked.

    Raises:
        DataError: It cannot be read.
    """
    try:
        return unpacked(name, source.read(name))
    except BadItem as cause:
        raise DataError(
            found=f"{printable(name)}, which {cause}",
            wanted="a file that can be read",
            hint="write or download it again",
        ) from cause


def beside(path_name: str, names: Sequence[str]) -> list[str]:
    """The files of a folder that are other parts of the named training file, itself first."""
    stem, part = cut_part(path_name)
    if part != "train":
        return [path_name]
    others = [name for name in names if name != path_name and cut_part(name)[0] == stem]
    parts = [cut_part(name)[1] for name in others]
    fit = [name for name, own in zip(others, parts, strict=True) if own in ("validation", "test")]
    return (
        [path_name, *fit] if len({cut_part(name)[1] for name in fit}) == len(fit) else [path_name]
    )


def about_parts(files: RowFiles) -> tuple[Guess, ...]:
    """Which file is which part, where there are several."""
    if len(files.files) < 2:
        return ()
    told = ", ".join(f"{printable(name)} is {part}" for name, part in files.files)
    return (
        Guess(
            question="part files",
            answer=told,
            why="their names differ only in that word",
            option="name one of them as DATA, another with --test",
        ),
    )
