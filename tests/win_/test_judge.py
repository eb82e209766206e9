"""The judge: who is judged, on what, in which words; the vault is opened once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fivefold.plumbing.errors import RunError
from fivefold.scores.calibration import apply_temperature
from fivefold.scores.intervals import Interval
from fivefold.scores.paired import Comparison
from fivefold.win_.judge import Verdict, judge
from fivefold.win_.words import difference, duration, number, p_value, sentence, verdict_words


def _judge(ours) -> Verdict:
    return judge(ours.dataset, ours.ensemble, ours.vault, ours.predictor, seed=3)


def test_the_vault_is_opened_exactly_once(contest):
    ours = contest()
    verdict = _judge(ours)
    assert ours.predictor.asked == [ours.vault.size]
    opened = datetime.fromisoformat(verdict.opened)
    assert abs(opened - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(RunError, match="opened vault"):
        ours.vault.open()
    with pytest.raises(RunError, match="opened vault"):
        _judge(ours)


def test_the_ensemble_that_beats_traditional_is_said_to(contest):
    verdict = _judge(contest(deep=0.95, traditional=0.6))
    assert verdict.words.outcome == "ensemble"
    assert verdict.words.headline.startswith("The ensemble beats the traditional pipeline by ")
    assert "p < 0.001" in verdict.words.headline


def test_traditional_wins_is_said_when_it_does(contest):
    weights = {"convnet-1": 1.0}
    verdict = _judge(contest(deep=0.6, traditional=0.95, weights=weights))
    assert verdict.words.outcome == "traditional"
    headline = verdict.words.headline
    assert headline.startswith("Traditional wins. The traditional pipeline beats the ensemble by ")


def test_equal_systems_are_undecided(contest):
    ours = contest(weights={"hog+logistic": 1.0})
    ours.ensemble = replace(
        ours.ensemble, temperatures=dict.fromkeys(ours.ensemble.temperatures, 1.0)
    )
    verdict = _judge(ours)
    assert verdict.words.outcome == "undecided"
    assert verdict.words.headline.startswith("No difference was shown between the ensemble and the")


def test_answers_no_better_than_chance_are_called_so(contest):
    ours = contest(k=2, traditional=None)
    order = np.random.default_rng(0).permutation(ours.vault.size)
    ours.predictor.parts = {name: p[order] for name, p in ours.predictor.parts.items()}
    verdict = _judge(ours)
    assert verdict.words.outcome == "chance"
    assert verdict.words.headline.startswith("No better than chance was shown")


@pytest.mark.parametrize(
    ("deep", "traditional", "systems", "tests"),
    [
        (0.9, 0.7, ["ensemble", "best_single", "traditional", "chance"], 3),
        (0.9, None, ["ensemble", "best_single", "chance"], 1),
        (None, 0.7, ["ensemble", "traditional", "chance"], 1),
    ],
)
def test_absent_systems_are_left_out(contest, deep, traditional, systems, tests):
    verdict = _judge(contest(deep=deep, traditional=traditional))
    assert list(verdict.systems) == systems
    assert len(verdict.tests) == tests


def test_a_lone_ensemble_is_set_against_chance(contest):
    ours = contest(traditional=None)
    ours.ensemble = replace(ours.ensemble, best_single=None)
    verdict = _judge(ours)
    assert verdict.words.outcome == "alone"
    assert "nothing to compare it with but chance" in verdict.words.headline


def test_best_single_is_one_net_and_traditional_the_mean_of_its_parts(contest):
    ours = contest()
    verdict = _judge(ours)
    parts = ours.predictor.parts
    single = apply_temperature(parts["convnet-1/0"], 1.2)
    np.testing.assert_allclose(verdict.systems["best_single"].probabilities, single, rtol=1e-5)
    mean = (parts["hog+logistic/0"] + parts["hog+logistic/1"]) / 2
    together = apply_temperature(mean, 1.2)
    np.testing.assert_allclose(verdict.systems["traditional"].probabilities, together, rtol=1e-5)


def test_chance_knows_only_the_open_rows(contest):
    ours = contest(k=2)
    ours.dataset = replace(ours.dataset, targets=np.array([0, 0, 0, 1] * 60))
    verdict = _judge(ours)
    chance = verdict.systems["chance"]
    np.testing.assert_allclose(chance.probabilities[0], [0.75, 0.25])
    share_of_class_0 = (verdict.content.targets == 0).mean()
    assert chance.scores["accuracy"].value == pytest.approx(share_of_class_0)


@pytest.mark.parametrize(("k", "has_top5"), [(2, False), (10, False), (11, True)])
def test_top5_only_where_it_says_something(contest, k, has_top5):
    assert ("top5" in _judge(contest(k=k)).systems["ensemble"].scores) == has_top5


def test_the_same_seed_gives_the_same_intervals(contest):
    first, second = _judge(contest()), _judge(contest())
    assert first.systems["ensemble"].scores == second.systems["ensemble"].scores
    assert first.tests == second.tests


@pytest.mark.parametrize(
    ("groups", "drawn", "caution"),
    [
        (0, None, ""),
        (240, None, ""),
        (24, 24, ""),
        (5, 5, "of only 5 groups"),
        (1, None, "all of one"),
    ],
)
def test_groups_of_the_vault_are_what_is_drawn(contest, groups, drawn, caution):
    verdict = _judge(contest(groups=groups))
    assert verdict.groups == drawn
    assert caution in verdict.caution
    assert bool(caution) == bool(verdict.caution)
    # The difference is large; only of five groups no test can show one.
    assert verdict.words.outcome == ("undecided" if groups == 5 else "ensemble")


def _test(metric: str, difference: float, low: float, high: float, p: float) -> Comparison:
    return Comparison(
        a="ensemble", b="traditional", metric=metric, difference=difference, low=low, high=high,
        p=p, beats=False,
    )  # fmt: skip


def test_sentences_turn_the_numbers_to_the_winner():
    assert sentence(_test("accuracy", 0.123, 0.098, 0.147, 0.0004)) == (
        "The ensemble beats the traditional pipeline by 12.3 points of accuracy "
        "(9.8 to 14.7, p < 0.001)."
    )
    assert sentence(_test("accuracy", -0.02, -0.03, -0.01, 0.004)) == (
        "The traditional pipeline beats the ensemble by 2.0 points of accuracy "
        "(1.0 to 3.0, p = 0.004)."
    )
    assert sentence(_test("log_loss", -0.2, -0.3, -0.1, 0.004)) == (
        "The ensemble beats the traditional pipeline by 0.200 in log-loss "
        "(0.100 to 0.300, p = 0.004)."
    )
    assert sentence(_test("accuracy", 0.01, -0.01, 0.03, 0.31)) == (
        "No difference was shown between the ensemble and the traditional pipeline: "
        "1.0 points of accuracy (-1.0 to 3.0, p = 0.31)."
    )


def test_a_lower_log_loss_than_chance_beats_chance():
    scores = {
        "ensemble": Interval(value=0.3, low=0.2, high=0.4),
        "chance": Interval(value=0.7, low=0.7, high=0.7),
    }
    assert verdict_words("log_loss", scores, ()).outcome == "alone"
    scores["ensemble"] = Interval(value=0.66, low=0.6, high=0.72)
    assert verdict_words("log_loss", scores, ()).outcome == "chance"


def test_numbers_in_words():
    assert number("accuracy", 0.99996) == "99.9 %"
    assert number("accuracy", 1.0) == "100.0 %"
    assert number("log_loss", 0.12345) == "0.123"
    assert number("rmse", 0.0118) == "0.0118"
    assert number("rmse", 1.234e-9) == "1.23e-09"
    assert number("rmse", 12345.678) == "1.235e+04"
    assert [difference("rmse", d) for d in (0.0, -0.0004, 0.5)] == ["0.000", "-0.000400", "0.500"]
    assert number("accuracy", None) == "-"
    assert [duration(s) for s in (0.42, 12, 300, 298, 3720)] == [
        "0.4 s", "12 s", "5 min", "4 min 58 s", "1 h 2 min",
    ]  # fmt: skip
    assert [p_value(p) for p in (0.0001, 0.0312, None)] == ["p < 0.001", "p = 0.031", "-"]
