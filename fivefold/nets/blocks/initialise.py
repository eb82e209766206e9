"""How weights start: by fan-in, or from a batch of the data (talk, T18: better initialisation).

Axes: N rows, C channels, H W picture, F one patch laid out flat, L places of a window, M kernels.

Papers: He 2015 (arXiv 1502.01852), fan-in. Mishkin 2015 (arXiv 1511.06422), layer-sequential unit
variance. Jordan 2024 (arXiv 2404.00498), whitening of patches in a first layer that is not trained.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_PATCH_NUMBERS = 2**24  # patch values held at once: 64 MB of float32


def he(module: nn.Module) -> None:
    """Start one convolution or linear layer for ReLU: variance 2 / fan-in, bias zero.

    Made for `module.apply(he)`; other layers are left as they are.
    """
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def lsuv(
    module: nn.Module,
    x: Tensor,
    *,
    orthonormal: bool = True,
    tolerance: float = 0.01,
    tries: int = 10,
) -> dict[str, float]:
    """Scale every layer, in the order of the forward pass, until its output has variance one.

    One forward pass does it: a layer is scaled when the pass reaches it, and the pass goes on with
    the output of the scaled layer. A layer is any module with a trainable `weight` of two or more
    axes; a frozen one (a whitening layer, say) is left alone, and so is a layer whose output is
    constant, as no factor gives it a variance. A layer used twice is scaled at its first use.

    Args:
        module: The net or encoder; it comes back in the mode and on the device it had.
        x: A batch (N, ...) as the module reads it; some tens of rows are enough.
        orthonormal: Start convolutions and linear layers from orthonormal rows and zero biases, as
            the paper does; otherwise the weights that are there are scaled, and biases should be
            about zero, because what they add to the variance cannot be scaled away.
        tolerance: Largest distance of the variance from one.
        tries: Most scalings of one layer; one is enough where the bias is zero.

    Returns:
        Name of each layer scaled -> variance of its output now.
    """
    scaler = _Scaler(tolerance, tries)
    hooks = []
    for name, layer in module.named_modules():
        if not _is_layer(layer):
            continue
        if orthonormal and isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.orthogonal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        hooks.append(layer.register_forward_hook(partial(scaler.scale, name)))
    training = module.training
    module.eval()  # dropout would blur the variances, and batch norm must not count this batch
    try:
        with torch.no_grad():
            module(x)
    finally:
        module.train(training)
        for hook in hooks:
            hook.remove()
    return scaler.variances


def _is_layer(module: nn.Module) -> bool:
    weight = module._parameters.get("weight")
    return weight is not None and weight.ndim > 1 and weight.requires_grad


class _Scaler:
    """Scales a layer when a forward pass reaches it, and hands on the scaled layer's output."""

    def __init__(self, tolerance: float, tries: int) -> None:
        self.tolerance = tolerance
        self.tries = tries
        self.variances: dict[str, float] = {}

    def scale(
        self,
        name: str,
        layer: Any,  # noqa: ANN401 - a module with a weight
        inputs: tuple[Tensor, ...],
        output: Tensor,
    ) -> Tensor:
        if name in self.variances:
            return output
        variance = output.float().var().item()
        for _ in range(self.tries):
            if variance == 0 or abs(variance - 1) <= self.tolerance:
                break
            layer.weight.div_(variance**0.5)
            output = layer.forward(*inputs)  # not layer(...), which would call this hook again
            variance = output.float().var().item()
        self.variances[name] = variance
        return output


def whitening_filters(x: Tensor, size: int = 2, *, eps: float = 5e-4) -> Tensor:
    """Kernels that make the patches of a batch white: uncorrelated, each with variance one.

    The rows are the eigenvectors of the covariance of all `size` x `size` patches, each divided by
    the root of its eigenvalue; every one comes with its negative, because the ReLU behind keeps
    only one sign. Strongest direction first, the negatives in the second half.

    Args:
        x: Normalised pictures (N, C, H, W); their mean counts as zero.
        size: Side of a kernel.
        eps: Added to the eigenvalues, so that directions of mere noise are not blown up.

    Returns:
        Kernels (2 * C * size * size, C, size, size), float32, on the device of `x`.
    """
    values, vectors_FM = torch.linalg.eigh(_patch_covariance(x.float(), size))
    kernels_MF = (vectors_FM / (values + eps).sqrt()).T.flip(0).float()
    return torch.cat([kernels_MF, -kernels_MF]).reshape(-1, x.shape[1], size, size)


def _patch_covariance(x: Tensor, size: int) -> Tensor:
    """Mean product (F, F), float64, of all patches of pictures (N, C, H, W)."""
    n, c, h, w = x.shape
    width, places = c * size * size, (h - size + 1) * (w - size + 1)
    total_FF = torch.zeros(width, width, dtype=torch.float64, device=x.device)
    rows = max(1, _PATCH_NUMBERS // (width * places))
    for chunk in torch.split(x, rows):
        patches_FL = F.unfold(chunk, size).transpose(0, 1).flatten(1)
        total_FF += (patches_FL @ patches_FL.T).double()
    return total_FF / (n * places)
