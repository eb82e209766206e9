"""All that changes while a net learns: kept as a moment, and put back to the same bits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, final

import torch
from torch import Tensor

from fivefold.contracts.records import CurvePoint
from fivefold.engine.average import Lookahead
from fivefold.engine.batches import Position
from fivefold.engine.checkpoints import Moment
from fivefold.engine.optimisers import build_optimisers

if TYPE_CHECKING:
    from fivefold.contracts.records import Recipe
    from fivefold.nets.base import Net


@final
@dataclass
class State:
    """Where a training stands, beside its tensors.

    Attributes:
        step: Steps made.
        position: The next batch.
        curve: Points of the learning curve.
        seconds: Wall-clock used, earlier sittings included.
        progress: Share of training done before the last step.
    """

    step: int = 0
    position: Position = field(default_factory=Position)
    curve: list[CurvePoint] = field(default_factory=list)
    seconds: float = 0.0
    progress: float = 0.0


@final
class Learner:
    """A net, the average of its weights, its optimisers, and where it stands.

    Args:
        net: On its device, with its initial weights.
        recipe: Names the optimisers.
        device: Of the net.
    """

    def __init__(self, net: Net, recipe: Recipe, device: torch.device) -> None:
        self.net, self.state = net, State()
        self.optimisers = build_optimisers(net, recipe)
        self.lookahead = Lookahead(net)
        self.generator = torch.Generator(device)  # seeded at every step

    def moment(self) -> Moment:
        """A copy in host memory, which training on does not touch."""
        found = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        found |= {f"average.{k}": v for k, v in self.lookahead.average.items()}
        found |= _optimiser_tensors(self.optimisers)
        copies = {k: v.detach().to("cpu", copy=True) for k, v in found.items()}
        return Moment(tensors=copies, facts=asdict(self.state))

    def go_to(self, moment: Moment) -> None:
        """Stand where `moment` stood, on another kind of device too; it stays as it is."""
        tensors, facts = moment.tensors, moment.facts

        def part(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        self.net.load_state_dict(part("net."))
        for name, value in part("average.").items():
            self.lookahead.average[name].copy_(value)
        _restore_optimisers(self.optimisers, tensors)
        self.state = State(
            step=facts["step"],
            position=Position(**facts["position"]),
            curve=[CurvePoint(**point) for point in facts["curve"]],
            seconds=facts["seconds"],
            progress=facts["progress"],
        )

    def finite(self) -> bool:
        """Whether all weights and statistics are numbers, the averaged ones too."""
        every = [*self.net.state_dict().values(), *self.lookahead.average.values()]
        flags = [v.isfinite().all() for v in every if v.is_floating_point()]
        return bool(torch.stack(flags).all())  # one look at the device for all of them


def _optimiser_tensors(optimisers: list[torch.optim.Optimizer]) -> dict[str, Tensor]:
    return {
        f"optimiser.{i}.{p}.{key}": torch.as_tensor(value)
        for i, optimiser in enumerate(optimisers)
        for p, state in optimiser.state_dict()["state"].items()
        for key, value in state.items()
    }


def _restore_optimisers(
    optimisers: list[torch.optim.Optimizer], tensors: dict[str, Tensor]
) -> None:
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
    """Lay each state tensor out as its parameter lies: fused kernels walk both as plain memory.

    All are copies: what optimisers load they go on to change in place.
    """
    for p, values in state.items():
        for key, value in values.items():
            like = p if value.shape == p.shape else value
            values[key] = torch.empty_like(like).copy_(value)
