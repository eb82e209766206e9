"""Hand-crafted features of texts and of words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse

from fivefold.contracts.rows import Held
from fivefold.inputs.text import Text
from fivefold.inputs.tokens import Tokens
from fivefold.traditional import text, tokens
from fivefold.traditional.grams import runs
from fivefold.traditional.ratios import RatioSVC

RNG = np.random.default_rng(0)


def rows_of(kind, raws):
    items = [kind.open(raw) for raw in raws]
    shape = json.loads(json.dumps(kind.learn(items)))
    return np.stack([kind.fit(item, shape) for item in items]), shape


def reviews(n=60):
    return [f"a {'fine' if i % 2 else 'poor'} film of {i} minutes".encode() for i in range(n)]


def test_runs_are_known_by_their_symbols_wherever_they_stand():
    rows = np.array([[5, 6, 7, 0], [9, 5, 6, 0], [6, 5, 0, 0]])
    pairs = runs(rows, (2,))
    assert pairs[0, 0] == pairs[1, 1]
    assert pairs[2, 0] not in pairs[:2]
    assert (pairs[2, 1:] == 0).all()
    assert len(np.unique(runs(rows, (1, 2))[runs(rows, (1, 2)) != 0])) == 4 + 4


@pytest.mark.parametrize(
    "raws", [reviews(), [("ACGT" * 5)[i % 4 :][:16].encode() for i in range(40)]]
)
def test_rows_have_length_one_and_state_comes_back(raws):
    rows, shape = rows_of(Text(), raws)
    for block, fresh in zip(text.features(shape), text.features(shape), strict=True):
        block.learn(Held(rows), RNG)
        described = block.describe(rows)
        assert sparse.issparse(described)
        assert described.dtype == np.float32
        lengths = np.sqrt(np.asarray(described.multiply(described).sum(1)).ravel())
        assert np.allclose(lengths, 1.0, atol=1e-5)
        fresh.restore(block.state())
        assert abs(fresh.describe(rows) - described).max() == 0


def test_runs_by_place_are_the_same_at_the_same_place_only():
    raws = [b"ACGTACGTAC", b"ACGAAAAAAA", b"CACGCCCCCC", b"TTTTTTTTTT"]
    rows, shape = rows_of(Text(), raws)
    described = text.Places(shape["characters"], shape["symbols"]).describe(rows)
    shared = (described != 0).astype(int) @ (described != 0).astype(int).T
    # A, C, G; AC, CG; ACG at the first places, and what else falls together by chance.
    alike = [sum(a == b for a, b in zip(raws[0], other, strict=True)) for other in raws]
    assert shared[0, 0] == 10 + 9 + 8
    assert shared[0, 1] >= 6 >= alike[1]
    assert shared[0, 2] < 6
    assert shared[0, 3] == alike[3]


def test_rare_words_count_more_than_those_everywhere():
    rows, shape = rows_of(Text(), reviews())
    block = text.features(shape)[0]
    block.learn(Held(rows), RNG)
    weights = block.state()["weights"]
    assert weights.min() == pytest.approx(1.0)
    assert weights.max() > 1.5


def test_ratios_tell_classes_that_few_words_tell():
    rows, shape = rows_of(Text(), reviews())
    block = text.features(shape)[0]
    block.learn(Held(rows), RNG)
    X, y = block.describe(rows), np.arange(60) % 2
    assert (RatioSVC().fit(X[:40], y[:40]).predict(X[40:]) == y[40:]).all()
    three = np.arange(60) % 3
    model = RatioSVC().fit(X, three)
    assert model.decision_function(X).shape == (60, 3)


def test_every_word_is_described_padding_is_not():
    raws = [
        json.dumps(words).encode() for words in (["The", "cat", "sat"], ["cat"], ["The", "dog"])
    ]
    rows, _ = rows_of(Tokens(), raws)
    (block,) = tokens.features({})
    assert block.per_token
    described = block.describe(rows)
    length = rows.shape[1]
    assert described.shape[0] == 3 * length
    filled = np.asarray((described != 0).sum(1)).ravel() > 0
    assert filled.reshape(3, length).sum(1).tolist() == [3, 1, 2]
    # The same word before the same end shares most features; another word fewer.
    same = (described[[0]] @ described[[2 * length]].T).toarray().item()
    other = (described[[0]] @ described[[1]].T).toarray().item()
    assert same > 2 * other


def test_how_long_the_others_are_changes_no_word():
    short, _ = rows_of(Tokens(), [b'["one", "two"]'])
    long = np.zeros((1, 2 * short.shape[1], short.shape[2]), np.uint8)
    long[:, : short.shape[1]] = short
    (block,) = tokens.features({})
    a, b = block.describe(short)[:2], block.describe(long)[:2]
    assert abs(a - b).max() == 0
