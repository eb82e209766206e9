"""Which input kind the files are: their first bytes decide, not their names."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.magic import other_format
from fivefold.step1_pick.numbers import number_kind

if TYPE_CHECKING:
    from fivefold.contracts.records import Listing
    from fivefold.step1_pick.found import Opaque

_LOOKED_AT = 64
# Numbers in text files are text too, and a cell or a row of parts is JSON: the general come last.
_LATE = ("table", "tokens", "text")


def check_word(room: catalog.Room, word: str | None) -> None:
    """Refuse a word that the catalog does not list.

    Raises:
        OptionError: It does not.
    """
    if word is not None:
        catalog.entry(room, word)


def recognise(listing: Listing, source: Opaque, asked: str | None) -> Guess:
    """The input kind of files; its `answer` is the catalog word.

    Raises:
        DataError: Most files are of no kind that is read, or not of the kind asked for.
    """
    pairs = zip(listing.names, listing.labels, strict=True)
    names = [name for name, label in pairs if label is not None] or list(listing.names)
    sample = names[:: -(-len(names) // _LOOKED_AT) or 1]
    heads = {name: _head(source, name) for name in sample}
    listed = list(catalog.listed("input"))
    words = sorted(listed, key=lambda word: word in _LATE and 1 + _LATE.index(word))
    sound = {word: _sound(word, heads) for word in words}
    known = set[str]().union(*(sound[word] for word in words if word not in _LATE))
    shares = {
        word: _share(sound[word], known, list(heads))
        for word in (words if asked is None else [asked])
    }
    best = max(shares, key=lambda word: shares[word])
    if shares[best] < 0.5:
        raise _wrong(heads, asked)
    why = f"{shares[best]:.0%} of {len(heads)} files looked at are {_about(best)}"
    both = shares.get("array", 0.0) == shares.get("series", 0.0) == shares[best]
    if asked is None and both:
        best, why = number_kind(source, sample)
    return Guess(question="input", answer=best, why=why, option="--input KIND")


def _about(word: str) -> str:
    return catalog.entry("input", word).about


def _head(source: Opaque, name: str) -> bytes:
    try:
        return source.head(name)
    except BadItem:
        return b""


def _sound(word: str, heads: dict[str, bytes]) -> set[str]:
    kind = catalog.load("input", word)()
    return {name for name, head in heads.items() if head and kind.recognise(name, head)}


def _share(sound: set[str], known: set[str], names: list[str]) -> float:
    """Share of files that are `sound` ones of a kind, or damaged with a suffix of sound ones.

    What some kind knows by more than being text is not damaged: a page of text called .png makes no
    texts of the pictures.
    """
    suffixes = {_suffix(name) for name in sound}
    counted = sum(n in sound or (n not in known and _suffix(n) in suffixes) for n in names)
    return counted / max(len(names), 1)


def _suffix(name: str) -> str:
    base = name.rpartition("/")[2]
    return "." + base.rpartition(".")[2].lower() if "." in base else ""


def _wrong(heads: dict[str, bytes], asked: str | None) -> DataError:
    suffixes = Counter(_suffix(name) or "suffixless" for name in heads).most_common(3)
    seen = ", ".join(f"{count} {printable(suffix)}" for suffix, count in suffixes)
    first = next(iter(heads), "")
    what = other_format(heads[first]) if heads.get(first) else "nothing that can be read"
    kinds = [asked] if asked else list(catalog.listed("input"))
    return DataError(
        found=f"{seen} files among {len(heads)} looked at (the first, {printable(first)}: {what})",
        wanted=" or ".join(f"{word} ({_about(word)})" for word in kinds),
        hint="check what the folder holds; a file of rows is named itself as DATA",
    )
