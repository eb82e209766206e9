"""What moves the weights: Muon for the filters of the convnet, SGD or AdamW elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, final

import torch
from torch import Tensor, nn

from fivefold.engine.precision import has_fast_bf16
from fivefold.engine.replay import Replay, Tensors
from fivefold.plumbing.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fivefold.contracts.records import Recipe
    from fivefold.nets.base import Net

HEAD_RATE = 0.0015  # per row of the batch
BIAS_RATE = 0.053  # biases after a batch norm of fixed scale want far larger steps
WEIGHT_DECAY = 2e-6
SMALL_FILTER = 1 << 18  # numbers; larger ones are moved one by one on a CPU, for memory


def orthogonalise(gradient: Tensor, steps: int = 3) -> Tensor:
    """The nearest matrix with equal singular values, by Newton-Schulz iteration.

    Args:
        gradient: (rows, columns), or a stack of such matrices (n, rows, columns).
        steps: Iterations; three are enough for an update.

    Returns:
        Of the same shape; singular values lie around one (Jordan 2024, Muon).
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    # Where bfloat16 is emulated the update would cost more than the rest of the step (lab/LOG.md).
    x = gradient.bfloat16() if has_fast_bf16(gradient.device) else gradient.float()
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    tall = x.size(-2) > x.size(-1)
    if tall:
        x = x.mT
    add_product = torch.addmm if x.ndim == 2 else torch.baddbmm
    for _ in range(steps):
        gram = x @ x.mT
        gram = add_product(gram, gram, gram, beta=b, alpha=c)
        x = add_product(x, gram, x, beta=a)
    return (x.mT if tall else x).to(gradient.dtype)


@final
class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised; filters keep a fixed norm (Jordan 2024).

    `torch.optim.Muon` takes matrices only; here filters (O, I, h, w) count as (O, I*h*w).
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.6) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})
        self._replays = [Replay() for _ in self.param_groups]

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move every filter once; `closure` is not used."""
        del closure
        for group, replay in zip(self.param_groups, self._replays, strict=True):
            filters = [self._filter(p, p.grad) for p in group["params"] if p.grad is not None]
            if not filters:
                continue
            rate = (torch.full((), group["lr"], device=filters[0].p.device),)
            if not filters[0].p.is_cuda:
                small = [each for each in filters if each.p.numel() <= SMALL_FILTER]
                large = [[each] for each in filters if each.p.numel() > SMALL_FILTER]
                for some in filter(None, [small, *large]):
                    _move(some, group["momentum"], rate)
            else:
                addresses = (x.data_ptr() for each in filters for x in each)
                replay(partial(_move, filters, group["momentum"]), rate, *addresses)

    def _filter(self, p: Tensor, gradient: Tensor) -> _Filter:
        state = self.state[p]
        if not state:
            state["momentum"] = torch.zeros_like(p)
        return _Filter(p, gradient, state["momentum"])


class _Filter(NamedTuple):
    p: Tensor
    gradient: Tensor
    momentum: Tensor


def _move(filters: list[_Filter], momentum: float, given: Tensors, *_addresses: int) -> Tensors:
    """Move filters once at the rate given."""
    params, gradients, moments = map(list, zip(*filters, strict=True))
    torch._foreach_mul_(moments, momentum)
    torch._foreach_add_(moments, gradients)
    updates = _orthogonalised(torch._foreach_add(gradients, moments, alpha=momentum))
    torch._foreach_mul_(updates, given[0])
    norms = torch._foreach_norm(params)
    torch._foreach_add_(norms, 1e-7)
    torch._foreach_div_(params, norms)
    torch._foreach_mul_(params, [len(p) ** 0.5 for p in params])
    torch._foreach_sub_(params, updates)
    return ()


def _orthogonalised(filters: Sequence[Tensor]) -> list[Tensor]:
    """Each of them, those of one shape at once: a call takes longer than it does to few."""
    # In whatever order the columns of a matrix stand: as they lie in memory nothing is moved.
    laid = [f.permute(0, 2, 3, 1) if f.ndim == 4 else f for f in filters]
    matrices = [f.reshape(len(f), -1) for f in laid]
    alike: dict[torch.Size, list[int]] = {}
    for place, matrix in enumerate(matrices):
        alike.setdefault(matrix.shape, []).append(place)
    found = list(filters)
    for places in alike.values():
        some = [matrices[place] for place in places]
        updates = [orthogonalise(some[0])] if len(some) == 1 else orthogonalise(torch.stack(some))
        for place, update in zip(places, updates, strict=True):
            own = update.view(laid[place].shape)
            found[place] = own.permute(0, 3, 1, 2) if own.ndim == 4 else own
    return found


def build_optimisers(net: Net, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """The optimisers of a net; each parameter belongs to exactly one.

    Raises:
        OptionError: The recipe names an unknown optimiser.
    """
    build = _BUILDERS.get(recipe.optimiser)
    if build is None:
        raise OptionError(
            found=f"optimiser {recipe.optimiser!r}",
            wanted=f"one of {', '.join(_BUILDERS)}",
            hint="see fivefold/engine/optimisers.py",
        )
    optimisers = build(net, recipe)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return optimisers


def rise_of(recipe: Recipe) -> float:
    """Share of training in which the rate rises, as the optimiser likes it."""
    return 0.02 if recipe.optimiser == "muon" else 0.2


def set_rate(optimisers: list[torch.optim.Optimizer], share: float) -> None:
    """Set every rate to `share` of its peak."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * share


def _trained(module: nn.Module) -> list[Tensor]:
    return [p for p in module.parameters() if p.requires_grad]


def _muon(net: Net, recipe: Recipe) -> list[torch.optim.Optimizer]:
    filters = [p for p in _trained(net.encoder) if p.ndim >= 2]
    biases = [p for p in _trained(net.encoder) if p.ndim < 2]
    groups = [_per_row(biases, BIAS_RATE, recipe), _per_row(_trained(net.head), HEAD_RATE, recipe)]
    groups = [group for group in groups if group["params"]]
    return [
        Muon(filters, lr=recipe.rate),
        torch.optim.SGD(groups, lr=0.1, momentum=0.85, nesterov=True, fused=True),
    ]


def _per_row(params: list[Tensor], rate: float, recipe: Recipe) -> dict[str, Any]:
    return {"params": params, "lr": rate * recipe.batch, "weight_decay": WEIGHT_DECAY / rate}


def _sgd(net: Net, recipe: Recipe) -> list[torch.optim.Optimizer]:
    groups = _decayed(net, recipe.decay)
    sgd = torch.optim.SGD(groups, lr=recipe.rate, momentum=0.9, nesterov=True, fused=True)
    return [sgd]


def _adamw(net: Net, recipe: Recipe) -> list[torch.optim.Optimizer]:
    return [torch.optim.AdamW(_decayed(net, recipe.decay), lr=recipe.rate, fused=True)]


def _decayed(net: Net, decay: float) -> list[dict[str, Any]]:
    params = _trained(net)
    return [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]


_BUILDERS: dict[str, Callable[[Net, Recipe], list[torch.optim.Optimizer]]] = {
    "muon": _muon,
    "sgd": _sgd,
    "adamw": _adamw,
}
