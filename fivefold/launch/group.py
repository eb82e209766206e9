"""Processes that were begun together, and what becomes of them when one fails or is gone.

They talk over two channels. Over the first go orders, and what came of them; between two orders
may lie an hour. Over the second a net is trained, and nobody waits there for longer than
PATIENCE. Whoever fails leaves the second channel, so that the others, who wait for it there, are
woken at once; then all tell over the first one what happened to them. If all do, the second
channel is formed anew and the next net has its turn. If not, a process is gone, and all end.
"""

from __future__ import annotations

import json
import time
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, final

import torch
import torch.distributed as dist

from fivefold.launch.meeting import AS_LONG_AS_IT_TAKES
from fivefold.launch.together import CutOffError, Together
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.files import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch.distributed.distributed_c10d import Store

    from fivefold.plumbing.place import Place

PATIENCE = timedelta(seconds=120)  # for slow disks and first kernels; a kill is seen at once
ROLL_CALL = 3.0  # seconds in which whoever is still there says so
WORDS = 512  # bytes of a reason


class ToldError(RunError):
    """A process is gone; another one tells the user."""


@final
class Group:
    """This process among those that were begun together.

    Args:
        where: Which one it is.
        store: Words that all of them read.

    Attributes:
        where: Which one it is.
        peers: The same processes while they train a net.

    Raises:
        RunError: Not all of them come.
    """

    def __init__(self, where: Place, store: Store) -> None:
        self.where, self.peers = where, Together(where.rank, where.size)
        self._store, self._cuda = store, False
        self._is_busy, self._has_left = False, False
        try:
            dist.init_process_group(
                "gloo",
                store=store,
                rank=where.rank,
                world_size=where.size,
                timeout=AS_LONG_AS_IT_TAKES if where.rank else PATIENCE,
            )
        except RuntimeError as cause:
            raise RunError(
                found=f"not all of {where.size} processes: {str(cause).partition(chr(10))[0]}",
                wanted="processes that reach one another over the network",
                hint="see torchrun's options; GLOO_SOCKET_IFNAME names the network to use",
            ) from cause

    def use(self, device: torch.device) -> None:
        """From now on train on this kind of device; on a machine with several, each on its own.

        To be called in all processes before they do anything together: what they talk over has
        to be of the same make in all of them.

        Raises:
            OptionError: There are fewer GPUs on this machine than processes.
        """
        self._cuda = device.type == "cuda"
        if not self._cuda:
            return
        count = torch.cuda.device_count()
        if count < self.where.local_size:
            raise OptionError(
                found=f"{self.where.local_size} processes on a machine with {count} GPUs",
                wanted="a GPU for every process",
                hint=f"--nproc-per-node={max(1, count)}, or --device cpu",
            )
        torch.cuda.set_device(self.where.local_rank)

    def tell(self, task: dict[str, Any]) -> None:
        """Tell the others what to do next (the first process)."""
        self._orders(task)

    def hear(self) -> dict[str, Any]:
        """Wait for what to do next (the others)."""
        return self._orders({})

    def each(self, action: Callable[[], None]) -> str:
        """Do what every process does by itself: there is nothing to talk over yet.

        Returns:
            Why it came to nothing, in words; empty where it went well everywhere.

        Raises:
            RunError: A process is gone.
        """
        self._is_busy = True
        reasons = self._outcomes(_why(_tried(action)))
        self._is_busy = False
        return _in_words(reasons)

    def together(self, action: Callable[[], None]) -> str:
        """Do what all processes do at the same time, talking over `peers`.

        Returns:
            Why it came to nothing, in words; empty where it went well everywhere.

        Raises:
            OSError: The disk refuses what the first process writes (SafetensorError where that
                library met it).
            RunError: A process is gone; or `action` raises it in the first process.
        """
        self._is_busy = True
        self._form()
        cause = _tried(action)
        if cause is not None:
            self._disband(broken=True)
        reasons = self._outcomes(_why(cause))
        if any(reasons):
            self._disband(broken=True)
            self._form()  # now, while all are known to be there
        self._is_busy = False
        if self.where.rank == 0 and isinstance(cause, (*REFUSED, RunError)):
            raise cause  # no fault of this net's: no other would fare better
        return _in_words(reasons)

    def leave(self) -> None:
        """End the group; the first process lets the others go, whatever they are doing."""
        if self._has_left:
            return
        if self.where.rank == 0 and not self._is_busy:
            with suppress(RunError):  # who is gone need not be let go
                self.tell({"do": "leave"})
        if not self._has_left:
            self._end(broken=self._is_busy)

    def _form(self) -> None:
        if self.peers.channel is None:
            backend = "cpu:gloo,cuda:nccl" if self._cuda else "gloo"
            try:
                self.peers.channel = dist.new_group(backend=backend, timeout=PATIENCE)
            except RuntimeError as cause:
                raise self._lost(cause) from cause

    def _disband(self, *, broken: bool) -> None:
        channel, self.peers.channel = self.peers.channel, None
        if channel is not None:
            if broken and self._cuda:
                channel.abort()  # a kernel may wait for a process that will never come
            dist.destroy_process_group(channel)

    def _orders(self, task: dict[str, Any]) -> dict[str, Any]:
        words = json.dumps(task).encode()
        length = torch.tensor([len(words)])
        try:
            dist.broadcast(length, 0)
            told = torch.empty(int(length), dtype=torch.uint8)
            if self.where.rank == 0:
                told.copy_(torch.frombuffer(bytearray(words), dtype=torch.uint8))
            dist.broadcast(told, 0)
        except RuntimeError as cause:
            raise self._lost(cause) from cause
        return json.loads(told.numpy().tobytes())

    def _outcomes(self, why: str) -> list[str]:
        """What became of every process, in the order of their ranks."""
        own = why.encode()[:WORDS].ljust(WORDS)
        said = [torch.empty(WORDS, dtype=torch.uint8) for _ in range(self.where.size)]
        try:
            dist.all_gather(said, torch.frombuffer(bytearray(own), dtype=torch.uint8))
        except RuntimeError as cause:
            raise self._lost(cause) from cause
        return [words.numpy().tobytes().decode(errors="replace").strip() for words in said]

    def _lost(self, cause: RuntimeError) -> RunError:
        """End the group and call the roll: who is missing, and who tells the user."""
        _let_go(cause)
        self._end(broken=True)  # so that everyone who waits for this process wakes, and answers
        deadline = time.monotonic() + ROLL_CALL
        gone = set(range(self.where.size)) - {self.where.rank}
        with suppress(RuntimeError):  # the store may be gone, with the machine that kept it
            while gone and time.monotonic() < deadline:
                gone = {rank for rank in gone if not self._store.check([f"here/{rank}"])}
                time.sleep(0.05)
        missing = " and ".join(map(str, sorted(gone))) or "unknown"
        told = {
            "found": f"process {missing} of {self.where.size} (from 0 on) does not answer any more",
            "wanted": "all of them until the end",
            "hint": "the same command with --resume goes on from here",
        }
        first = min(set(range(self.where.size)) - gone)
        return RunError(**told) if self.where.rank == first else ToldError(**told)

    def _end(self, *, broken: bool) -> None:
        self._has_left = True
        with suppress(RuntimeError):  # the store may be gone, and with it whoever could read it
            self._store.set(f"here/{self.where.rank}", "yes")
        self._disband(broken=broken)
        dist.destroy_process_group()


def _tried(action: Callable[[], None]) -> Exception | None:
    """What an action dies of; whatever it is, the other processes have to hear of it."""
    try:
        action()
    except Exception as cause:  # noqa: BLE001 - see above
        _let_go(cause)
        return cause
    return None


def _let_go(error: BaseException | None) -> None:
    """Empty the frames that an error keeps, as they may hold a channel.

    gloo closes one only when nobody holds it any more, and then only do those wake who wait there.
    """
    known: set[int] = set()
    left = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in known:
            continue
        known.add(id(one))
        traceback.clear_frames(one.__traceback__)
        left += [one.__cause__, one.__context__]


def _why(cause: Exception | None) -> str:
    if cause is None:
        return ""
    if isinstance(cause, CutOffError):
        return f"cut off: {cause}"
    return f"{type(cause).__name__}: {cause}"


def _in_words(reasons: list[str]) -> str:
    """Reasons of all processes in one sentence; who was only cut off by another's comes last."""
    if not any(reasons):
        return ""
    causes = [r for r in reasons if r and not r.startswith("cut off")]
    if not causes:
        return next(r for r in reasons if r)
    rank = reasons.index(causes[0])
    return causes[0] if causes == reasons else f"{causes[0]} (in process {rank})"
