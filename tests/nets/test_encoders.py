"""Encoders: sizes, the talk's own net number for number, and derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.func import functional_call
from torch.nn import functional as F

from fivefold import catalog
from fivefold.nets.base import Encoder
from fivefold.nets.encoders.alexnet import AlexNet
from fivefold.nets.encoders.fully_connected import FullyConnected
from fivefold.nets.encoders.locally_connected import LocallyConnected, LocallyConnected2d
from fivefold.nets.encoders.overfeat import OverFeat
from fivefold.nets.encoders.resnet import BasicBlock, ResNet
from fivefold.nets.encoders.vgg import Vgg
from tests.grid.rows import specimen

ALL = [FullyConnected, LocallyConnected, AlexNet, OverFeat, Vgg, ResNet]
SHAPES = [(1, 8, 8), (3, 8, 31), (1, 28, 28), (3, 33, 24), (3, 64, 96), (1, 256, 200)]
OVERFEAT_SIDES = [8, 27, 28, 32, 54, 55, 64, 118, 119, 198, 199, 221, 230, 231, 256]
WITH_DEPTHS = [word for word, entry in catalog.ENCODERS.items() if "depths" in entry.facts]
ANY_SIZE = [
    word
    for word, entry in catalog.ENCODERS.items()
    if entry.facts.get("any_size") and "image" in entry.facts["inputs"]
]
WINDOWS = [((3, 3), (1, 1), 1), ((4, 5), (2, 3), 1)]
TINY = 0.02


def classes(encoder: type[Encoder]) -> str:
    return encoder.__name__


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("encoder", ALL, ids=classes)
def test_reads_any_size(encoder: type[Encoder], shape: tuple[int, ...]) -> None:
    net = encoder(shape, width=TINY).eval()
    with torch.no_grad():
        assert net(torch.randn(2, *shape)).shape == (2, net.features)


@pytest.mark.parametrize("word", WITH_DEPTHS)
def test_useful_depths_grow(word: str) -> None:
    entry = catalog.entry("encoder", word)
    x, shape, learned = specimen(word, entry.facts["inputs"][0])
    wanted = {name: learned[name] for name in entry.facts.get("wants", ()) if name in learned}
    sizes = []
    for depth in entry.facts["depths"]:
        net = catalog.load("encoder", word)(shape, width=TINY, depth=depth, **wanted).eval()
        with torch.no_grad():
            assert net(x[:2]).shape == (2, net.features)
        sizes.append(sum(p.numel() for p in net.parameters()))
    # Short inputs may have no room for the last block or two.
    assert sizes == sorted(sizes)
    assert len(sizes) == 1 or sizes[0] < sizes[-1]


@pytest.mark.parametrize("word", ANY_SIZE)
def test_any_size_reads_half_and_double(word: str) -> None:
    net = catalog.load("encoder", word)((3, 32, 32), width=TINY).eval()
    for side in (16, 48, 64):
        assert net(torch.randn(2, 3, side, side)).shape == (2, net.features)


def test_width_multiplies_channels() -> None:
    narrow, wide = (ResNet((3, 32, 32), width=w).features for w in (0.25, 1.0))
    assert (narrow, wide) == (128, 512)


# ----------------------------------------------------------------- fully connected


def spirals(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two interleaved spirals in two columns (400, 2), and which of them a point lies on."""
    rng = torch.Generator().manual_seed(seed)
    targets = torch.arange(400) % 2
    angle = 2.5 * torch.pi * torch.rand(400, generator=rng).sqrt()
    turned = angle + torch.pi * targets
    points = torch.stack([angle * turned.cos(), angle * turned.sin()], 1)
    return (points - points.mean(0)) / points.std(0), targets


def test_fully_connected_is_quick_on_two_columns() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(FullyConnected((2,), width=0.25), nn.Linear(128, 2))
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    x, targets = spirals(1)
    for _ in range(100):
        optimiser.zero_grad()
        F.cross_entropy(net(x), targets).backward()
        optimiser.step()
    unseen, answers = spirals(2)
    assert (
        net.eval()(unseen).argmax(1) == answers
    ).float().mean() > 0.97  # biases from zero: 0.91 to 0.96


# ------------------------------------------------------------------------ OverFeat


def description(layer: nn.Module) -> tuple[object, ...]:
    match layer:
        case nn.Conv2d():
            numbers = (layer.in_channels, layer.out_channels)
            return ("conv", *numbers, layer.kernel_size[0], layer.stride[0], layer.padding[0])
        case nn.MaxPool2d():
            return ("pool", layer.kernel_size, layer.stride)
        case nn.Linear():
            return ("linear", layer.in_features, layer.out_features)
        case nn.Threshold():
            return ("threshold", layer.threshold, layer.value)
        case nn.Dropout():
            return ("dropout", layer.p)
    return (type(layer).__name__,)


