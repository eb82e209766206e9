"""The way into a Ray cluster, without Ray's chatter and without its habits in our process."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fivefold.plumbing.errors import RunError
from fivefold.plumbing.quiet import quiet

if TYPE_CHECKING:
    from collections.abc import Iterator

# Read by Ray when it is imported or started. No usage statistics are sent, and what machines and
# workers print stays in Ray's own logs.
SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
    "RAY_SCHEDULER_EVENTS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
}
PORT_SECONDS = 10.0  # until a port that does not answer counts as closed


def linked(address: str) -> tuple[Any, bool]:
    """Ray, connected, and whether it is for us to disconnect it.

    Args:
        address: As `Where.address`; a program that has connected to Ray already stays so.

    Raises:
        RunError: There is no cluster.
    """
    os.environ.update({name: value for name, value in SILENT.items() if name not in os.environ})
    with quiet():
        import ray

        if ray.is_initialized():
            return ray, False
        try:
            _see_port(address or os.environ.get("RAY_ADDRESS", ""))
            with _own_signals():
                ray.init(
                    address=address or None,
                    include_dashboard=None if address else False,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                )
        except Exception as cause:  # Ray's own errors are of many kinds
            raise RunError(
                found=f"no Ray cluster at {address or 'this machine'}: {_first_line(cause)}",
                wanted="one that runs, with the same versions of Python and Ray",
                hint="start one with ray start --head, or leave out the address for this machine",
            ) from cause
    return ray, True


def _see_port(address: str) -> None:
    """Ray would try for minutes to reach a port where nobody listens.

    Raises:
        OSError: Nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=PORT_SECONDS).close()


def _first_line(cause: Exception) -> str:
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray puts its own handler for SIGTERM in place of ours."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
