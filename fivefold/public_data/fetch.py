"""A data set from its publisher to a folder: every file checked, the folder there only whole."""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pooch
from filelock import FileLock, Timeout

from fivefold.plumbing.errors import DataError, FivefoldError
from fivefold.plumbing.files import printable, size_words
from fivefold.plumbing.places import data_root
from fivefold.plumbing.run_folder import writing
from fivefold.plumbing.silence import Silence
from fivefold.public_data.partial import Partial
from fivefold.public_data.pins import Pins, mismatch
from fivefold.public_data.records import find
from fivefold.public_data.transfer import Limits, Transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fivefold.contracts.protocols import Progress
    from fivefold.public_data.records import DataSet, Remote


def get(word: str, to: str | Path | None = None, *, progress: Progress | None = None) -> Path:
    """Fetch a public data set, unless it is there already; see `fivefold get` for the list.

    Args:
        word: Its name in the list.
        to: Folder in which its folder goes; the user's data folder when left out.
        progress: Told how far it is.

    Returns:
        The file that `fivefold.win` is given; further files of the data set lie beside it.

    Raises:
        OptionError: No such data set.
        DataError: What came, or what lies there, is not what was published or pinned.
        RunError: The network or the disk does not allow it; the next call goes on from there.
    """
    root = data_root() if to is None else Path(to)
    record = find(word)
    return fetch(record, root, progress or Silence()) / record.data


def fetch(record: DataSet, root: Path, progress: Progress, limits: Limits | None = None) -> Path:
    """Bring a data set to `root` and give its folder there.

    The files come into a hidden folder, which gets its name when all are there and checked; so a
    folder of the data set's name is whole. Processes that fetch the same wait for each other.

    Raises:
        DataError: As in `get`.
        RunError: As in `get`.
    """
    folder, lock = root / record.word, root / f".{record.word}.lock"
    with writing(root, hint="give another place with --to"):
        if folder.exists():
            _check(record, folder, progress)
            return folder
        with _alone(lock, progress):
            if not folder.exists():  # another process may have been first
                _assemble(record, folder, progress, limits or Limits())
        with suppress(OSError):  # whoever still waits for it finds the folder
            lock.unlink()
    return folder


def _assemble(record: DataSet, folder: Path, progress: Progress, limits: Limits) -> None:
    # Hidden: what is half there is never taken for raw items.
    begun = folder.with_name(f".{folder.name}.part")
    begun.mkdir(exist_ok=True)
    try:
        for file in record.files:
            _bring(file, begun, progress, limits)
        _tidy(record, begun)
        begun.rename(folder)
    finally:
        with suppress(OSError):  # stays where a part of it has come
            begun.rmdir()


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say("another process is fetching it: waiting")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _tidy(record: DataSet, begun: Path) -> None:
    """Take away what a process that was killed left beside the files."""
    for path in begun.iterdir():
        if path.name not in {file.name for file in record.files}:
            path.unlink()


def _bring(file: Remote, folder: Path, progress: Progress, limits: Limits) -> None:
    """One file, checked against what is published, else against what came the first time."""
    pins = Pins()
    known = _known(file, pins)
    if known is None:
        (folder / file.name).unlink(missing_ok=True)  # of whatever address: it was never pinned

    def tick(have: int, total: int | None) -> None:
        size = total or file.bytes
        of = f" of {size_words(size)}" if size else ""
        progress.bar(file.name, have / size if size else 0.0, f"{size_words(have)}{of}")

    partial = Partial(folder / f".{file.name}.part")
    transfer = Transfer(file, partial, limits, say=progress.say, tick=tick)
    try:
        with _mute(pooch.get_logger()):
            pooch.retrieve(file.url, known, fname=file.name, path=folder, downloader=transfer)
    except FivefoldError:
        raise
    except ValueError as cause:  # how pooch says that the checksum is another one; it is gone
        got = str(cause).partition("but got ")[2].partition(".")[0]
        raise _other(file, f"{_algorithm(known)}:{got}", pins) from cause
    if known is None:
        path = folder / file.name
        pins.keep(file.url, _checksum(path, None), path.stat().st_size)


@contextmanager
def _mute(logger: logging.Logger) -> Iterator[None]:
    """Let the progress speak instead."""
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _check(record: DataSet, folder: Path, progress: Progress) -> None:
    """What lies there already has to be what would be fetched."""
    pins = Pins()
    for file in record.files:
        path = folder / file.name
        if not path.is_file():
            raise _not_ours(folder, f"without {file.name}")
        progress.bar(f"checking {file.name}", 0.0)
        known = _known(file, pins)
        found = _checksum(path, known)
        if known is None:
            pins.keep(file.url, found, path.stat().st_size)
        elif found != known:
            raise _not_ours(folder, f"with another {file.name} than {known}")


def _not_ours(folder: Path, what: str) -> DataError:
    return DataError(
        found=f"{printable(str(folder))}, {what}",
        wanted="the data set as it was published, or no such folder yet",
        hint="move that folder away, or give another place with --to",
    )


def _other(file: Remote, found: str, pins: Pins) -> DataError:
    pin = pins.of(file.url)
    if file.checksum is None and pin is not None:
        return mismatch(file.url, found, pin, pins.path)
    return DataError(
        found=f"{found} from {file.url}",
        wanted=f"{file.checksum}, as published",
        hint="it was damaged on the way or changed by its publisher: type the same again, else "
        "look for a newer fivefold",
    )


def _known(file: Remote, pins: Pins) -> str | None:
    """The checksum it has to have: the published one, else the one of the first download."""
    pin = None if file.checksum else pins.of(file.url)
    return pin.checksum if pin else file.checksum


def _algorithm(checksum: str | None) -> str:
    return checksum.partition(":")[0] if checksum else "sha256"


def _checksum(path: Path, like: str | None) -> str:
    """The checksum of a file, by the algorithm of another checksum."""
    algorithm = _algorithm(like)
    return f"{algorithm}:{pooch.file_hash(str(path), alg=algorithm)}"
