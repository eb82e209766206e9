"""Equal rows are copies, but for tables of few values, where they are expected."""

import numpy as np
import pytest

from fivefold.contracts.records import Input, Listing, Problem, Target
from fivefold.contracts.rows import Held
from fivefold.plumbing.sources import ArraySource
from fivefold.step2_gather.duplicates import find_alike
from fivefold.step2_gather.gather import gather
from fivefold.step2_gather.item import card_type


def cards_of(items):
    cards = np.zeros(len(items), card_type({"item_shape": items.shape[1:], "dtype": "int16"}))
    numbers = np.unique(items, axis=0, return_inverse=True)[1].ravel() + 1
    cards["content"][:, 0] = numbers % 256
    cards["content"][:, 1] = numbers // 256
    return cards


def oversampled(rng, n=200, copies=80, columns=4):
    """Rows of which some stand there twice or more."""
    items = rng.normal(size=(n, columns)).astype(np.float32)
    items[n - copies :] = items[rng.integers(0, n // 4, copies)]
    return items


def test_copies_of_texts_count_however_many_there_are(rng):
    cards = cards_of(oversampled(rng))
    found = find_alike(cards, np.zeros(200, np.int64), short_side=0)
    assert len(found.pairs) == 80
    assert len(np.unique(found.groups)) == 120
    assert found.notes == ()


def test_copies_of_rows_that_could_all_differ_count(rng):
    items = oversampled(rng)
    found = find_alike(cards_of(items), np.zeros(200, np.int64), short_side=0, vectors=Held(items))
    assert len(found.pairs) == 80
    assert found.equal is None


@pytest.mark.parametrize(("columns", "together"), [(2, False), (3, True)])
def test_rows_of_few_values_have_their_like_by_nature(rng, columns, together):
    items = rng.integers(0, 5, (300, columns)).astype(np.float32)
    found = find_alike(cards_of(items), np.zeros(300, np.int64), short_side=0, vectors=Held(items))
    assert len(found.pairs) == 0
    assert len(np.unique(found.groups)) == 300
    assert "equal rows are expected" in found.notes[0]
    assert (found.equal is not None) == together


def gathered(items, labels, tmp_path, parts=None):
    source = ArraySource(items)
    listing = Listing(
        names=source.names(), labels=tuple(map(str, labels)), parts=parts or (None,) * len(items)
    )
    problem = Problem(
        source="rows", inputs=(Input(kind="array"),), target=Target(kind="class", column="label"),
        metric="accuracy", layout="table", guesses=(),
    )  # fmt: skip
    made = gather(problem, listing, source, cache_root=tmp_path / "cache", seed=0)
    return made.dataset, made.vault


def keys(items, names):
    return {items[int(name.rpartition("-")[2])].tobytes() for name in names}


def test_no_copy_of_an_oversampled_row_is_sealed_beside_an_open_one(rng, tmp_path):
    items = oversampled(rng)
    data, vault = gathered(items, rng.integers(0, 2, 200), tmp_path)
    assert not keys(items, vault.open().names) & keys(items, data.names)


def test_rows_that_are_equal_by_nature_stay_together_with_all_their_labels(rng, tmp_path):
    items = rng.integers(0, 5, (600, 3)).astype(np.float32)
    data, vault = gathered(items, rng.integers(0, 2, 600), tmp_path)
    assert "groups of equal rows" in vault.origin
    assert not data.duplicates
    sealed = vault.open()
    assert not keys(items, sealed.names) & keys(items, data.names)
    assert 0.1 < len(sealed.names) / 600 < 0.3
    shared = {i: {row.tobytes() for row in data.rows.take(data.folds == i)} for i in range(5)}
    assert all(not shared[i] & shared[j] for i in range(5) for j in range(i))


def test_a_given_test_part_keeps_rows_that_are_equal_by_nature(rng, tmp_path):
    items = rng.integers(0, 5, (600, 3)).astype(np.float32)
    parts = tuple("test" if i >= 500 else None for i in range(600))
    data, vault = gathered(items, rng.integers(0, 2, 600), tmp_path, parts)
    assert (len(data.names), vault.size) == (500, 100)
