"""The target `labels`: reading, strata, thresholds, chance."""

import numpy as np
import pytest

from fivefold.contracts.records import SEPARATOR
from fivefold.scores.metrics import metric
from fivefold.targets.labels import Labels

KIND = Labels()


def test_labels_are_read_in_any_order_and_a_row_may_have_none():
    labels = [f"b{SEPARATOR}a", "", "a", f"a{SEPARATOR}unseen"]
    vocabulary = KIND.learn(labels[:3])
    targets = KIND.parse(labels, vocabulary)
    assert vocabulary == ("a", "b")
    assert targets.tolist() == [[1, 1], [0, 0], [1, 0], [1, 0]]
    assert KIND.known(targets).all()
    assert KIND.decode(targets, vocabulary) == ("a, b", "none", "a", "a")


def test_strata_go_by_the_rarest_label():
    targets = np.array([[1, 1], [1, 0], [1, 0], [0, 0]], np.float32)
    strata = KIND.strata(targets)
    names = KIND.stratum_names(targets, ("often", "seldom"))
    assert [names[i] for i in strata] == ["seldom", "often", "often", "none"]


@pytest.mark.parametrize("word", KIND.metrics)
def test_the_best_blind_answer_is_not_beaten_by_another_one(word):
    rng = np.random.default_rng(1)
    targets = (rng.random((500, 4)) < [0.05, 0.3, 0.49, 0.9]).astype(np.float32)
    judge = metric(word)

    def score(row):
        found = judge.function(np.broadcast_to(row.astype(np.float32), targets.shape), targets)
        return found if judge.higher_is_better else -found

    blind = score(KIND.chance(targets, 4, word))
    every = score(np.full(4, 0.51))
    none = score(np.full(4, 0.49))
    if word in {"macro_f1", "micro_f1"}:
        assert blind >= max(every, none)
    assert blind > 0 or not judge.higher_is_better


def test_a_rare_label_is_given_from_a_lower_probability_on():
    rng = np.random.default_rng(0)
    score = rng.normal(size=(3000, 1))
    probability = 1 / (1 + np.exp(3.5 - 1.2 * score))
    targets = (rng.random(score.shape) < probability).astype(np.float32)
    answers = probability.astype(np.float32)
    shift = KIND.fit_shift(answers, targets, "macro_f1")
    judge = metric("macro_f1").function
    assert shift[0] > 0.5
    assert judge(KIND.shifted(answers, shift), targets) > judge(answers, targets) + 0.05
    assert KIND.fit_shift(answers, targets, "label_log_loss") == ()
    # What is shifted keeps its order.
    assert (
        np.argsort(KIND.shifted(answers, shift)[:, 0]) == np.argsort(answers[:, 0])
    ).mean() > 0.99


def test_one_temperature_mends_what_is_too_sure():
    rng = np.random.default_rng(0)
    odds = rng.normal(size=(2000, 3))
    targets = (rng.random(odds.shape) < 1 / (1 + np.exp(-odds))).astype(np.float32)
    answers = (1 / (1 + np.exp(-3 * odds))).astype(np.float32)
    assert KIND.fit_temperature(answers, targets) == pytest.approx(3.0, rel=0.1)
