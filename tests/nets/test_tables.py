"""Slots of a table as vectors, and the nets that read them."""

from __future__ import annotations

import pytest
import torch

from fivefold.nets.blocks.tables import Slots
from fivefold.nets.encoders.tabular import Tabular

COLUMNS = [
    {"name": "n", "of": "n", "take": "value", "type": "number"},
    {"name": "c", "of": "c", "take": "value", "type": "category", "values": ["a", "b"]},
]


def slots(x):
    torch.manual_seed(0)
    made = Slots(COLUMNS, width=5, bins=8)
    made.initialise(x)
    return made


X = torch.tensor([[0.0, 0], [0, 1], [0, 2], [1, torch.nan], [5, 0], [torch.nan, 0], [0, 1]])


def test_every_kind_of_cell_has_a_vector_of_its_own():
    vectors = slots(X)(X)
    assert vectors.shape == (7, 10)
    number, code = vectors[:, :5], vectors[:, 5:]
    assert torch.equal(number[0], number[1])
    assert len(torch.unique(number, dim=0)) == 4  # 0, 1, 5 and missing
    assert len(torch.unique(code, dim=0)) == 4  # a, b, other and missing
    assert torch.equal(slots(X)(torch.tensor([[0.0, 77]]))[:, 5:], code[3:4])


def test_bins_lie_where_values_are():
    x = torch.zeros(1000, 2)
    x[:50, 0] = torch.arange(50.0) + 1  # nineteen in twenty are 0
    made = slots(x)
    assert (made.steep[0] > 0).sum() >= 4
    far = made(torch.tensor([[50.0, 0], [1e12, 0]]))
    assert torch.allclose(far[0], far[1])


@pytest.mark.parametrize("values", [[3.0] * 9, [torch.nan] * 9, [0.0] * 8 + [1e30]])
def test_odd_columns_are_no_trouble(values):
    x = torch.tensor([[v, 0.0] for v in values])
    assert slots(x)(x).isfinite().all()


def test_nets_within_differ_and_are_averaged():
    torch.manual_seed(0)
    net = Tabular((2,), width=0.1, columns=COLUMNS)
    net.initialise(X)
    row = X[:1].expand(64, -1)
    net.dropout.p = 0.0
    shown = torch.unique(net.train()(row), dim=0)
    assert 2 <= len(shown) <= len(net.into)
    assert len(torch.unique(net.eval()(row), dim=0)) == 1
