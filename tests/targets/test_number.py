"""The target `number`: reading, mixtures, calibration, words."""

import numpy as np
import pytest

from fivefold.contracts.records import SEPARATOR
from fivefold.scores.metrics import metric
from fivefold.targets.number import Number

KIND = Number()


def test_what_is_no_number_is_unknown():
    labels = ["1.5", "-2e3", "a", "", "inf", "1e300", f"1{SEPARATOR}2", "7"]
    names = KIND.learn(labels)
    targets = KIND.parse(labels, names)
    assert names == ("value",)
    assert KIND.known(targets).tolist() == [True, True, *[False] * 5, True]
    assert targets[:2, 0].tolist() == [1.5, -2000.0]
    pairs = KIND.parse([f"1{SEPARATOR}2", "3"], ("value 1", "value 2"))
    assert KIND.known(pairs).tolist() == [True, False]


def test_strata_are_bins_of_about_as_many_rows_and_say_their_range():
    targets = np.random.default_rng(0).lognormal(size=(1000, 1)).astype(np.float32)
    counts = np.bincount(KIND.strata(targets))
    assert len(counts) == 10
    assert counts.min() > 90
    names = KIND.stratum_names(targets, ("value",))
    assert names[0].startswith(f"{targets.min():.4g} to ")
    assert names[-1].endswith(f" to {targets.max():.4g}")
    assert len(KIND.strata(np.repeat(targets[:2], 50, axis=0))) == 100


def test_a_mixture_is_less_sure_where_members_disagree():
    agreeing = np.array([[1e6, 2.0]], np.float32)
    apart = np.array([[1e6 + 8, 2.0]], np.float32)

    def mixed(*members):
        return KIND.settled(np.mean([KIND.addable(one) for one in members], axis=0))[0]

    assert mixed(agreeing, agreeing) == pytest.approx([1e6, 2.0], rel=1e-3)
    assert mixed(agreeing, apart) == pytest.approx([1e6 + 4, np.sqrt(4 + 16)], rel=1e-3)


def test_deviations_are_calibrated_to_hold_what_they_promise():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4000, 1)).astype(np.float32)
    answers = np.concatenate([truth + rng.normal(0, 0.5, truth.shape), 0.1 + 0 * truth], axis=1)
    temperature = KIND.fit_temperature(answers, truth)
    calibrated = KIND.apply_temperature(answers, temperature)
    assert temperature == pytest.approx(5.0, rel=0.05)
    assert metric("coverage").function(calibrated, truth) == pytest.approx(0.9, abs=0.02)
    assert metric("nll").function(calibrated, truth) < metric("nll").function(answers, truth)


@pytest.mark.parametrize(
    ("mean", "deviation", "said"),
    [
        (21.3456, 0.43, "21.3 ± 0.4"),
        (21.3456, 0.0143, "21.346 ± 0.014"),
        (123456.0, 3200.0, "123,000 ± 3,000"),
        (5.0, 1.9, "5.0 ± 1.9"),
    ],
)
def test_no_more_digits_are_told_than_the_deviation_is_worth(mean, deviation, said):
    assert KIND.decode(np.array([[mean, deviation]]), ("value",)) == (said,)


def test_an_answer_tells_value_and_interval():
    told = KIND.told(np.array([10.0, 20.0, 1.0, 2.0], np.float32), ("a", "b"))
    assert told["values"] == {"a": 10.0, "b": 20.0}
    assert told["intervals"]["b"] == pytest.approx((16.71, 23.29), abs=0.01)
    assert KIND.plain(np.array([[10.0, 20.0, 1.0, 2.0]]), ("a", "b")) == [(10.0, 20.0)]


def test_chance_suits_the_metric():
    targets = np.array([[0.0], [0.0], [9.0]], np.float32)
    assert KIND.chance(targets, 1, "rmse")[0] == 3.0
    assert KIND.chance(targets, 1, "mae")[0] == 0.0
