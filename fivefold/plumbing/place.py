"""Which process of a group this one is, as torchrun and its kin say in the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A process of a group that was begun together.

    Attributes:
        rank: Its number; the first process, 0, does the five steps, the others help it train.
        size: Number of processes.
        local_rank: Its number among those on the same machine.
        local_size: Number of processes on the same machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def machines(self) -> int:
        """Number of machines, all with as many processes as this one."""
        return max(1, self.size // self.local_size)


def place() -> Place:
    """The place of this process; a process that was begun by itself is a group of its own."""
    told = os.environ
    size = int(told.get("WORLD_SIZE", "1"))
    if size == 1 or not {"RANK", "MASTER_ADDR", "MASTER_PORT"} <= told.keys():
        return Place()
    return Place(
        rank=int(told["RANK"]),
        size=size,
        local_rank=int(told.get("LOCAL_RANK", told["RANK"])),
        local_size=int(told.get("LOCAL_WORLD_SIZE", size)),
    )
