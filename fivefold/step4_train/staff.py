"""Who can train: this process, workers beside it, a group of processes, a cluster."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from joblib import cpu_count

from fivefold.launch.crew import Crew
from fivefold.launch.ddp import Ddp, follow
from fivefold.launch.group import Group
from fivefold.launch.here import Here
from fivefold.launch.meeting import meeting
from fivefold.launch.ray_cluster import RayCluster
from fivefold.launch.where import HERE, Where
from fivefold.plumbing.errors import FivefoldError
from fivefold.plumbing.place import place
from fivefold.plumbing.stopper import answering
from fivefold.step4_train.away import supplies
from fivefold.step4_train.work import Trainer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fivefold.contracts.orders import Launcher
    from fivefold.step4_train.members import Site

WORKER = "fivefold.step4_train.worker"
PER_GPU = 4  # workers; what orders a small net's steps is slower than a GPU at them
GPU_LEAD = 1.5  # seconds in which all of them bring rows and load what a net needs


def hire(
    site: Site,
    run: Path,
    *,
    nets: int,
    where: Where = HERE,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Launcher, ...]:
    """The launchers among which the plan chooses; workers begin to get ready in the background.

    Where processes were begun together, by torchrun say, all of them train every net.

    Args:
        site: Data, device and folder.
        run: The run folder, in which steps 2 and 3 have saved what a worker needs.
        nets: How many nets there may be to train; a single one needs no company.
        where: On this machine, or on a cluster, which then trains them all.
        say: Told what the cluster is like.
    """
    if place().size > 1:
        return (_whole_group(site, run),)
    here = Here(Trainer(site))
    if where.address is not None:
        goods = supplies(site.dataset, run)
        return here, RayCluster(where, goods, site.folder, nets=nets, say=say)
    gpus = torch.cuda.device_count() if site.device.type == "cuda" else 0
    cores = cpu_count(only_physical_cores=True)
    places = max(gpus, min(cores, PER_GPU * gpus)) if gpus else cores
    slots = min(nets, places)
    if slots < 2:
        return (here,)
    threads = max(1, cores // slots)
    lead = GPU_LEAD if gpus else 0.0
    setup = {"run": str(run), "device": site.device.type, "threads": threads, "lead": lead}
    shares = [_share(slot, threads, gpus) for slot in range(slots)]
    return here, Crew(WORKER, setup, shares, site.folder)


def help_train() -> None:
    """In every process of a group but the first: take part in training until that lets go.

    Raises:
        RunError: A process is gone; a ToldError where another process tells the user.
    """
    with answering(signal.SIG_DFL):  # torchrun ends who still waits by a signal
        if not meeting().called():
            return
        group = Group(place(), meeting().store())
        with answering(signal.SIG_IGN):  # the first process decides what a signal means
            follow(group, lambda run, device: Trainer.open(run, device, group.peers))


def _whole_group(site: Site, run: Path) -> Launcher:
    meeting().call()
    group = Group(place(), meeting().store())
    try:
        return Ddp(group, Trainer(replace(site, peers=group.peers)), run, site.device)
    except FivefoldError:
        group.leave()
        raise


def _share(slot: int, threads: int, gpus: int) -> dict[str, str]:
    """A worker's part of the machine, as environment variables: one of the GPUs, by turns."""
    part = {"OMP_NUM_THREADS": str(threads)}
    if not gpus:
        return part
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    gpu = slot % gpus
    own = visible[gpu] if gpu < len(visible) and visible[gpu] else str(gpu)
    return {**part, "CUDA_VISIBLE_DEVICES": own}
