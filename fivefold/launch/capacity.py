"""How many nets a cluster can train side by side, and how much of it each may use: arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fivefold.plumbing.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.launch.where import Where

_ROUNDING = 1e-9  # 0.1 + 0.2 is not 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What one machine of a cluster has to give."""

    cpus: float
    gpus: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What each net asks for, and how many nets find room with that.

    Attributes:
        cpus: Cores.
        gpus: One GPU or a part of one, or none.
        slots: Nets side by side.
    """

    cpus: float
    gpus: float
    slots: int


def room(machine: Machine, cpus: float, gpus: float) -> int:
    """Nets that find room on one machine; a net never spans two, nor two GPUs."""
    by_cpu = int(machine.cpus / cpus + _ROUNDING)
    if gpus <= 0:
        return by_cpu
    return min(by_cpu, int(machine.gpus) * int(1 / gpus + _ROUNDING))


def request(machines: Sequence[Machine], nets: int, where: Where) -> Request:
    """What each of `nets` nets asks for.

    What was not said is settled so that as many as possible run side by side, and each then gets
    as many cores as its machine can spare.

    Raises:
        OptionError: No machine has room for one net.
    """
    most = max((m.gpus for m in machines), default=0.0)
    gpus = where.gpus if where.gpus is not None else float(most >= 1)

    def slots(cpus: float) -> int:
        return min(nets, sum(room(machine, cpus, gpus) for machine in machines))

    cpus = where.cpus
    if cpus is None:
        cores = range(1, int(max((m.cpus for m in machines), default=0.0)) + 1)
        cpus = float(max(cores, key=lambda count: (slots(count), count), default=1))
    if slots(cpus) == 0:
        largest = max(machines, key=lambda m: (m.gpus, m.cpus), default=Machine(cpus=0, gpus=0))
        raise OptionError(
            found=f"a cluster whose largest machine gives {largest.cpus:g} cores and "
            f"{largest.gpus:g} GPUs",
            wanted=f"room for a net that asks for {cpus:g} cores and {gpus:g} GPUs",
            hint="lower --member-cpus or --member-gpus, or wait until a machine has joined",
        )
    return Request(cpus=cpus, gpus=gpus, slots=slots(cpus))