def test_overfeat_is_the_net_in_the_talk() -> None:
    with torch.device("meta"):
        net = OverFeat((3, 224, 224))
        maps = net.convolutions(torch.empty(1, 3, 224, 224))
        features = net(torch.empty(1, 3, 224, 224))
    assert [description(layer) for layer in (*net.convolutions, *net.connections)] == [
        ("conv", 3, 96, 11, 4, 0),
        ("ReLU",),
        ("pool", 2, 2),
        ("conv", 96, 256, 5, 1, 0),
        ("ReLU",),
        ("pool", 2, 2),
        ("conv", 256, 512, 3, 1, 1),
        ("ReLU",),
        ("conv", 512, 1024, 3, 1, 1),
        ("ReLU",),
        ("conv", 1024, 1024, 3, 1, 1),
        ("ReLU",),
        ("pool", 2, 2),
        ("Flatten",),
        ("dropout", 0.5),
        ("linear", 1024 * 5 * 5, 3072),
        ("threshold", 0, 1e-6),
        ("dropout", 0.5),
        ("linear", 3072, 4096),
        ("threshold", 0, 1e-6),
    ]
    assert maps.shape == (1, 1024, 5, 5)
    assert features.shape == (1, 4096)


@pytest.mark.parametrize("side", OVERFEAT_SIDES)
def test_overfeat_keeps_five_by_five(side: int) -> None:
    with torch.device("meta"):
        net = OverFeat((3, side, side), width=TINY)
        maps = net.convolutions(torch.empty(1, 3, side, side))
    assert maps.shape[2:] == (5, 5)
    assert isinstance(net.convolutions[-1], nn.MaxPool2d) or not 199 <= side <= 230


# ------------------------------------------------------------------------- AlexNet


def test_alexnet_has_the_papers_maps_at_224() -> None:
    with torch.device("meta"):
        x, sides = torch.empty(1, 3, 224, 224), []
        for layer in AlexNet((3, 224, 224)).convolutions:
            x = layer(x)
            sides.append(x.shape[2])
    assert list(dict.fromkeys(sides)) == [55, 27, 13, 6]


def test_alexnet_last_pool_is_the_papers_at_13() -> None:
    maps = torch.randn(2, 4, 13, 13)
    assert torch.equal(F.adaptive_max_pool2d(maps, 6), F.max_pool2d(maps, 3, 2))


# ---------------------------------------------------------------- locally connected


@pytest.mark.parametrize(("kernel", "stride", "padding"), WINDOWS)
def test_locally_connected_is_a_convolution_when_weights_are_tied(
    kernel: tuple[int, int], stride: tuple[int, int], padding: int
) -> None:
    local = LocallyConnected2d((3, 5), (9, 11), kernel=kernel, stride=stride, padding=padding)
    shared, bias = torch.randn(5, 3, *kernel), torch.randn(5)
    with torch.no_grad():
        local.weight.copy_(shared.flatten(1).T.expand_as(local.weight))
        local.bias.copy_(bias.expand_as(local.bias))
    x = torch.randn(4, 3, 9, 11)
    convolution = F.conv2d(x, shared, bias, stride=stride, padding=padding)
    torch.testing.assert_close(local(x), convolution, rtol=1e-4, atol=1e-4)


def test_locally_connected_shares_no_weight() -> None:
    local = LocallyConnected2d((1, 2), (6, 6), kernel=(3, 3), stride=(1, 1))
    x = torch.randn(1, 1, 6, 6)
    before = local(x)
    with torch.no_grad():
        local.weight[0] += 1
    changed = (local(x) != before).any(1)[0]
    assert changed[0, 0]
    assert changed.sum() == 1


# -------------------------------------------------------------------------- ResNet


def test_resnet_blocks_start_as_the_identity() -> None:
    net = ResNet((3, 32, 32), width=TINY).eval()
    x = torch.rand(2, net.features, 4, 4)
    last = [m for m in net.modules() if isinstance(m, BasicBlock)][-1]
    torch.testing.assert_close(last(x), x)


# --------------------------------------------------------------------- derivatives


@pytest.mark.parametrize("encoder", ALL, ids=classes)
def test_derivatives_are_the_differences(encoder: type[Encoder]) -> None:
    torch.manual_seed(0)
    net = encoder((1, 8, 8), width=0.001).double().eval()
    # Away from the start, where a block that adds nothing sits on the bend of its ReLU.
    weights = {
        name: (parameter + 0.05 * torch.randn_like(parameter)).detach().requires_grad_()
        for name, parameter in net.named_parameters()
    }
    x = torch.randn(2, 1, 8, 8, dtype=torch.float64, requires_grad=True)

    def features(x: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return functional_call(net, dict(zip(weights, values, strict=True)), (x,))

    assert gradcheck(features, (x, *weights.values()), fast_mode=True)
