"""Batches, schedule, optimisers and the running average, each alone."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from fivefold.engine.average import EVERY, Lookahead
from fivefold.engine.batches import Batches, Position
from fivefold.engine.optimisers import Muon, orthogonalise
from fivefold.engine.precision import choose_device
from fivefold.engine.schedule import Limit, rate
from fivefold.plumbing.errors import OptionError


def test_a_pass_shows_every_row_once():
    batches = Batches(20, 5, seed=3)
    rows = [which for _, which in itertools.islice(batches.start(Position()), 4)]
    assert sorted(np.concatenate(rows)) == list(range(20))


def test_any_position_can_be_resumed_from():
    batches = Batches(50, 8, seed=1)
    whole = list(itertools.islice(batches.start(Position()), 20))
    again = list(itertools.islice(Batches(50, 8, seed=1).start(whole[8][0]), 11))
    for (a, x), (b, y) in zip(whole[9:], again, strict=True):
        assert a == b
        assert np.array_equal(x, y)


def test_passes_differ_and_seeds_differ():
    assert not np.array_equal(Batches(50, 8, 1).of_pass(0), Batches(50, 8, 1).of_pass(1))
    assert not np.array_equal(Batches(50, 8, 1).of_pass(0), Batches(50, 8, 2).of_pass(0))


def test_the_flip_alternates():
    batches, which = Batches(50, 8, 1), np.arange(50)
    assert np.array_equal(batches.mirrored(which, 0), ~batches.mirrored(which, 1))
    assert np.array_equal(batches.mirrored(which, 0), batches.mirrored(which, 2))


def test_fewer_rows_than_a_batch():
    _, which = next(Batches(3, 8, 0).start(Position()))
    assert sorted(which) == [0, 1, 2]


def test_rate_rises_then_falls_to_nothing():
    assert rate(0.0, rise=0.2) == pytest.approx(0.2)
    assert rate(0.2, rise=0.2) == pytest.approx(1.0)
    assert rate(1.0, rise=0.2) == pytest.approx(0.0)


def test_progress_follows_steps_or_the_clock(monkeypatch):
    assert Limit(steps=10).progress(5) == pytest.approx(0.5)
    assert Limit(seconds=100.0, most=10).progress(5) == pytest.approx(0.5, abs=0.01)
    limit = Limit(seconds=10.0, begun=0.5)
    monkeypatch.setattr(limit, "elapsed", lambda: 5.0)
    assert limit.progress(123) == pytest.approx(0.75)
    monkeypatch.setattr(limit, "elapsed", lambda: 50.0)
    assert limit.progress(123) == 1.0


@pytest.mark.parametrize("shape", [(8, 30), (30, 8), (16, 16)])
def test_an_orthogonalised_matrix_has_singular_values_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrix, steps=6))
    assert values.min() > 0.4
    assert values.max() < 1.5


def test_muon_keeps_the_norm_of_filters():
    p = nn.Parameter(torch.randn(8, 4, 3, 3))
    p.grad = torch.randn_like(p)
    Muon([p], lr=0.01).step()
    assert p.norm().item() == pytest.approx(8**0.5, rel=0.1)


def test_the_average_follows_the_net_and_the_net_the_average():
    net = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        net.weight.fill_(0.0)
        lookahead = Lookahead(net)
        net.weight.fill_(1.0)
        lookahead.update(net, decay=0.75)
    assert torch.allclose(net.weight, torch.full((1, 2), 0.25))
    with torch.no_grad():
        net.weight.fill_(0.5)
    lookahead.finish(net, steps=EVERY)
    assert torch.allclose(net.weight, torch.full((1, 2), 0.25))


def test_a_net_of_few_steps_keeps_them():
    """The average has not moved yet: it is still what the net was begun with."""
    net = nn.Linear(2, 1, bias=False)
    lookahead = Lookahead(net)
    with torch.no_grad():
        net.weight.fill_(1.0)
    lookahead.finish(net, steps=EVERY - 1)
    assert torch.equal(net.weight, torch.ones(1, 2))


@pytest.mark.parametrize("word", ["gpu", "", "CPU"])
def test_unknown_devices_are_refused(word):
    with pytest.raises(OptionError, match="auto"):
        choose_device(word)
