"""A run folder that lies elsewhere: worked on in a scratch folder here, mirrored to a URL.

Any address that fsspec understands will do: `s3://bucket/run`, `gs://...`, `sftp://...`. What
changed is sent every few seconds by a thread, file by file, `run.json` last; to resume a run, it
is fetched first. Until `run.json` stands there, `.fivefold` names what was sent: an upload that
was cut short before is no run, and can be told from what is somebody else's.
"""

from __future__ import annotations

import atexit
import errno
import json
import shutil
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, final

from fivefold.plumbing.changes import LAST, Changes
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.files import hidden, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

EVERY = 5.0  # seconds between two looks at what changed
HERE_ONLY = ("cache", "lock")  # decoded arrays and the lock are of this machine
MARK = ".fivefold"  # names the files of a first upload, until `run.json` stands
# These show a file when it is whole; elsewhere it gets its name only then.
OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci", "memory"}
NEVER_REPLACE = {"smb", "webhdfs"}  # these rename nothing onto a file that stands
Standing = Literal["nothing", "beginning", "run", "other"]


def is_url(place: str | Path) -> bool:
    """Whether a place is an address for fsspec and no path."""
    return "://" in str(place)


@contextmanager
def mirrored(url: str, *, resume: bool, say: Callable[[str], None]) -> Iterator[Path]:
    """A scratch folder for the run at `url`; what changes in it while in here goes there.

    It is removed when this process ends, and at once where the run ends with an error or by a
    signal; it stays where what it holds could not be sent.

    Args:
        url: Where the run folder lies.
        resume: Fetch the run that stands there; one of which no `run.json` was sent is begun anew.
        say: Told when the address cannot be reached for a while, and where the run lies when what
            ended it kept it from being sent.

    Raises:
        OptionError: The address cannot be understood, or something lies there already.
        RunError: Its package is missing, or it cannot be read or written.
    """
    mirror = Mirror(url)
    stands = mirror.stands()
    if stands == "other" or (stands != "nothing" and not resume):
        raise OptionError(
            found=f"{url} is not empty",
            wanted="a new place for the run",
            hint="give another --out: what lies there is no run"
            if stands == "other"
            else "continue that run with --resume, or give another --out",
        )
    if stands == "beginning":
        mirror.clear()
    mirror.try_out()
    scratch = mirror.fetched() if stands == "run" else _scratch()
    keeper = _Keeper(mirror, scratch, say)
    try:
        yield scratch
    except BaseException:
        try:
            keeper.finish()
        except RunError as error:  # why the run ended is the news
            say(f"{error.found}; {error.hint}")
        else:  # now: after a signal the process may end without any farewell
            shutil.rmtree(scratch, ignore_errors=True)
        raise
    keeper.finish()
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)


def fetched_bundle(url: str) -> Path:
    """A scratch folder with the bundle of the run at `url`, or the bundle at `url` itself.

    Raises:
        OptionError: The address cannot be understood.
        RunError: Its package is missing, or it cannot be read.
    """
    mirror = Mirror(f"{url.rstrip('/')}/bundle")
    if not mirror.has("bundle.json"):
        mirror = Mirror(url)
    # What is no bundle is not fetched: it may be large.
    scratch = mirror.fetched() if mirror.has("bundle.json") else _scratch()
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    return scratch


