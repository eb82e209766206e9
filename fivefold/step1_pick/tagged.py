"""Sentences of tagged words in columns: CoNLL-U, CoNLL, a word and its tags per line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.tables import Table

if TYPE_CHECKING:
    from fivefold.contracts.records import Guess

_UNIVERSAL = {1: "FORM", 2: "LEMMA", 3: "UPOS", 4: "XPOS", 5: "FEATS", 7: "DEPREL"}
_DOCUMENT = re.compile(r"#\s*newdoc(?:\s+id)?\s*=?\s*(.*)")
Sentence = tuple[int, "str | None", list[list[str]]]  # line, document, cells of each word


def looks_tagged(text: str) -> bool:
    """Whether lines are words in columns, with blank lines between sentences."""
    head = text[: 1 << 16].replace("\r\n", "\n")
    blocks = [block.split("\n") for block in re.split(r"\n[ \t]*\n", head) if block.strip()]
    blocks = blocks[:-1] if len(text) > 1 << 16 else blocks
    lines = [line for block in blocks for line in block if line.strip() and line[0] != "#"]
    if len(blocks) < 2 or len(lines) < 2 * len(blocks):
        return False
    widths = {len(_cells(line)) for line in lines}
    return len(widths) == 1 and 2 <= widths.pop() <= 15


def read_tagged(shown: str, text: str, guesses: tuple[Guess, ...]) -> tuple[Table, str]:
    """Sentences as rows, words and tags as lists; and the column of tags that is usual.

    Raises:
        DataError: A line with another number of columns, or no sentence.
    """
    universal = shown.lower().rpartition(":")[0].endswith(".conllu") or ".conllu" in shown.lower()
    sentences = _sentences(shown, text, universal=universal)
    if not sentences:
        raise DataError(
            found=f"{shown} without a sentence",
            wanted="a word and its tags per line, a blank line between sentences",
            hint="check that the right file was named",
        )
    width = len(sentences[0][2][0])
    words = _UNIVERSAL if universal else {i: str(i + 1) for i in range(width)}
    kept = tuple(words)
    names = ("tokens", *tuple(words.values())[1:])
    documents = any(document is not None for _, document, _ in sentences)
    cells = []
    for _, document, rows in sentences:
        lists = tuple(
            json.dumps([row[place] for row in rows], ensure_ascii=False) for place in kept
        )
        cells.append((*lists, document) if documents else lists)
    table = Table(
        name=shown,
        columns=(*names, "document") if documents else names,
        cells=tuple(cells),
        names=tuple(f"{shown}:{line}" for line, _, _ in sentences),
        guesses=guesses,
    )
    return table, "UPOS" if universal else names[-1]


def _sentences(shown: str, text: str, *, universal: bool) -> list[Sentence]:
    found: list[Sentence] = []
    document: str | None = None
    rows: list[list[str]] = []
    width = start = 0
    for number, raw in enumerate([*text.split("\n"), ""], start=1):
        line = raw.strip("\r\n ")
        if not line:
            if rows:
                found.append((start, document, rows))
                rows = []
            continue
        if line.startswith("#") and (universal or "\t" not in line):
            document = _document(line, document)
            continue
        if line.startswith("-DOCSTART-"):
            document = str(number)
            continue
        cells = line.split("\t") if universal else _cells(line)
        if universal and not cells[0].isdecimal():
            continue  # several words in one, or an empty one: no word of the sentence
        width = 10 if universal else width or len(cells)
        if len(cells) != width:
            raise DataError(
                found=f"{len(cells)} columns in line {number} of {shown}",
                wanted=f"{width}, as in the lines before",
                hint="mend that line; sentences are parted by blank lines",
            )
        start = start if rows else number
        rows.append(cells)
    return found


def _document(line: str, before: str | None) -> str | None:
    match = _DOCUMENT.match(line)
    return (printable(match[1].strip()) or before) if match else before


def _cells(line: str) -> list[str]:
    """Columns are parted by tabs, or by spaces where there is none."""
    return line.split("\t") if "\t" in line else line.split()
