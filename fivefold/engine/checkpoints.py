"""The state of a training in one file that is whole or not there; resumed to the same numbers."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fivefold.engine.peers import ALONE, Parts, Peers
from fivefold.plumbing.files import atomic, litter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY = 15.0  # seconds between two saves
SHARE = 0.02  # of the time, which saving may not exceed


class DamagedError(Exception):
    """A checkpoint that cannot be resumed from; the message is the reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A training as it stood after some step.

    Attributes:
        tensors: By name, in host memory.
        facts: Plain JSON values.
    """

    tensors: dict[str, Tensor]
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """What a checkpoint holds.

    Attributes:
        now: Where training goes on.
        good: Where it goes back to should it diverge; often the same.
        mishaps: What went wrong so far, as plain JSON values.
    """

    now: Moment
    good: Moment
    mishaps: dict[str, Any]

    def parts(self) -> Parts:
        """All of it as named tensors and JSON values."""
        moments = {"now": self.now}
        if self.good is not self.now:
            moments["good"] = self.good
        tensors = {
            f"{moment}.{name}": tensor.contiguous()
            for moment, at in moments.items()
            for name, tensor in at.tensors.items()
        }
        facts = {moment: at.facts for moment, at in moments.items()}
        return tensors, {"facts": facts, "mishaps": self.mishaps}

    @classmethod
    def of(cls, parts: Parts) -> Saved:
        """From what `parts` gave."""
        tensors, told = parts
        moments = {
            name: Moment(tensors=_of_moment(tensors, name), facts=facts)
            for name, facts in told["facts"].items()
        }
        now = moments["now"]
        return cls(now=now, good=moments.get("good", now), mishaps=told["mishaps"])


@final
class Rhythm:
    """When work that keeps training from going on is due: now and then, seldom where it is dear.

    Args:
        every: Seconds between two times.
        share: Of the time; what took s seconds is not due again for s / share seconds.
    """

    def __init__(self, every: float = EVERY, share: float = SHARE) -> None:
        self.every, self.share = every, share
        self._last, self._ended = 0.0, time.monotonic()

    def due(self) -> bool:
        """Whether it is time."""
        wait = max(self.every, self._last / self.share)
        return time.monotonic() - self._ended >= wait

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Around the work."""
        begin = time.monotonic()
        yield
        self._ended = time.monotonic()
        self._last = self._ended - begin


@final
class Checkpoint:
    """One file per net in training.

    Args:
        path: Where the file is kept; removed by `clear` when the net is done.
        every: Seconds between two saves.
        share: Of the time, which saving may not exceed.
        peers: Who trains it together; the first process writes the file, and hands it out.
    """

    def __init__(
        self, path: Path, *, every: float = EVERY, share: float = SHARE, peers: Peers = ALONE
    ) -> None:
        self.path = path
        self.rhythm = Rhythm(every, share)
        self._peers = peers

    def save(self, saved: Saved, of: dict[str, Any]) -> None:
        """Write the state of a training, and in `of` (JSON values) what it is a training of."""
        if self._peers.rank:
            return
        tensors, told = saved.parts()
        with atomic(self.path) as temporary:
            save_file(tensors, temporary, metadata={"training": json.dumps({"of": of, **told})})

    def load(self, of: dict[str, Any]) -> Saved | None:
        """What was saved last; None where nothing was.

        Args:
            of: As it was saved with.

        Raises:
            DamagedError: The file is cut off, or belongs to another training; told by the first
                process alone, the others get None.
        """
        # The others might still see an older file where many machines share a disk.
        parts = None
        try:
            if not self._peers.rank:
                parts = self._read(of)
        finally:
            parts = self._peers.hand_out(parts)
        return None if parts is None else Saved.of(parts)

    def clear(self) -> None:
        """Remove the file; the net is done."""
        self.path.unlink(missing_ok=True)
        self._sweep()

    def _read(self, of: dict[str, Any]) -> Parts | None:
        self._sweep()
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                told = json.loads(file.metadata()["training"])
                # Copies, because the file is replaced while they are in use.
                parts = {k: file.get_tensor(k).clone() for k in file.keys()}, told  # noqa: SIM118
                Saved.of(parts)
        except (OSError, ValueError, LookupError, TypeError, SafetensorError) as cause:
            raise DamagedError(f"it is damaged: {cause}") from cause
        if told["of"] != json.loads(json.dumps(of)):
            raise DamagedError("it is one of another training")
        return parts

    def _sweep(self) -> None:
        """Remove what a process left that was killed while it saved."""
        for file in litter(self.path):
            file.unlink(missing_ok=True)


def _of_moment(tensors: dict[str, Tensor], moment: str) -> dict[str, Tensor]:
    prefix = f"{moment}."
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
