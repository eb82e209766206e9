"""Vault and folds: in proportion, whole groups, every class in training, the same by seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivefold.step2_gather.split import validation_folds, vault_rows


def alone(n):
    return np.arange(n)


def test_the_vault_holds_a_fifth_of_every_class():
    targets = np.repeat([0, 1, 2], [500, 300, 50])
    sealed = vault_rows(targets, alone(850), seed=1)
    assert np.bincount(targets[sealed]).tolist() == [100, 60, 10]


def test_the_vault_stops_at_ten_thousand_rows():
    targets = np.arange(80_000) % 4
    sealed = vault_rows(targets, alone(80_000), seed=1)
    assert np.bincount(targets[sealed]).tolist() == [2500] * 4


def test_small_classes_are_sealed_from_five_rows_on_and_keep_one_open():
    targets = np.repeat([0, 1, 2, 3], [400, 5, 2, 1])
    sealed = vault_rows(targets, alone(408), seed=1)
    counts = np.bincount(targets[sealed], minlength=4)
    assert counts[1] >= 1
    assert counts[3] == 0
    assert (np.bincount(targets[~sealed], minlength=4) >= 1).all()


def test_a_thousand_classes_of_five_have_one_sealed_row_each():
    targets = np.arange(5000) % 1000
    sealed = vault_rows(targets, alone(5000), seed=1)
    assert (np.bincount(targets[sealed], minlength=1000) == 1).all()


def test_the_seed_decides():
    targets = np.arange(600) % 3
    first = vault_rows(targets, alone(600), seed=1)
    assert (first == vault_rows(targets, alone(600), seed=1)).all()
    assert (first != vault_rows(targets, alone(600), seed=2)).any()
    folds = validation_folds(targets, alone(600), seed=1)[0]
    assert (folds == validation_folds(targets, alone(600), seed=1)[0]).all()
    assert (folds != validation_folds(targets, alone(600), seed=2)[0]).any()


def test_folds_are_level_in_size_and_in_every_class():
    targets = np.repeat([0, 1, 2], [251, 133, 17])
    folds, number, words = validation_folds(targets, alone(401), seed=1)
    assert number == 5
    assert words == "5 stratified folds over 401 open rows"
    assert np.ptp(np.bincount(folds)) <= 1
    for kind in range(3):
        assert np.ptp(np.bincount(folds[targets == kind], minlength=5)) <= 1


def test_a_rare_class_does_not_cost_the_others_their_folds():
    targets = np.repeat([0, 1, 2], [50, 50, 2])
    folds, number, _ = validation_folds(targets, alone(102), seed=1)
    assert number == 5
    assert len(set(folds[targets == 2])) == 2


def test_classes_of_three_get_three_folds():
    assert validation_folds(np.arange(30) % 10, alone(30), seed=1)[1] == 3


def test_a_class_of_one_row_is_always_trained_on():
    targets = np.repeat([0, 1, 2], [20, 20, 1])
    folds, _, words = validation_folds(targets, alone(41), seed=1)
    assert folds[40] == -1
    assert (folds[:40] >= 0).all()
    assert "1 rows always trained on" in words


@pytest.mark.parametrize(("n", "held"), [(12_001, 1_000), (40_000, 2_000), (200_000, 5_000)])
def test_many_rows_have_one_part_held_out(n, held):
    targets = np.arange(n) % 10
    folds, number, words = validation_folds(targets, alone(n), seed=1)
    assert number == 1
    assert set(folds) == {0, -1}
    assert (folds == 0).sum() == held
    assert np.ptp(np.bincount(targets[folds == 0])) <= 1
    assert f"{held:,} of {n:,}" in words


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), min_size=10, max_size=200),
    seed=st.integers(0, 99),
)
def test_groups_are_never_cut_and_every_class_is_trained_on_in_every_fold(rows, seed):
    raw, groups = np.array(rows).T
    targets = np.unique(raw, return_inverse=True)[1]
    sealed = vault_rows(targets, groups, seed)
    assert not set(groups[sealed]) & set(groups[~sealed])
    assert set(targets[~sealed]) == set(targets)
    folds, number, _ = validation_folds(targets, groups, seed)
    for group in set(groups):
        assert len(set(folds[groups == group])) == 1
    for fold in range(number):
        assert set(targets[folds != fold]) == set(targets)
