"""What `fivefold get` tells: the table of data sets, all facts of one, and what to type next."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fivefold import __version__, catalog
from fivefold.plumbing.files import printable, size_words
from fivefold.public_data.pins import Pins
from fivefold.public_data.records import registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fivefold.public_data.records import DataSet

_NOT_READ = "kind not read yet"


def readable(record: DataSet) -> bool:
    """Whether the catalog has parts that read such files and learn such answers."""
    kind = catalog.listed("input").get(record.input)
    from_files = kind is not None and kind.facts.get("files", True)
    return from_files and record.target in catalog.listed("target")


def table() -> Iterator[str]:
    """The list of data sets, one line each, below a line of headings; what can be read is first."""
    pins = Pins()
    yield (
        f"{'name':<21}{'input':<7}{'answer':<8}{'size':>10}  {'checksum':<17}"
        f"{'fivefold win':<19}licence"
    )
    for record in sorted(registry().values(), key=lambda record: not readable(record)):
        size = size_words(record.bytes) if record.bytes else "not stated"
        yield (
            f"{record.word:<21}{record.input:<7}{record.target:<8}{size:>10}  "
            f"{_checksum(record, pins):<17}{'reads it' if readable(record) else _NOT_READ:<19}"
            f"{record.licence}"
        )


def facts(record: DataSet) -> dict[str, Any]:
    """Every fact of a record, as plain JSON values."""
    return {
        **asdict(record),
        "bytes": record.bytes,
        "readable": readable(record),
        "pinned": {f.url: asdict(p) for f in record.files if (p := Pins().of(f.url)) is not None},
    }


def about(record: DataSet) -> Iterator[str]:
    """What somebody should know before fetching it."""
    yield f"{record.word}: {record.title}"
    by = f" ({record.licence_from})" if record.licence_from else ""
    yield f"licence: {record.licence}{by}"
    yield f"cite: {record.citation}"
    yield f"address: {record.address_from}"
    stated = record.facts_from or "nobody publishes them; the first download pins the checksum"
    yield f"size and checksum: {stated}"


def what_next(record: DataSet, folder: Path) -> str:
    """What to type next, or why there is nothing yet."""
    if not readable(record):
        return (
            f"next: fivefold {__version__} does not read {record.input} files with an answer of "
            f"kind {record.target} yet; the files are in {printable(str(folder))}"
        )
    names = {file.name for file in record.files}
    words = ["fivefold", "win", str(folder / record.data)]
    for option, value in record.options.items():
        words += [f"--{option}", str(folder / value) if value in names else value]
    return printable(f"next: {shlex.join(words)} --budget 10m")


def _checksum(record: DataSet, pins: Pins) -> str:
    """Where the checksums come from: published, or pinned by the first download."""
    if all(file.checksum for file in record.files):
        return "published"
    pin = next((pin for file in record.files if (pin := pins.of(file.url))), None)
    return f"pinned {pin.day}" if pin else "first pins it"
