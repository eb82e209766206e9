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
    """

    def __init__(self, path: Path, *, every: float = EVERY, share: float = SHARE) -> None:
        self.path = path
        self.rhythm = Rhythm(every, share)

    def save(self, saved: Saved, of: dict[str, Any]) -> None:
        """Write the state of a training, and in `of` (JSON values) what it is a training of."""
        moments = {"now": saved.now}
        if saved.good is not saved.now:
            moments["good"] = saved.good
        tensors = {
            f"{moment}.{name}": tensor.contiguous()
            for moment, at in moments.items()
            for name, tensor in at.tensors.items()
        }
        facts = {moment: at.facts for moment, at in moments.items()}
        words = json.dumps({"of": of, "facts": facts, "mishaps": saved.mishaps})
        with atomic(self.path) as temporary:
            save_file(tensors, temporary, metadata={"training": words})

    def load(self, of: dict[str, Any]) -> Saved | None:
        """What was saved last; None where nothing was.

        Args:
            of: As it was saved with.

        Raises:
            DamagedError: The file is cut off, or belongs to another training.
        """
        self._sweep()
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                told = json.loads(file.metadata()["training"])
                # Copies, because the file is replaced while they are in use.
                tensors = {k: file.get_tensor(k).clone() for k in file.keys()}  # noqa: SIM118
                moments = {
                    name: Moment(tensors=_of_moment(tensors, name), facts=facts)
                    for name, facts in told["facts"].items()
                }
                now = moments["now"]
                saved = Saved(now=now, good=moments.get("good", now), mishaps=told["mishaps"])
        except (OSError, ValueError, LookupError, TypeError, SafetensorError) as cause:
            raise DamagedError(f"it is damaged: {cause}") from cause
        if told["of"] != json.loads(json.dumps(of)):
            raise DamagedError("it is one of another training")
        return saved

    def clear(self) -> None:
        """Remove the file; the net is done."""
        self.path.unlink(missing_ok=True)
        self._sweep()

    def _sweep(self) -> None:
        """Remove what a process left that was killed while it saved."""
        for file in litter(self.path):
            file.unlink(missing_ok=True)


def _of_moment(tensors: dict[str, Tensor], moment: str) -> dict[str, Tensor]:
    prefix = f"{moment}."
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
