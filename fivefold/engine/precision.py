"""Where arithmetic runs, in which precision, and from which seed."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import torch
from torch import nn

from fivefold.plumbing.errors import OptionError

M = TypeVar("M", bound=nn.Module)


def channels_last(net: M) -> M:
    """Lay filters out with channels last, in place: the layout in which convolutions are fast."""
    for p in net.parameters():
        if p.ndim == 4:
            p.data = p.data.contiguous(memory_format=torch.channels_last)
    return net


def choose_device(wanted: str) -> torch.device:
    """The device behind a word; `auto` takes the GPU where there is one.

    Raises:
        OptionError: The word is unknown, or there is no such device here.
    """
    if wanted not in ("auto", "cpu", "cuda"):
        raise OptionError(
            found=f"device {wanted!r}", wanted="auto, cpu or cuda", hint="try --device auto"
        )
    if wanted == "cuda" and not torch.cuda.is_available():
        raise OptionError(
            found="no CUDA device", wanted="a GPU that torch can see", hint="try --device auto"
        )
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


@cache
def has_fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 products are native there (on others they are slower than float32)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capability = torch.cpu.get_capabilities()
    return bool(capability.get("avx512_bf16") or capability.get("amx_bf16"))


def autocast(device: torch.device) -> torch.autocast:
    """Bfloat16 where the processor has it, float32 elsewhere."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_fast_bf16(device))


def seed_all(device: torch.device, seed: int) -> None:
    """Seed torch's global streams of the CPU and of `device`.

    `torch.manual_seed` does so for every kind of device there might be, and formats a stack trace
    for each that is not in use (lab/LOG.md).
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def wake(device: torch.device) -> None:
    """Use the libraries of a GPU once: its first products and convolutions load them."""
    x = torch.ones(8, 8, 8, 8, device=device, requires_grad=True)
    filters = torch.ones(8, 8, 3, 3, device=device, requires_grad=True)
    with autocast(device):
        mixed = nn.functional.conv2d(x, filters).flatten(1)
        product = mixed @ mixed.mT
    torch.autograd.backward(product.float().sum())
    torch.cuda.synchronize(device)
