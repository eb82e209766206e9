"""Starts from the data: LSUV gives variance one, whitening gives white patches."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from fivefold.nets.blocks.initialise import he, lsuv, whitening_filters
from fivefold.nets.encoders.alexnet import AlexNet
from fivefold.nets.encoders.locally_connected import LocallyConnected
from fivefold.nets.encoders.overfeat import OverFeat


def small() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3), nn.Tanh(), nn.Conv2d(8, 8, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(128, 16), nn.ReLU(), nn.Linear(16, 4)),
    )


def variances(net: nn.Module, x: torch.Tensor, layers: dict[str, nn.Module]) -> dict[str, float]:
    found: dict[str, float] = {}
    hooks = [
        layer.register_forward_hook(
            lambda _m, _i, out, name=name: found.update({name: out.var().item()})
        )
        for name, layer in layers.items()
    ]
    net.eval()(x)
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize("orthonormal", [True, False])
def test_lsuv_gives_every_layer_variance_one(orthonormal: bool) -> None:
    torch.manual_seed(0)
    net, x = small(), 7 * torch.randn(32, 3, 8, 8)
    layers = {n: m for n, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)}
    assert max(abs(v - 1) for v in variances(net, x, layers).values()) > 0.5
    net.train()
    reported = lsuv(net, x, orthonormal=orthonormal)
    assert net.training
    measured = variances(net, x, layers)
    assert measured == pytest.approx(reported, rel=1e-4)
    assert list(measured.values()) == pytest.approx([1.0] * 4, abs=0.011)


def test_lsuv_starts_from_orthonormal_rows() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(20, 6))
    lsuv(net, torch.randn(64, 20))
    products = net[0].weight @ net[0].weight.T
    torch.testing.assert_close(products, products[0, 0] * torch.eye(6), rtol=0, atol=1e-5)


def test_lsuv_leaves_frozen_and_constant_layers() -> None:
    torch.manual_seed(0)
    net = small()
    net[0].weight.requires_grad_(requires_grad=False)
    nn.init.zeros_(net[8].weight)
    nn.init.zeros_(net[8].bias)
    frozen = net[0].weight.clone()
    reported = lsuv(net, torch.randn(8, 3, 8, 8), orthonormal=False)
    assert torch.equal(net[0].weight, frozen)
    assert net[8].weight.count_nonzero() == 0
    assert reported.pop("8") == 0
    assert sorted(reported) == ["2", "6"]


def test_lsuv_scales_a_layer_used_twice_once() -> None:
    torch.manual_seed(0)
    linear = nn.Linear(5, 5)
    x = torch.randn(100, 5)
    assert lsuv(nn.Sequential(linear, nn.ReLU(), linear), x)
    assert linear(x).var().item() == pytest.approx(1, abs=0.011)


@pytest.mark.parametrize("encoder", [AlexNet, OverFeat, LocallyConnected])
def test_encoders_without_batch_norm_start_from_the_data(encoder: type) -> None:
    torch.manual_seed(0)
    net, x = encoder((3, 28, 28), width=0.03), 20 * torch.randn(16, 3, 28, 28)
    layers = {
        n: m for n, m in net.named_modules() if "weight" in dict(m.named_parameters(recurse=False))
    }
    net.initialise(x)
    assert variances(net, x, layers) == pytest.approx(dict.fromkeys(layers, 1.0), abs=0.011)


def test_he_keeps_the_size_of_signals() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(*(m for _ in range(20) for m in (nn.Linear(256, 256), nn.ReLU())))
    x = torch.randn(64, 256)
    faded = net(x).square().mean().item()
    kept = net.apply(he)(x).square().mean().item()
    assert faded < 0.01
    assert 0.2 < kept < 5


def pictures(n: int) -> torch.Tensor:
    """Pictures whose neighbouring pixels and channels go together, mean about zero."""
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(n, 3, 14, 14, generator=rng)
    return F.avg_pool2d(noise, 3, 1) + 0.1 * torch.randn(n, 3, 12, 12, generator=rng)


@pytest.mark.parametrize("size", [2, 3])
def test_whitening_makes_patches_white(size: int) -> None:
    x, width = pictures(64), 3 * size * size
    kernels = whitening_filters(x, size, eps=0)
    assert kernels.shape == (2 * width, 3, size, size)
    assert torch.equal(kernels[width:], -kernels[:width])
    out_FM = F.conv2d(x, kernels[:width]).transpose(0, 1).flatten(1)
    covariance = out_FM @ out_FM.T / out_FM.shape[1]
    torch.testing.assert_close(covariance, torch.eye(width), rtol=0, atol=1e-3)


def test_whitening_puts_the_strongest_direction_first_and_tames_noise() -> None:
    x = pictures(16)
    x[:, 2] = x[:, 1]  # a direction without any variance
    kernels = whitening_filters(x, eps=1e-2).flatten(1)[:12]
    lengths = kernels.norm(dim=1)
    assert torch.equal(lengths, lengths.sort().values)
    assert lengths[-1].item() == pytest.approx(10, rel=1e-3)


def test_whitening_of_many_pictures_is_summed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    x = pictures(10)
    at_once = whitening_filters(x)
    monkeypatch.setattr("fivefold.nets.blocks.initialise._PATCH_NUMBERS", 3 * 12 * 121)
    torch.testing.assert_close(whitening_filters(x).abs(), at_once.abs(), rtol=1e-3, atol=1e-3)
