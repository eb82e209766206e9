"""The state of a training in one file that is whole or not there; resumed to the same numbers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, final

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from fivefold.plumbing.files import atomic

if TYPE_CHECKING:
    from pathlib import Path


@final
class Checkpoint:
    """One file per net in training.

    Args:
        path: Where the file is kept; removed by `clear` when the net is done.
        every: Seconds between two saves.
    """

    def __init__(self, path: Path, *, every: float = 15.0) -> None:
        self.path = path
        self.every = every

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Write tensors by name, and plain facts as JSON beside them in the same file."""
        with atomic(self.path) as temporary:
            whole = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
            save_file(whole, temporary, metadata={"facts": json.dumps(facts)})

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """What was saved last; None where nothing was."""
        if not self.path.exists():
            return None
        with safe_open(self.path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, json.loads(file.metadata()["facts"])

    def clear(self) -> None:
        """Remove the file; the net is done."""
        self.path.unlink(missing_ok=True)


def optimiser_tensors(optimisers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The state of optimisers as named tensors."""
    return {
        f"optimiser.{i}.{p}.{key}": torch.as_tensor(value)
        for i, optimiser in enumerate(optimisers)
        for p, state in optimiser.state_dict()["state"].items()
        for key, value in state.items()
    }


def restore_optimisers(optimisers: list[torch.optim.Optimizer], tensors: dict[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` gave."""
    for i, optimiser in enumerate(optimisers):
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith(f"optimiser.{i}."):
                _, _, p, key = name.split(".", 3)
                state.setdefault(int(p), {})[key] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
        _lay_out(optimiser.state)


def _lay_out(state: dict[Any, Any]) -> None:
    """Lay each state tensor out as its parameter lies: fused kernels walk both as plain memory."""
    for p, values in state.items():
        for key, value in values.items():
            if value.shape == p.shape:
                values[key] = torch.empty_like(p).copy_(value)
