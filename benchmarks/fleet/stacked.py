"""Equal nets with their parameters stacked (`torch.func`), beside one after the other.

What a stack can save: a call of every operation for each net. Forward and backward only, in float32
(batch norms in a stack know no other); changes of the data and optimisers would come on top on both
sides.
"""

from __future__ import annotations

import copy
import statistics
import time
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from benchmarks import plans
from benchmarks.engine.peak import wait_for
from benchmarks.fleet.ratio import NETS
from fivefold.engine.precision import channels_last, choose_device
from fivefold.step4_train.build import fresh_net

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.harness import Arena
    from benchmarks.plans import Choice
    from fivefold.nets.base import Net

ROUNDS = 3
ROUND_SECONDS = 3.0  # of either side in a round
WARM = 2  # steps that find out how to compute


def measure(
    arena: Arena, choice: Choice, *, rounds: int = ROUNDS, seconds: float = ROUND_SECONDS
) -> dict[str, Any]:
    """Time a step of NETS equal nets as a stack and one by one, in turn.

    Args:
        arena: The data, of which one batch is taken.
        choice: Size of the nets.
        rounds: How often; medians are reported.
        seconds: Of either side in a round.
    """
    device = choose_device("auto")
    recipe = plans.hand_recipe(arena, choice)
    nets = [fresh(arena, choice, seed, device) for seed in range(NETS)]
    batch = min(recipe.batch, len(arena.dataset.rows))
    raw = torch.from_numpy(arena.dataset.rows.take(slice(0, batch))).to(device)
    x = nets[0].intake.plain(raw, recipe.size)
    target = torch.from_numpy(arena.dataset.targets[:batch]).to(device)
    apart, together = one_by_one(nets, x, target), stacked(nets, x, target)
    slow, fast = [], []
    for _ in range(rounds):
        slow.append(_per_step(apart, seconds, device))
        fast.append(_per_step(together, seconds, device))
    ratios = [f / s for f, s in zip(fast, slow, strict=True)]
    return {
        "recipe": str(choice),
        "batch": batch,
        "device": device.type,
        "apart_ms": round(1000 * statistics.median(slow), 2),
        "stacked_ms": round(1000 * statistics.median(fast), 2),
        "ratio": round(statistics.median(ratios), 3),
        "low": round(min(ratios), 3),
        "high": round(max(ratios), 3),
    }


def one_by_one(nets: Sequence[Net], x: Tensor, target: Tensor) -> Callable[[], list[Tensor]]:
    """A step of all nets in turn; it gives the gradients of each net's first learned parameter."""

    def step() -> list[Tensor]:
        for net in nets:
            net.zero_grad()
            _loss(
                net, dict(net.named_parameters()), dict(net.named_buffers()), x, target
            ).backward()
        return [_first(dict(net.named_parameters())) for net in nets]

    return step


def stacked(nets: Sequence[Net], x: Tensor, target: Tensor) -> Callable[[], list[Tensor]]:
    """The same as one stack: every operation once, over a dimension of nets."""
    parameters, buffers = stack_module_state(list(nets))
    frozen = {name for name, p in nets[0].named_parameters() if not p.requires_grad}
    for name in frozen:
        parameters[name].requires_grad_(False)  # noqa: FBT003 - torch's own signature
    empty = copy.deepcopy(nets[0]).to("meta")

    def loss(own: dict[str, Tensor], kept: dict[str, Tensor]) -> Tensor:
        return _loss(empty, own, kept, x, target)

    def step() -> list[Tensor]:
        for p in parameters.values():
            p.grad = None
        vmap(loss, randomness="different")(parameters, buffers).sum().backward()
        return list(_first(parameters))

    return step


def _loss(
    net: Net, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, target: Tensor
) -> Tensor:
    return net.head.loss(functional_call(net, (parameters, buffers), (x,)), target)


def _first(parameters: dict[str, Tensor]) -> Tensor:
    found = next(p.grad for p in parameters.values() if p.grad is not None)
    return found.detach()


def fresh(arena: Arena, choice: Choice, seed: int, device: torch.device) -> Net:
    """An untrained net on its device, in training mode."""
    net = fresh_net(arena.dataset, plans.hand_recipe(arena, choice, seed))
    return channels_last(net.to(device)).train()


def _per_step(step: Callable[[], object], seconds: float, device: torch.device) -> float:
    """Seconds of one step, in the mean over about `seconds`."""
    for _ in range(WARM):
        step()
    done, begin = 0, _now(device)
    while not done or time.perf_counter() - begin < seconds:
        step()
        done += 1
    return (_now(device) - begin) / done


def _now(device: torch.device) -> float:
    wait_for(device)
    return time.perf_counter()
