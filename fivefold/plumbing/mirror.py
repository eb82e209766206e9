"""A run folder that lies elsewhere: worked on in a scratch folder here, mirrored to a URL.

Any address that fsspec understands will do: `s3://bucket/run`, `gs://...`, `sftp://...`. What
changed is sent every few seconds by a thread, file by file, `run.json` last; to resume a run, it
is fetched first.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, final

from fivefold.plumbing.changes import Changes
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.files import hidden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVERY = 5.0  # seconds between two looks at what changed
HERE_ONLY = ("cache", "lock")  # decoded arrays and the lock are of this machine
# These show a file when it is whole; elsewhere it gets its name only then.
OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci", "memory"}


def is_url(place: str | Path) -> bool:
    """Whether a place is an address for fsspec and no path."""
    return "://" in str(place)


@contextmanager
def mirrored(url: str, *, resume: bool, say: Callable[[str], None]) -> Iterator[Path]:
    """A scratch folder for the run at `url`; what changes in it while in here goes there.

    It is removed when this process ends, unless what it holds could not be sent.

    Args:
        url: Where the run folder lies.
        resume: Fetch the run that stands there.
        say: Told when the address cannot be reached for a while.

    Raises:
        OptionError: The address cannot be understood, or something lies there already.
        RunError: Its package is missing, or it cannot be read or written.
    """
    mirror = Mirror(url)
    if resume and mirror.has("run.json"):
        scratch = mirror.fetched()
    elif mirror.is_free():
        scratch = _scratch()
    else:
        raise OptionError(
            found=f"{url} is not empty",
            wanted="a new place for the run",
            hint="continue that run with --resume, or give another --out",
        )
    mirror.try_out()
    keeper = _Keeper(mirror, scratch, say)
    try:
        yield scratch
    except BaseException:
        with suppress(RunError):  # why the run ended is the news
            keeper.finish()
        raise
    keeper.finish()


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

    def has(self, name: str) -> bool:
        """Whether a file stands there."""
        with self._reaching():
            self._fs.invalidate_cache()
            return bool(self._fs.exists(self._at(name)))

    def is_free(self) -> bool:
        """Whether nothing stands there."""
        with self._reaching():
            self._fs.invalidate_cache()
            try:
                return not self._fs.ls(self._root, detail=False)
            except FileNotFoundError:
                return True

    def try_out(self) -> None:
        """See now that it can be written, and not after hours of training."""
        name = ".fivefold"
        with self._reaching(), tempfile.NamedTemporaryFile() as empty:
            self.send(Path(empty.name), name)
            self.remove(name)

    def fetched(self) -> Path:
        """A scratch folder with all that stands there."""
        scratch = _scratch()
        with self._reaching():
            for remote in self._fs.find(self._root):
                name = str(remote)[len(self._root) :].lstrip("/")
                if not hidden(name):
                    (scratch / name).parent.mkdir(parents=True, exist_ok=True)
                    self._fs.get_file(remote, str(scratch / name))
        return scratch

    def send(self, file: Path, name: str) -> None:
        """Put a file there; who looks finds the old one or the new one, and both whole."""
        place = self._at(name)
        if self._store:
            self._fs.put_file(str(file), place)
            return
        folder, _, last = place.rpartition("/")
        self._fs.makedirs(folder, exist_ok=True)
        self._fs.put_file(str(file), f"{folder}/.{last}")
        self._fs.mv(f"{folder}/.{last}", place)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._at(name))

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
        self._changes.look()  # what was fetched stands there already
        self._gone: set[str] = set()
        self._over, self._troubled = threading.Event(), False
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Send what is left.

        Raises:
            RunError: That is not possible; the run stands in the scratch folder.
        """
        self._over.set()
        self._thread.join()
        try:
            self._send()
        except Exception as cause:
            hint = f"the whole run stands in {self._scratch}: copy it to where it should be"
            raise refused(self._mirror.url, cause, hint) from cause
        atexit.register(shutil.rmtree, self._scratch, ignore_errors=True)

    def _keep(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self._send()
            except Exception as cause:  # noqa: BLE001 - it is tried again, and at the end for good
                if not self._troubled:
                    self._say(f"{self._mirror.url} cannot be written now, tried again: {cause}")
                self._troubled = True

    def _send(self) -> None:
        changed, gone = self._changes.look()
        self._gone |= set(gone)
        for number, name in enumerate(changed):
            file = self._scratch / name
            try:
                if file.exists():  # else it was removed meanwhile, which the next look finds
                    self._mirror.send(file, name)
            except Exception:
                for unsent in changed[number:]:
                    self._changes.forget(unsent)
                raise
        while self._gone:
            name = self._gone.pop()
            if not (self._scratch / name).exists():
                self._mirror.remove(name)


def _scratch() -> Path:
    return Path(tempfile.mkdtemp(prefix="fivefold-"))
