"""Building nets from recipes, and telling what they are and cost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fivefold import catalog
from fivefold.contracts.records import Recipe
from fivefold.nets.base import Net
from fivefold.nets.build import build, count_parameters, describe_encoders, first_layer_kernels
from fivefold.nets.heads.class_ import ClassHead
from fivefold.plumbing.errors import OptionError

SHAPE = (3, 16, 12)


def built(word: str, shape: tuple[int, ...] = SHAPE, seed: int = 0) -> Net:
    one = (shape[0], 1, 1) if len(shape) == 3 else shape
    recipe = Recipe(net=word, width=0.05, seed=seed)
    return build(recipe, shape, 5, torch.full(one, 100.0), torch.full(one, 50.0))


def test_build_normalises_reads_and_answers() -> None:
    net = built("resnet").eval()
    raw = torch.randint(0, 256, (2, *SHAPE), dtype=torch.uint8)
    torch.testing.assert_close(net.normalise(raw), (raw.float() - 100) / 50)
    assert net(raw).shape == (2, 5)


def test_seed_decides_the_weights_and_leaves_the_global_stream_alone() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    one, same, other = built("vgg"), built("vgg"), built("vgg", seed=1)
    assert torch.equal(torch.rand(2), wanted)
    weights = [torch.cat([p.flatten() for p in net.parameters()]) for net in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_unknown_words_are_refused() -> None:
    with pytest.raises(OptionError, match="encoder 'nope'"):
        built("nope")


def test_count_parameters() -> None:
    head = ClassHead(7, 3)
    assert count_parameters(head) == 7 * 3 + 3


@pytest.mark.parametrize(
    ("word", "sides"),
    [
        ("fully_connected", (16, 12)),
        ("locally_connected", (3, 3)),
        ("alexnet", (3, 3)),
        ("resnet", (3, 3)),
    ],
)
def test_first_layer_kernels_are_pictures(word: str, sides: tuple[int, int]) -> None:
    kernels = first_layer_kernels(built(word))
    assert kernels is not None
    assert kernels.shape[1:] == (*sides, 3)
    assert kernels.dtype == np.float32


def test_kernel_of_a_fully_connected_unit_is_what_excites_it() -> None:
    net = built("fully_connected")
    kernels = first_layer_kernels(net)
    assert kernels is not None
    linear = net.encoder.get_submodule("layers.1")
    x = torch.randn(1, *SHAPE)
    by_hand = np.einsum("mhwc,hwc->m", kernels, x[0].permute(1, 2, 0).numpy())
    unit = linear(x.flatten(1))[0] - linear.bias
    np.testing.assert_allclose(by_hand, unit.detach().numpy(), rtol=1e-4, atol=1e-4)


def test_kernel_of_a_local_window_is_what_excites_it() -> None:
    net = built("locally_connected")
    kernels = first_layer_kernels(net)
    assert kernels is not None
    local = net.encoder.get_submodule("layers.0")
    assert len(kernels) == 16 * 12
    x = torch.randn(1, *SHAPE)
    window = F.pad(x, (1, 1, 1, 1))[0, :, 5:8, 4:7].permute(1, 2, 0).numpy()
    place = local(x)[0, 0, 5, 4].item()
    assert (kernels[5 * 12 + 4] * window).sum() == pytest.approx(place, abs=1e-4)


def test_vectors_have_no_pictures() -> None:
    assert first_layer_kernels(built("fully_connected", (6,))) is None


@pytest.fixture
def without_convnet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs are compared with numbers of the nets in this room."""
    rest = {word: e for word, e in catalog.ENCODERS.items() if word != "convnet"}
    monkeypatch.setitem(catalog._ROOMS, "encoder", rest)


@pytest.mark.usefixtures("without_convnet")
def test_describe_counts_without_computing() -> None:
    rows = {row["word"]: row for row in describe_encoders((3, 224, 224))}
    # ResNet-18 has 11.7 M parameters, 0.5 M of them in its last layer, and 1.8 G multiply-adds.
    assert rows["resnet"]["parameters"] == 11_176_512
    assert rows["resnet"]["flops"] == pytest.approx(2 * 1.8e9, rel=0.02)
    assert rows["overfeat"]["parameters"] == count_overfeat()
    assert {"word", "about", "source", "features", "parameters", "flops"} == set(rows["vgg"])


def count_overfeat() -> int:
    convolutions = [(3, 96, 11), (96, 256, 5), (256, 512, 3), (512, 1024, 3), (1024, 1024, 3)]
    linears = [(1024 * 25, 3072), (3072, 4096)]
    return sum(i * o * k * k + o for i, o, k in convolutions) + sum(i * o + o for i, o in linears)


def test_describe_lists_only_what_reads_the_shape() -> None:
    rows = {row["word"]: row for row in describe_encoders((9,))}
    assert set(rows) == {"fully_connected", "mlp"}
    assert rows["fully_connected"]["flops"] == 2 * (9 * 512 + 512 * 512)


def test_smoothing_and_probability_targets() -> None:
    head = ClassHead(4, 3)
    logits = torch.randn(6, 3)
    numbers = torch.arange(6) % 3
    soft = 0.7 * F.one_hot(numbers, 3) + 0.1
    wanted = -(soft * logits.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(head.loss(logits, soft), wanted)
    torch.testing.assert_close(head.loss(logits, numbers, smoothing=0.3), wanted)
    assert head.loss(logits.bfloat16(), numbers).dtype == torch.float32
