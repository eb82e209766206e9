"""Cells swapped, and rows of several inputs expanded part by part."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fivefold.contracts.records import ExpansionRecord
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand.several import SeveralExpander
from fivefold.step3_expand.table import TableExpander
from tests.grid.rows import made

COLUMNS = [
    {"name": "n", "of": "n", "take": "value", "type": "number"},
    {"name": "c", "of": "c", "take": "value", "type": "category", "values": ["a", "b"]},
]
N = 400
BATCH = torch.stack([torch.arange(N) * 10.0, torch.arange(N) % 3.0], 1)
BATCH[7] = torch.nan
TARGETS = torch.arange(N) % 2


def changed(**settings):
    record = ExpansionRecord(kind="table", settings=settings, why={})
    expander = TableExpander(record, classes=2, shape={"columns": COLUMNS})
    return expander(BATCH, TARGETS, generator=torch.Generator().manual_seed(1))


def test_swapped_cells_are_cells_of_the_same_column():
    x, targets = changed(swap=0.3)
    assert torch.equal(targets, TARGETS)
    different = ~((x == BATCH) | (x.isnan() & BATCH.isnan()))
    assert 0.2 < different[:, 0].float().mean() < 0.4
    assert set(x[~x[:, 0].isnan(), 0].tolist()) <= set(BATCH[:, 0].tolist())
    assert set(x[~x[:, 1].isnan(), 1].tolist()) <= {0.0, 1.0, 2.0}


def test_noise_leaves_codes_and_gaps_alone():
    x, _ = changed(noise=0.1)
    assert torch.equal(x[:, 1].nan_to_num(-1), BATCH[:, 1].nan_to_num(-1))
    assert x[7, 0].isnan()
    difference = (x[:, 0] - BATCH[:, 0])[~BATCH[:, 0].isnan()]
    assert difference.std().item() == pytest.approx(0.1 * BATCH[8:, 0].std().item(), rel=0.2)


def test_the_target_follows_what_was_swapped():
    x, targets = changed(mixup=1.0)
    own = x[:, 0] == BATCH[:, 0]  # no two rows are equal there
    assert (targets[own, TARGETS[own]] >= 0.5).all()
    assert (targets.max(1).values == 0.5).float().mean() + (~own).float().mean() > 0.3
    assert torch.allclose(targets.sum(1), torch.ones(N))
    assert set(targets.flatten().tolist()) <= {0.0, 0.5, 1.0}


def test_the_same_generator_gives_the_same_changes():
    first, second = changed(swap=0.2, mixup=0.4), changed(swap=0.2, mixup=0.4)
    assert torch.equal(first[0].nan_to_num(-1), second[0].nan_to_num(-1))
    assert torch.equal(first[1], second[1])


def several(**settings):
    x, shape = made("several")
    record = ExpansionRecord(kind="several", settings=settings, why={})
    return x, SeveralExpander(record, classes=2, shape=shape)


def test_parts_are_changed_by_their_own_expanders():
    batch, expander = several(**{"here.swap": 1.0})
    targets = torch.zeros(len(batch), dtype=torch.long)
    x, same = expander(batch, targets, generator=torch.Generator().manual_seed(0), size=())
    assert same is targets
    back = expander.cached(x)
    half = batch.shape[1] // 2
    assert torch.equal(back[:, half:], batch[:, half:])
    assert not torch.equal(back[:, :half], batch[:, :half])
    column = sorted(np.sort(back[:, :4].contiguous().numpy().view("<f4")[:, 0]))
    assert column == sorted(batch[:, :4].contiguous().numpy().view("<f4")[:, 0])


def test_parts_are_not_mixed():
    assert "here.mixup" not in several()[1].policies
    with pytest.raises(OptionError, match=r"here\.mixup"):
        several(**{"here.mixup": 0.5})
