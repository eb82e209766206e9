"""Who can train: this process, a worker per core or per GPU beside it, a cluster."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import torch
from joblib import cpu_count

from fivefold.launch.crew import Crew
from fivefold.launch.here import Here
from fivefold.launch.ray_cluster import RayCluster
from fivefold.step4_train.away import supplies
from fivefold.step4_train.work import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fivefold.contracts.orders import Launcher
    from fivefold.launch.where import Where
    from fivefold.step4_train.members import Site

WORKER = "fivefold.step4_train.worker"


def hire(
    site: Site,
    run: Path,
    *,
    nets: int,
    where: Where,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Launcher, ...]:
    """The launchers among which the plan chooses; workers begin to get ready in the background.

    Args:
        site: Data, device and folder.
        run: The run folder, in which steps 2 and 3 have saved what a worker needs.
        nets: How many nets there may be to train; a single one needs no company.
        where: On this machine, or on a cluster, which then trains them all.
        say: Told what the cluster is like.
    """
    here = Here(Trainer(site))
    if where.address is not None:
        goods = supplies(site.dataset, run)
        return here, RayCluster(where, goods, site.folder, nets=nets, say=say)
    cuda = site.device.type == "cuda"
    cores = cpu_count(only_physical_cores=True)
    slots = min(nets, torch.cuda.device_count() if cuda else cores)
    if slots < 2:
        return (here,)
    threads = max(1, cores // slots)
    setup = {"run": str(run), "device": site.device.type, "threads": threads}
    shares = [_share(slot, threads, cuda=cuda) for slot in range(slots)]
    return here, Crew(WORKER, setup, shares, site.folder)


def _share(slot: int, threads: int, *, cuda: bool) -> dict[str, str]:
    """A worker's part of the machine, as environment variables."""
    part = {"OMP_NUM_THREADS": str(threads)}
    if not cuda:
        return part
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    own = visible[slot] if slot < len(visible) and visible[slot] else str(slot)
    return {**part, "CUDA_VISIBLE_DEVICES": own}
