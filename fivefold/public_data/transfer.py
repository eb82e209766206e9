"""One file over HTTP: goes on where it stopped, or starts again where it must; never in part."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import requests
from urllib3.exceptions import HTTPError, IncompleteRead

from fivefold import __version__
from fivefold.plumbing.errors import DataError, RunError
from fivefold.plumbing.files import printable, size_words
from fivefold.public_data.addresses import redirected
from fivefold.public_data.partial import Partial, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fivefold.public_data.records import Remote

_CHUNK = 1 << 16
_KEPT_FREE = 1 << 28  # bytes that are left on the disk
_BUSY = {408, 425, 429, 500, 502, 503, 504}
_LONGEST_PAUSE = 60.0
_EARLY = "the connection ended early"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How patient a download is.

    Attributes:
        timeout: Seconds without a byte after which a connection counts as lost.
        attempts: Attempts in a row that bring nothing new.
        pause: Seconds before the second attempt; doubled before each further one.
        redirects: Redirects in a row.
        unstated: Largest size in bytes of a file whose size nobody publishes.
    """

    timeout: float = 30.0
    attempts: int = 4
    pause: float = 1.0
    redirects: int = 5
    unstated: int = 4 << 30


class _Lost(Exception):  # noqa: N818 - an event, tried again
    """The connection did not bring the rest; the message says why."""

    def __init__(self, why: str, pause: float = 0.0) -> None:
        super().__init__(why)
        self.pause = pause


