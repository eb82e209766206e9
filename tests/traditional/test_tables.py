"""Tables and rows of several inputs as the traditional pipeline describes and fits them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from fivefold.contracts.rows import Held
from fivefold.inputs.table import Table
from fivefold.traditional.answers import load_traditional
from fivefold.traditional.fit import fit_traditional
from fivefold.traditional.race import candidates
from fivefold.traditional.several import features as features_of_several
from fivefold.traditional.table import features
from fivefold.traditional.ways import way_of
from tests.grid.rows import made

COLUMNS = [
    {"name": "n", "of": "n", "take": "value", "type": "number"},
    {"name": "c", "of": "c", "take": "value", "type": "category", "values": ["a", "b"]},
    {"name": "m", "of": "m", "take": "value", "type": "number"},
]
ITEMS = np.array(
    [[1, 0, 0], [3, 1, np.nan], [2, 2, 1e9], [2, np.nan, 0], *[[2, 0, 1]] * 200], np.float32
)


def described(block):
    block.learn(Held(ITEMS), np.random.default_rng(0))
    return block.describe(ITEMS)


def test_cells_are_left_as_they_are():
    cells, _ = features({"columns": COLUMNS})
    assert np.array_equal(described(cells), ITEMS, equal_nan=True)
    assert cells.categories == (1,)


def test_laid_out_there_is_no_gap_and_no_code():
    _, laid = features({"columns": COLUMNS})
    found = described(laid)
    assert np.isfinite(found).all()
    assert found.shape == (len(ITEMS), 2 + 1 + 3)  # numbers, where m is missing, values of c
    assert found[:4, 2].tolist() == [0, 1, 0, 0]
    assert found[:4, 3:].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert np.abs(found).max() < 20  # the billion is looked at by its logarithm
    _, again = features({"columns": COLUMNS})
    again.restore(laid.state())
    assert np.array_equal(again.describe(ITEMS), found)


def test_classifiers_that_suit():
    shape = {"columns": COLUMNS, "item_shape": [3]}
    names = [one.name for one in candidates(features(shape), way_of("class", 2, shape))]
    assert sorted(names) == [
        *("cells+bagged_trees", "cells+boosted_trees"),
        *("one-hot+linear_svm", "one-hot+logistic", "one-hot+svm"),
    ]
    for target in ("number", "labels"):  # only trees know gaps
        names = [one.name for one in candidates(features(shape), way_of(target, 2, shape))]
        assert [name for name in names if name.startswith("cells")] == ["cells+boosted_trees"]


@pytest.fixture
def bought(tmp_path, make_dataset):
    """Who buys: those over 40 in town b, and everybody whose pay is not told."""
    rng = np.random.default_rng(0)
    rows, targets = [], []
    for _ in range(400):
        age, town, pay = int(rng.integers(20, 60)), "abc"[rng.integers(3)], float(rng.normal())
        told = rng.random() < 0.8
        rows.append({"age": age, "town": town, "pay": pay if told else None})
        targets.append(int((age > 40 and town == "b") or not told))
    kind = Table()
    opened = [kind.open(json.dumps(row).encode()) for row in rows]
    shape = kind.learn(opened)
    items = np.stack([kind.fit(item, shape) for item in opened])
    made_of = make_dataset(tmp_path, items, np.array(targets), rng.integers(3, size=400), "table")
    return replace(made_of, shape=shape)


def test_trees_win_on_a_table_and_come_back_from_disk(bought, tmp_path):
    result = fit_traditional(bought, seconds=10, seed=0, folder=tmp_path / "train")
    best = result.members[0]
    assert best.name in ("cells+boosted_trees", "cells+bagged_trees")
    assert best.score > 0.97
    model = load_traditional(tmp_path / "train", best)
    answers = model.probabilities(bought.rows.take(slice(0, 50)))
    assert (answers.argmax(1) == bought.targets[:50]).mean() > 0.97


def test_features_of_several_are_those_of_the_parts():
    x, shape = made("several")
    blocks = features_of_several(shape)
    parts = ("here", "there")
    assert [b.name for b in blocks] == [f"{p}.{n}" for p in parts for n in ("cells", "one-hot")]
    rows = Held(x.numpy())
    for block in blocks:
        block.learn(rows, np.random.default_rng(0))
    here, _, there, _ = (block.describe(x.numpy()) for block in blocks)
    assert here[1:, 0].tolist() == there[:-1, 0].tolist()
    assert blocks[0].categories == (2,)
    assert blocks[0].classifiers == ("boosted_trees", "bagged_trees")
