"""Groups are never parted: whole speakers in the vault, whole speakers in folds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivefold.step2_gather.grouped import folds_by_group, united, vault_by_group


def speakers(count, each=50, classes=10):
    """Class numbers and groups of `count` speakers who say every class equally often."""
    return np.tile(np.arange(each) % classes, count), np.repeat(np.arange(count), each)


@pytest.mark.parametrize(("count", "sealed"), [(2, 1), (3, 1), (4, 1), (6, 1), (10, 2), (50, 10)])
def test_the_vault_is_about_a_fifth_of_the_groups(count, sealed):
    strata, groups = speakers(count)
    rows = vault_by_group(strata, groups, seed=1)
    assert len(set(groups[rows])) == sealed
    assert rows.sum() == sealed * 50


def test_six_speakers_leave_one_out_five_times():
    strata, groups = speakers(6)
    open_ = ~vault_by_group(strata, groups, seed=1)
    folds, number, words = folds_by_group(strata[open_], groups[open_], seed=1)
    assert number == 5
    assert "one group left out at a time" in words
    assert all(len(set(groups[open_][folds == fold])) == 1 for fold in range(5))


def test_the_seed_decides_which_speaker():
    strata, groups = speakers(6)
    taken = {int(groups[vault_by_group(strata, groups, seed)][0]) for seed in range(20)}
    assert len(taken) > 2


def test_uneven_groups_fill_the_share_and_every_class():
    rng = np.random.default_rng(0)
    sizes = rng.integers(5, 140, 60)
    groups = np.repeat(np.arange(60), sizes)
    strata = rng.choice(4, len(groups), p=[0.6, 0.25, 0.1, 0.05])
    rows = vault_by_group(strata, groups, seed=3)
    assert 0.17 < rows.mean() < 0.23
    shares = np.bincount(strata[rows], minlength=4) / np.bincount(strata)
    assert (abs(shares - 0.2) < 0.06).all()
    folds, number, _ = folds_by_group(strata, groups, seed=3)
    assert number == 5
    assert np.ptp(np.bincount(folds)) < 0.1 * len(groups)


def test_many_rows_have_whole_groups_held_out():
    strata, groups = speakers(160, each=100)
    folds, number, words = folds_by_group(strata, groups, seed=1)
    assert number == 1
    assert (folds == 0).sum() == 1000
    assert not set(groups[folds == 0]) & set(groups[folds == -1])
    assert words == "1,000 of 16,000 open rows held out for validation, by group"


def test_a_group_of_most_rows_always_teaches():
    groups = np.repeat([0, 1, 2, 3], [800, 60, 70, 70])
    strata = np.arange(1000) % 5
    folds, number, words = folds_by_group(strata, groups, seed=1)
    assert number == 3
    assert (folds[:800] == -1).all()
    assert "800 rows always trained on" in words
    assert not vault_by_group(strata, groups, seed=1)[:800].any()


def test_a_class_of_one_group_is_never_sealed_nor_validated():
    groups = np.repeat(np.arange(6), 40)
    strata = np.arange(240) % 4
    strata[3] = 4
    for seed in range(8):
        assert not vault_by_group(strata, groups, seed)[:40].any()
        assert (folds_by_group(strata, groups, seed)[0][:40] == -1).all()


def test_where_each_group_holds_a_class_no_group_can_go():
    groups = np.repeat(np.arange(5), 20)
    assert not vault_by_group(groups, groups, seed=1).any()
    assert folds_by_group(groups, groups, seed=1) is None
    assert vault_by_group(groups, groups, seed=1, each_trained=False).sum() == 20


def test_copies_bind_groups_together():
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, -1])
    copies = np.array([0, 1, 0, 2, 3, 4, 5, 6, 6])
    units, aside = united(copies, groups)
    assert not aside.any()
    assert len(set(units[:4])) == 1  # the first row of group 1 is a copy of one in group 0
    assert units[7] == units[8] == units[6]
    assert len(set(units)) == 3


def test_copies_that_would_bind_all_groups_are_set_aside():
    groups = np.repeat(np.arange(6), 10)
    copies = np.arange(60)
    copies[::10] = 0  # every speaker has the same silent clip
    units, aside = united(copies, groups)
    assert len(set(units)) == 6
    assert np.flatnonzero(aside).tolist() == [10, 20, 30, 40, 50]


def test_a_hundred_thousand_groups_take_seconds():
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 100_000, 300_000)
    rows = vault_by_group(rng.integers(0, 10, 300_000), groups, seed=0)
    assert 9_900 <= rows.sum() <= 10_100


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=10, max_size=200),
    seed=st.integers(0, 99),
)
def test_no_group_is_parted_and_every_class_is_trained_on(rows, seed):
    raw, groups = np.array(rows).T
    strata = np.unique(raw, return_inverse=True)[1]
    sealed = vault_by_group(strata, groups, seed)
    assert not set(groups[sealed]) & set(groups[~sealed])
    assert set(strata[~sealed]) == set(strata)
    found = folds_by_group(strata, groups, seed)
    if found is None:
        return
    folds, number, _ = found
    assert set(folds) - {-1} == set(range(number))
    for group in set(groups):
        assert len(set(folds[groups == group])) == 1
    for fold in range(number):
        assert set(strata[folds != fold]) == set(strata)


def test_of_two_groups_none_is_left_out():
    groups = np.repeat([0, 1], 30)
    assert folds_by_group(np.arange(60) % 2, groups, seed=1) is None