@final
class Mirror:
    """A folder behind an address that fsspec understands.

    Args:
        url: The address.

    Raises:
        OptionError: It cannot be understood.
        RunError: The package for it is missing.
    """

    def __init__(self, url: str) -> None:
        import fsspec  # noqa: PLC0415 - only those who have such an address wait for it

        self.url = url.rstrip("/")
        try:
            self._fs, root = fsspec.url_to_fs(self.url)
        except ImportError as cause:
            package = getattr(cause.__cause__, "name", None) or url.split("://", maxsplit=1)[0]
            raise RunError(
                found=f"{url} ({cause})",
                wanted=f"the package {package.split('.')[0]}, which is not installed here",
                hint=f"pip install {package.split('.')[0]}",
            ) from cause
        except Exception as cause:
            raise OptionError(
                found=f"{url} ({cause})",
                wanted="an address that fsspec understands",
                hint="try s3://BUCKET/RUN, or a folder",
            ) from cause
        self._root = str(root).rstrip("/")
        protocol = self._fs.protocol
        names = {protocol} if isinstance(protocol, str) else set(protocol)
        self._store = bool(names & OBJECT_STORES)
        self._replaces = not names & NEVER_REPLACE

    def has(self, name: str) -> bool:
        """Whether a file stands there."""
        with self._reaching():
            self._fs.invalidate_cache()
            return bool(self._fs.exists(self._at(name)))

    def stands(self) -> Standing:
        """What stands there; empty folders and hidden files are nothing.

        A `beginning` is what is left of a first upload that was cut short, and no file beside.
        """
        if self.has(LAST):
            return "run"
        with self._reaching():
            ours = self._marked()
            stands: Standing = "nothing"
            for name in self._names():
                if name == LAST:  # a store that hesitates may have hidden it above
                    return "run"
                if name not in ours:
                    return "other"
                stands = "beginning"
        return stands

    def clear(self) -> None:
        """Remove what is left of a first upload that was cut short."""
        with self._reaching():
            for name in self._marked().intersection(self._names()):
                self.remove(name)

    def mark(self, names: Iterable[str] = ()) -> None:
        """Leave word there of the files that are about to be sent."""
        with tempfile.TemporaryDirectory() as folder:
            note = Path(folder) / MARK
            write_json(note, sorted(names))
            self.send(note, MARK)

    def try_out(self) -> None:
        """See now that it can be written, and not after hours of training."""
        with self._reaching():
            self.mark()
            self.remove(MARK)

    def fetched(self) -> Path:
        """A scratch folder with all that stands there."""
        scratch = _scratch()
        try:
            with self._reaching():
                for remote in self._fs.find(self._root):
                    name = str(remote)[len(self._root) :].lstrip("/")
                    if not hidden(name):
                        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                        self._fs.get_file(remote, str(scratch / name))
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        return scratch

    def send(self, file: Path, name: str) -> None:
        """Put a file there; who looks finds the old one or the new one, and both whole.

        Where nothing is renamed onto a file that stands, there is none for a moment.
        """
        place = self._at(name)
        if self._store:
            self._fs.put_file(str(file), place)
            return
        folder, _, last = place.rpartition("/")
        self._fs.makedirs(folder, exist_ok=True)
        self._fs.put_file(str(file), f"{folder}/.{last}")
        if not self._replaces and self._fs.exists(place):
            self._fs.rm_file(place)
        self._fs.mv(f"{folder}/.{last}", place)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))

    def _names(self) -> Iterator[str]:
        """The files that stand there, but hidden ones."""

        def missing(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError) and error.errno != errno.ENOENT:
                raise error

        for folder, _, files in self._fs.walk(self._root, on_error=missing):
            names = (f"{folder}/{file}"[len(self._root) :].lstrip("/") for file in files)
            yield from (name for name in names if not hidden(name))

    def _marked(self) -> set[str]:
        """What a first upload was about to send."""
        if not self._fs.exists(self._at(MARK)):
            return set()
        try:
            return set(json.loads(self._fs.cat_file(self._at(MARK))))
        except (ValueError, TypeError):  # somebody else's
            return set()

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except Exception as cause:  # every service has errors of its own
            raise refused(self.url, cause) from cause


def refused(url: str, cause: Exception, hint: str = "") -> RunError:
    """The error of an address that cannot be read or written."""
    why = " ".join(str(cause).split()) or type(cause).__name__
    return RunError(
        found=f"{url}: {why}",
        wanted="an address that can be read and written from here",
        hint=hint or "check the address and its credentials, or give another --out",
    )


@final
class _Keeper:
    """Sends what changes in a scratch folder, from a thread."""

    def __init__(self, mirror: Mirror, scratch: Path, say: Callable[[str], None]) -> None:
        self._mirror, self._scratch, self._say = mirror, scratch, say
        self._changes = Changes(scratch, without=HERE_ONLY)
        self._there = set(self._changes.look())  # what was fetched; what is sent comes to it
        self._over, self._troubled = threading.Event(), False
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Send what is left.

        Raises:
            RunError: That is not possible; the run stands in the scratch folder.
        """
        self._over.set()
        hint = f"the whole run stands in {self._scratch}: copy it to where it should be"
        try:
            self._thread.join()
            self._send()
        except Exception as cause:
            raise refused(self._mirror.url, cause, hint) from cause
        except BaseException:  # a signal, and nobody waits for the rest
            self._say(f"{self._mirror.url} has not all of the run; {hint}")
            raise

    def _keep(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self._send()
            except Exception as cause:  # noqa: BLE001 - it is tried again, and at the end for good
                if not self._troubled:
                    self._say(f"{self._mirror.url} cannot be written now, tried again: {cause}")
                self._troubled = True

    def _send(self) -> None:
        unsent = list(self._changes.look())
        try:
            if unsent and LAST not in self._there:
                self._mirror.mark(self._there.union(unsent))
                self._there.add(MARK)
            while unsent:
                name = unsent[0]
                if (self._scratch / name).exists():  # else it was removed meanwhile
                    self._mirror.send(self._scratch / name, name)
                    self._there.add(name)
                del unsent[0]
        except Exception:
            for name in unsent:
                self._changes.forget(name)
            raise
        for name in sorted(self._there):
            if not (self._scratch / name).exists():  # nor does the mark: all was sent
                self._mirror.remove(name)
                self._there.discard(name)


def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="fivefold-"))
