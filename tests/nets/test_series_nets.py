"""Nets of series: padding, gaps and other rows change nothing."""

import numpy as np
import pytest
import torch

from fivefold import catalog
from fivefold.contracts.rows import Held
from fivefold.nets.blocks.recurrent import Recurrent
from fivefold.nets.blocks.series import MaskedNorm, pooled, steps
from fivefold.nets.intake.array import ArrayIntake
from fivefold.nets.intake.series import SeriesIntake

WORDS = [w for w, e in catalog.ENCODERS.items() if "series" in e.facts["inputs"]]
NAN = float("nan")


def series_of(length, room, seed=0):
    x = torch.full((1, room, 3), NAN)
    x[0, :length] = torch.randn(length, 3, generator=torch.Generator().manual_seed(seed))
    return x


@pytest.mark.parametrize("word", WORDS)
def test_features_do_not_depend_on_what_lies_beyond_the_end(word):
    torch.manual_seed(0)
    net = catalog.load("encoder", word)((40, 3), width=0.25).eval()
    own = series_of(17, 40)
    other = torch.cat([own, series_of(40, 40, seed=1), torch.full((1, 40, 3), NAN)])
    with torch.no_grad():
        alone, beside = net(own), net(other)
    assert torch.allclose(alone[0], beside[0], atol=1e-5)
    assert beside.isfinite().all()
    assert alone.shape == (1, net.features)


@pytest.mark.parametrize("word", WORDS)
def test_a_missing_number_is_told_from_the_mean(word):
    torch.manual_seed(0)
    net = catalog.load("encoder", word)((20, 3), width=0.25).eval()
    whole = series_of(20, 20)
    gap, mean = whole.clone(), whole.clone()
    gap[0, 5:9, 1], mean[0, 5:9, 1] = NAN, 0.0
    with torch.no_grad():
        assert net(gap).isfinite().all()
        assert not torch.allclose(net(gap), net(mean))


@pytest.mark.parametrize("word", WORDS)
def test_features_of_every_step_are_zero_in_the_padding(word):
    torch.manual_seed(0)
    net = catalog.load("encoder", word)((30, 3), width=0.25, sequence=True).eval()
    with torch.no_grad():
        found = net(torch.cat([series_of(12, 30), series_of(30, 30)]))
    assert found.shape == (2, 30, net.features)
    assert not found[0, 12:].any()
    assert found[0, :12].any(1).all()


@pytest.mark.parametrize("word", WORDS)
def test_reads_one_step_and_thousands(word):
    cls = catalog.load("encoder", word)
    for room in (1, 1500):
        net = cls((room, 3), width=0.25).eval()
        with torch.no_grad():
            assert net(series_of(room, room)).isfinite().all()


def test_norm_counts_only_what_is_inside():
    norm = MaskedNorm(2).train()
    x = torch.randn(3, 2, 10, generator=torch.Generator().manual_seed(0))
    inside = torch.arange(10) < torch.tensor([[4], [10], [7]])
    far = torch.where(inside[:, None], x, 1e3)
    assert torch.allclose(norm(far, inside), norm(x, inside))
    values = norm(x, inside).transpose(1, 2)[inside]
    assert torch.allclose(values.mean(0), torch.zeros(2), atol=1e-5)
    assert torch.allclose(values.std(0, correction=0), torch.ones(2), atol=1e-3)


def test_pooling_sees_the_mean_the_most_and_the_last_inside():
    x = torch.tensor([[[1.0, 5.0, 3.0, 99.0]]])
    inside = torch.tensor([[True, True, True, False]])
    assert pooled(x, inside).tolist() == [[3.0, 5.0, 3.0]]
    assert pooled(x, ~inside & inside).isfinite().all()


def test_gaps_inside_are_no_padding():
    x = torch.tensor([[[1.0], [NAN], [2.0], [NAN]]])
    assert steps(x).inside.tolist() == [[True, True, True, False]]


def test_scale_leaves_gaps_and_padding_out():
    items = np.full((2, 5, 2), np.nan, np.float32)
    items[0, :2] = [[1, 10], [3, np.nan]]
    items[1, :1] = [[5, 30]]
    mean, std = SeriesIntake().scale(Held(items))
    assert mean.tolist() == [3, 20]
    assert std.tolist() == pytest.approx([np.std([1, 3, 5]), 10])


@pytest.mark.parametrize(
    ("item", "shape", "mean"),
    [((5,), (5,), (5,)), ((6, 7), (1, 6, 7), (1, 1, 1)), ((3, 6, 7), (3, 6, 7), (3, 1, 1))],
)
def test_arrays_enter_as_vectors_or_maps(item, shape, mean):
    intake = ArrayIntake()
    rows = np.random.default_rng(0).normal(2, 3, (40, *item)).astype(np.float32)
    assert intake.shape(item, ()) == shape
    assert intake.plain(torch.from_numpy(rows), ()).shape == (40, *shape)
    assert tuple(intake.scale(Held(rows))[0].shape) == mean


class AsOnGpu(torch.Tensor):
    """Says that it lies on a GPU."""

    is_cuda = True


def test_recurrent_layers_stay_in_float32_where_nobody_asked_for_less():
    steps = torch.randn(2, 5, 4).as_subclass(AsOnGpu)
    found = Recurrent("gru", 4, 3)(steps, torch.ones(2, 5, dtype=torch.bool))
    assert found.dtype == torch.float32
