"""Layout: folders that name the classes, with or without train, validation and test folders."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.sources import TABLES
from fivefold.step1_pick.found import Files, Found, rows
from fivefold.step1_pick.parts import part_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fivefold.contracts.records import Part

Row = tuple[str, str | None, "Part | None"]

_NO_LABEL = re.compile(r"unsup(ervised)?|un-?label+ed|no[-_ ]?label", re.IGNORECASE)
_HINT = "put the files in one folder per class, or add a table with a path and a label column"


def has_classes(source: Files) -> bool:
    """Whether the files lie in at least two class folders, which are not all called like parts."""
    _, found = _read(source)
    labels = {label for _, label, _ in found if label is not None}
    return len(labels) > 1 and None in {part_of(label) for label in labels}


def read_folders(source: Files, shown: str) -> Found:
    """Read the classes off the folder names.

    Args:
        source: A folder or an archive.
        shown: Its name for messages.

    Raises:
        DataError: No files, or no class folders.
    """
    if not source.names():
        raise _empty(source, shown)
    layout, found = _read(source)
    found, without = _without_labels(found)
    labels = {label for _, label, _ in found if label is not None}
    kinds = {part_of(label) for label in labels}
    if not labels:
        raise DataError(
            found=f"{len(found):,} files in {shown}, none of them in a class folder",
            wanted="a folder of class folders",
            hint=_hint(source),
        )
    if None not in kinds and len(kinds) > 1:
        raise DataError(
            found=f"part folders without class folders in {shown} "
            f"({', '.join(printable(label) for label in sorted(labels))})",
            wanted="class folders inside them",
            hint=_hint(source),
        )
    why = "the folders that hold the files are taken as classes"
    words = {word for name, _, part in found if part for word in name.split("/") if part_of(word)}
    if words:
        shown_words = ", ".join(printable(word) for word in sorted(words)[:4])
        why = f"folders named {shown_words} are taken as parts, the others as classes"
    guess = Guess(
        question="layout", answer=layout, why=why, option="name a table or another folder as DATA"
    )
    return Found(
        source=source,
        listing=rows(found),
        layout=layout,
        guesses=(guess, *_notes(source, found, without)),
        target="class",
    )


def _read(source: Files) -> tuple[str, list[Row]]:
    names = source.names()
    prefix = _common(names, "")
    tops = {name[len(prefix) :].split("/")[0] for name in names if _deeper(name, prefix, 1)}
    parts = {top: part_of(top) for top in tops}
    if _are_parts(parts, names, prefix):
        return "part folders", _in_parts(names, prefix, parts)
    inner = _parts_within(names, prefix)
    if inner:
        return "class folders with part folders inside", inner
    return "class folders", [(name, _first(name, prefix), None) for name in names]


def _are_parts(parts: dict[str, Part | None], names: Iterable[str], prefix: str) -> bool:
    """Part folders: train beside another part, or nothing but part folders; classes below."""
    kinds = set(parts.values())
    if not ("train" in kinds and kinds & {"validation", "test"}) and (None in kinds or not kinds):
        return False
    return any(
        _deeper(name, prefix, 2) and parts[name[len(prefix) :].split("/")[0]] for name in names
    )


def _in_parts(names: tuple[str, ...], prefix: str, parts: dict[str, Part | None]) -> list[Row]:
    inside = {top: _common(names, f"{prefix}{top}/") for top, part in parts.items() if part}
    alone = set(parts.values()) == {"train"}
    found: list[Row] = []
    for name in names:
        top = name[len(prefix) :].split("/")[0]
        if not _deeper(name, prefix, 1) or top not in inside:
            found.append((name, None, None))
        else:
            found.append((name, _first(name, inside[top]), None if alone else parts[top]))
    return found


def _parts_within(names: tuple[str, ...], prefix: str) -> list[Row] | None:
    """Rows of `class/train/...`, when every class folder is cut into parts like that."""
    found: list[Row] = []
    for name in names:
        if not _deeper(name, prefix, 1):
            found.append((name, None, None))
            continue
        label, second, *deeper = name[len(prefix) :].split("/")
        part = part_of(second) if deeper else None
        if part is None:
            return None
        found.append((name, label, part))
    kinds = {part for _, _, part in found}
    return found if "train" in kinds and kinds & {"validation", "test"} else None


def _common(names: Iterable[str], prefix: str) -> str:
    """Go down single top folders, as in `cifar10/train/...`, that are neither parts nor a class."""
    inside = [name for name in names if name.startswith(prefix)]
    while True:
        tops = {name[len(prefix) :].split("/")[0] for name in inside if _deeper(name, prefix, 1)}
        if len(tops) != 1 or part_of(*tops) or not any(_deeper(n, prefix, 2) for n in inside):
            return prefix
        prefix = f"{prefix}{tops.pop()}/"
        inside = [name for name in inside if name.startswith(prefix)]


def _deeper(name: str, prefix: str, folders: int) -> bool:
    return name.startswith(prefix) and name.count("/", len(prefix)) >= folders


def _first(name: str, prefix: str) -> str | None:
    return name[len(prefix) :].split("/", maxsplit=1)[0] if _deeper(name, prefix, 1) else None


def _without_labels(found: list[Row]) -> tuple[list[Row], dict[str, set[str]]]:
    """Rows without those labels that say that there is none, and the names below each of these."""
    labels = {label for _, label, _ in found if label is not None}
    none = {label for label in labels if _NO_LABEL.fullmatch(label)}
    if len(labels - none) < 2:
        return found, {}
    below = {label: {name for name, own, _ in found if own == label} for label in sorted(none)}
    return [(name, None if own in none else own, part) for name, own, part in found], below


def _notes(source: Files, found: list[Row], without: dict[str, set[str]]) -> list[Guess]:
    notes = []
    told = set().union(*without.values())
    if told:
        notes.append(
            Guess(
                question="folders without labels",
                answer=f"{len(told):,} files set aside",
                why=f"folders called {', '.join(map(printable, without))} say that there is none",
                option="rename the folder if it is a class",
            )
        )
    loose = Counter(label is None for _, label, _ in found)[True] - len(told)
    if loose:
        first = next(name for name, label, _ in found if label is None and name not in told)
        notes.append(
            Guess(
                question="files outside class folders",
                answer=f"{loose:,} set aside",
                why=f"no folder gives them a class; first: {printable(first)}",
                option="move them into a class folder",
            )
        )
    full = {name[:i] for name, _, _ in found for i, c in enumerate(name) if c == "/"}
    empty = [folder for folder in source.folders if folder not in full]
    if empty:
        notes.append(
            Guess(
                question="folders without a file",
                answer=f"{len(empty):,} left out",
                why=f"first: {printable(empty[0])}",
                option="put files in them or remove them",
            )
        )
    return notes


def _hint(source: Files) -> str:
    """The usual hint, or the archive or table among the files that was probably meant."""
    suffixes = (*TABLES, ".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz")
    meant = next((name for name in source.names() if name.lower().endswith(suffixes)), None)
    return _HINT if meant is None else f"name {printable(meant)} itself as DATA, or {_HINT}"


def _empty(source: Files, shown: str) -> DataError:
    folders = f"{len(source.folders)} folders without a file" if source.folders else "nothing"
    shut = "".join(f"; {printable(name)} {why}" for name, why in source.unreadable[:1])
    return DataError(
        found=f"{folders} in {shown}{shut}", wanted="files in one folder per class", hint=_HINT
    )
