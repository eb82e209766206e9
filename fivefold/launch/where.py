"""Where nets are trained, as it was asked: on this machine, or on a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.place import place


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where nets are trained, and what each may use there.

    Attributes:
        address: Address of a cluster as Ray understands it, empty for the one that Ray finds or
            else starts on this machine; None for no cluster at all.
        cpus: Cores that each net asks for; None leaves it to the size of the cluster.
        gpus: GPUs that each net asks for: none, one, or a part of one; None asks for one where
            there are any.
    """

    address: str | None = None
    cpus: float | None = None
    gpus: float | None = None


HERE = Where()


def where(launch: str, cpus: float | None, gpus: float | None, device: str = "auto") -> Where:
    """Read `--launch`, `--member-cpus`, `--member-gpus` and what `--device` means on a cluster.

    Raises:
        OptionError: They cannot be understood, or do not go together, or torchrun began several
            processes, which train every net by themselves.
        RunError: Ray is not installed.
    """
    word, _, address = launch.partition(":")
    if word not in {"here", "ray"} or (word == "here" and launch != "here"):
        raise OptionError(
            found=f"--launch {launch}",
            wanted="here, ray, ray:ADDRESS or ray://HOST:PORT",
            hint="try --launch ray",
        )
    if word == "here":
        if cpus is not None or gpus is not None:
            raise OptionError(
                found="--member-cpus or --member-gpus on one machine",
                wanted="a cluster, on which each net asks for its share",
                hint="add --launch ray, or leave them out",
            )
        return Where()
    if cpus is not None and not _can_be_asked(cpus):
        raise OptionError(
            found=f"--member-cpus {cpus:g}",
            wanted="a whole number of cores, or a part of one",
            hint="try --member-cpus 4",
        )
    if gpus is not None and not 0 <= gpus <= 1:
        raise OptionError(
            found=f"--member-gpus {gpus:g}",
            wanted="0, 1 or a part of one: a net is trained on one GPU",
            hint="try --member-gpus 1",
        )
    _refuse_gpus_on_cpu(device, gpus)
    _refuse_torchrun()
    need_ray(remote=address.startswith("//"))
    return Where(
        address=launch if address.startswith("//") else address,
        cpus=cpus,
        gpus=0.0 if device == "cpu" else gpus,
    )


def need_ray(*, remote: bool) -> None:
    """Say what to type where Ray is missing, before anything is read.

    Raises:
        RunError: It is.
    """
    missing = [name for name in ("ray", *(["grpc"] if remote else [])) if find_spec(name) is None]
    if missing:
        raise RunError(
            found=f"--launch ray without the package {missing[0]}",
            wanted="Ray, which is not installed here",
            hint="pip install 'fivefold[ray]'",
        )


def _refuse_torchrun() -> None:
    if place().size > 1:
        raise OptionError(
            found=f"--launch ray in one of {place().size} processes begun together",
            wanted="one command: either torchrun trains each net in all processes, or Ray shares "
            "the nets out",
            hint="leave out torchrun, or leave out --launch",
        )


def _refuse_gpus_on_cpu(device: str, gpus: float | None) -> None:
    if device == "cpu" and gpus:
        raise OptionError(
            found=f"--device cpu with --member-gpus {gpus:g}",
            wanted="nets on CPUs, or on GPUs",
            hint="leave out one of the two",
        )


def _can_be_asked(count: float) -> bool:
    """Ray gives out whole ones, or parts of a single one."""
    return 0 < count < 1 or (count >= 1 and count == int(count))
