"""Rows in time: what is judged lies behind what was trained on, and a moment is never parted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivefold.step2_gather.duplicates import TEST, TRAIN, VALIDATION
from fivefold.step2_gather.ordered import by_time


def free(n):
    return np.full(n, TRAIN)


def test_the_latest_fifth_is_the_vault_and_the_fifth_before_validates():
    times = np.random.default_rng(0).permutation(1000).astype(float)
    made = by_time(times, free(1000))
    assert (made.parts[times >= 800] == TEST).all()
    assert (made.parts[(times >= 640) & (times < 800)] == VALIDATION).all()
    assert (made.parts[times < 640] == TRAIN).all()
    assert made.origin == "held out 20%, the latest rows by time"
    assert made.how == "the latest 160 of 800 open rows validate, by time"


def test_many_rows_hold_out_no_more_than_is_needed():
    made = by_time(np.arange(200_000.0), free(200_000))
    assert (made.parts == TEST).sum() == 10_000
    assert (made.parts == VALIDATION).sum() == 5_000


def test_rows_of_one_moment_stay_together():
    times = np.repeat([1.0, 2.0, 3.0], [50, 30, 20])
    made = by_time(times, free(100))
    assert [set(made.parts[times == t]) for t in (1, 2, 3)] == [{TRAIN}, {VALIDATION}, {TEST}]


def test_one_moment_parts_nothing():
    assert by_time(np.ones(50), free(50)) is None


def test_a_given_test_part_stays_and_an_earlier_one_is_told():
    parts = free(100)
    parts[:20] = TEST
    made = by_time(np.arange(100.0), parts)
    assert (made.parts[:20] == TEST).all()
    assert made.origin is None
    assert (made.parts[84:] == VALIDATION).all()
    assert "20 of 20 test rows are no later than the last training row" in made.notes[0]


def test_a_given_test_part_without_times_has_no_other_cut():
    made = by_time(np.arange(100.0), free(100), given=True)
    assert not (made.parts == TEST).any()
    assert made.origin is None
    assert (made.parts[80:] == VALIDATION).all()
    assert "has no times" in made.notes[0]


@settings(deadline=None, max_examples=60)
@given(times=st.lists(st.integers(0, 30), min_size=10, max_size=200))
def test_no_row_is_judged_by_its_future(times):
    at = np.array(times, float)
    made = by_time(at, free(len(at)))
    if made is None:
        return
    train, held, late = (at[made.parts == part] for part in (TRAIN, VALIDATION, TEST))
    assert train.max() < held.min()
    assert held.max() < late.min()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e18])
def test_any_unit_of_time_will_do(scale):
    made = by_time(np.arange(100) * scale, free(100))
    assert (made.parts == TEST).sum() == 20