@final
class Transfer:
    """A downloader as pooch calls it: `transfer(url, output_file, pooch)`.

    pooch itself has no way to go on with a file of which a part is there; this has.

    Args:
        remote: What is published of the file.
        partial: What has come of it so far.
        limits: How patient it is.
        say: Told in one line why it waits.
        tick: Told (bytes so far, bytes in all or None).
    """

    def __init__(
        self,
        remote: Remote,
        partial: Partial,
        limits: Limits,
        *,
        say: Callable[[str], None],
        tick: Callable[[int, int | None], None],
    ) -> None:
        self._remote, self._partial, self._limits = remote, partial, limits
        self._say, self._tick = say, tick

    def __call__(self, url: str, output_file: str, pooch: object, /) -> None:  # noqa: ARG002
        """Fetch `url` whole and put it into `output_file`.

        Raises:
            DataError: It has another size than is published, or more than is allowed.
            RunError: The server, the connection or the disk does not allow it; what has come
                stays, and the next attempt goes on from there.
        """
        missed, most, whole = 0, self._partial.have, self._whole(url)
        while not whole:
            try:
                self._attempt(url)
                whole = True
            except _Lost as lost:
                missed = 1 if self._partial.have > most else missed + 1
                most = max(most, self._partial.have)
                self._wait(url, missed, lost)
        self._partial.hand_over(Path(output_file))

    def _whole(self, url: str) -> bool:
        """Whether all has come already, to a process that ended before it could say so."""
        version = self._partial.version
        return version is not None and version.url == url and version.total == self._partial.have

    def _wait(self, url: str, missed: int, lost: _Lost) -> None:
        have = size_words(self._partial.have)
        if missed >= self._limits.attempts:
            raise RunError(
                found=f"{url}: {lost}; {have} have come",
                wanted="a connection that brings the rest",
                hint="check the network and type the same again; it goes on from there",
            ) from lost
        pause = min(max(self._limits.pause * 2 ** (missed - 1), lost.pause), _LONGEST_PAUSE)
        self._say(f"{lost}; {have} have come, trying again in {pause:.0f} s")
        time.sleep(pause)

    def _attempt(self, url: str) -> None:
        try:
            with requests.Session() as session, closing(self._answer(session, url)) as answer:
                self._take(url, answer)
        except requests.exceptions.SSLError as cause:
            raise RunError(
                found=f"{url}: {cause}",
                wanted="a server whose certificate can be checked",
                hint="check the clock of this machine and the proxy in between",
            ) from cause
        except requests.exceptions.Timeout as cause:
            raise _Lost(f"no answer for {self._limits.timeout:g} s") from cause
        except (requests.exceptions.RequestException, HTTPError) as cause:
            raise _Lost(_reason(cause)) from cause
        total = self._partial.version.total if self._partial.version else None
        if total is not None and self._partial.have < total:
            raise _Lost(_EARLY)
        self._refuse_size(self._partial.have, final=True)

    def _answer(self, session: requests.Session, url: str) -> requests.Response:
        """The server's answer, behind all redirects."""
        # The file as it lies there, not packed for the way: its checksum is of those bytes.
        session.headers.update(
            {"Accept-Encoding": "identity", "User-Agent": f"fivefold/{__version__}"}
        )
        headers = self._condition(url)
        address = url
        for _ in range(self._limits.redirects + 1):
            answer = session.get(
                address,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=self._limits.timeout,
            )
            if not answer.is_redirect:
                return answer
            answer.close()
            address = redirected(address, answer.headers.get("Location"))
        raise RunError(
            found=f"{url} leads on more than {self._limits.redirects} times",
            wanted="a file behind it",
            hint="the publisher's server is set up wrongly; try again later",
        )

    def _condition(self, url: str) -> dict[str, str]:
        """Ask for the rest, provided that the file is still the same one."""
        version = self._partial.version
        if version is None or version.url != url or not version.validator or not self._partial.have:
            return {}
        return {"Range": f"bytes={self._partial.have}-", "If-Range": version.validator}

    def _take(self, url: str, answer: requests.Response) -> None:
        """Read the answer into the partial file: its rest, or all of it from the start."""
        code = answer.status_code
        if code == 206 and self._continues(answer):
            self._pour(answer)
        elif code == 200:
            self._partial.begin(self._version(url, answer))
            self._pour(answer)
        elif code in {206, 416}:
            self._partial.drop()
            raise _Lost("the file has changed since a part of it came")
        elif code in _BUSY:
            raise _Lost(f"the server is busy (HTTP {code})", _retry_after(answer))
        else:
            raise RunError(
                found=f"{url}: HTTP {code} {answer.reason}",
                wanted="the file, as it was published at this address",
                hint="it may have moved: look for a newer fivefold, or fetch it by hand",
            )

    def _version(self, url: str, answer: requests.Response) -> Version:
        """Which version a whole answer is; refuses what cannot be the file or be known whole."""
        remote, total = self._remote, _length(answer) or self._remote.bytes
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if kind == "text/html":
            raise RunError(
                found=f"{url} answers with a web page",
                wanted=f"the file {remote.name}",
                hint="the network may want a log-in, or the file has moved: try it in a browser",
            )
        chunked = "chunked" in answer.headers.get("Transfer-Encoding", "")
        if not (total or chunked or remote.checksum):
            raise RunError(
                found=f"{url}, whose server does not say how long the file is",
                wanted="a length, as nobody has published a size or checksum to tell it is whole",
                hint="fetch it by hand",
            )
        self._refuse_size(total, final=total is not None)
        return Version(url=url, validator=_validator(answer), total=total)

    def _continues(self, answer: requests.Response) -> bool:
        """Whether a partial answer fits what is here; some servers do not mind the condition."""
        version = self._partial.version
        wanted = f"bytes {self._partial.have}-"
        stated = answer.headers.get("Content-Range", "")
        own = _validator(answer)
        return (
            version is not None
            and stated.startswith(wanted)
            and stated.endswith(f"/{version.total}")
            and own in {None, version.validator}
        )

    def _pour(self, answer: requests.Response) -> None:
        total = self._partial.version.total if self._partial.version else None
        self._refuse_disk(total)
        for have in self._partial.append(_chunks(answer)):
            self._refuse_size(have, final=False)
            self._tick(have, total)

    def _refuse_size(self, size: int | None, *, final: bool) -> None:
        """Refuse a file that is or will be larger, or in the end other, than it should be."""
        stated = self._remote.bytes
        limit = stated or self._limits.unstated
        if size is None or (size <= limit and not (final and stated not in {None, size})):
            return
        self._partial.drop()
        raise DataError(
            found=f"{self._remote.name} of {size_words(size)} ({size} bytes)",
            wanted=f"{stated} bytes, as published" if stated else f"{size_words(limit)} at most",
            hint="the publisher has changed the file: look for a newer fivefold",
        )

    def _refuse_disk(self, total: int | None) -> None:
        folder = self._partial.path.parent
        free = shutil.disk_usage(folder).free
        missing = (total or 0) - self._partial.have
        if missing + _KEPT_FREE > free:
            raise RunError(
                found=f"{printable(str(folder))}: {size_words(free)} free",
                wanted=f"{size_words(missing + _KEPT_FREE)} for the rest of {self._remote.name}",
                hint="make room, or give another place with --to",
            )


def _chunks(answer: requests.Response) -> Iterator[bytes]:
    # Undecoded: servers mark a .tar.gz as packed for the way, but the checksum is of the packed.
    return answer.raw.stream(_CHUNK, decode_content=False)


def _length(answer: requests.Response) -> int | None:
    text = answer.headers.get("Content-Length", "")
    return int(text) if text.isdecimal() else None


def _validator(answer: requests.Response) -> str | None:
    """What tells one version of the file from another; a weak ETag may not be used for ranges."""
    etag = answer.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return answer.headers.get("Last-Modified")


def _retry_after(answer: requests.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 0.0


def _reason(cause: Exception) -> str:
    """The innermost reason: the libraries in between only add the names of their classes."""
    inner: BaseException = cause
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    if isinstance(inner, TimeoutError):
        return "the connection fell silent"
    if isinstance(inner, IncompleteRead):
        return _EARLY
    return f"the connection failed ({getattr(inner, 'strerror', None) or inner})"
