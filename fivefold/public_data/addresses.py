"""Which addresses are asked: https, and plain http only on this machine itself."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from fivefold.plumbing.errors import RunError

_HERE = {"localhost", "127.0.0.1", "::1"}


def refusal(url: str) -> str | None:
    """Why an address is not asked; None where it is."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and parts.hostname in _HERE:
        return None
    return f"{url!r} is no https address"


def redirected(url: str, location: str | None) -> str:
    """Where a redirect from `url` leads.

    Raises:
        RunError: Nowhere, or from https to something else.
    """
    target = urljoin(url, location or "")
    secure = urlsplit(url).scheme == "https"
    if not location or refusal(target) or (secure and urlsplit(target).scheme != "https"):
        raise RunError(
            found=f"{url} leads to {target if location else 'nowhere'}",
            wanted="an https address behind it",
            hint="the publisher's server is set up wrongly; try again later",
        )
    return target
