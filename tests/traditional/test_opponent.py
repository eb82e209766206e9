"""The traditional opponent: good on digits, honest about folds and time, whole after saving."""

import time
from pathlib import Path

import numpy as np
import pytest

from fivefold.contracts import records
from fivefold.plumbing.clock import Clock
from fivefold.traditional import race as race_module
from fivefold.traditional.answers import load_traditional, predict_rows, seconds_per_row
from fivefold.traditional.classifiers import CLASSIFIERS
from fivefold.traditional.fit import TraditionalResult, fit_traditional, fit_within
from fivefold.traditional.image import Hog
from fivefold.traditional.race import Fitted, candidates, stratified
from fivefold.traditional.ways import way_of


@pytest.fixture(scope="module")
def won(digits, tmp_path_factory) -> tuple[TraditionalResult, Path]:
    folder = tmp_path_factory.mktemp("train")
    return fit_traditional(digits, seconds=8, seed=0, folder=folder), folder


def test_digits_are_read(won, digits):
    result, _ = won
    best = result.members[0]
    assert best.score > 0.93
    assert best.score == pytest.approx((best.answers.argmax(1) == digits.targets).mean())
    assert len(best.parts) == digits.n_folds
    assert best.parameters > 100


def test_what_was_left_out_is_said(won):
    assert any(note.startswith("colour: left out") for note in won[0].notes)


def test_members_are_diverse_and_best_first(won):
    members = won[0].members
    assert len({m.name.rpartition("+")[2] for m in members}) == len(members) <= 3
    assert [m.score for m in members] == sorted((m.score for m in members), reverse=True)


def test_saved_members_answer_as_they_did_when_fitted(won, digits):
    result, folder = won
    shares: list[float] = []
    parts = predict_rows(result.members, folder, digits.rows, tick=shares.append)
    assert shares[-1] == pytest.approx(1.0)
    for member in result.members:
        for part in member.parts:
            judged = digits.folds == part.fold
            again = parts[f"{member.name}/{part.fold}"][judged]
            assert np.allclose(again, member.answers[judged], atol=1e-6)
        one = load_traditional(folder, member).probabilities(digits.rows.take(slice(0, 9)))
        mean = np.mean([parts[f"{member.name}/{p.fold}"][:9] for p in member.parts], axis=0)
        assert np.allclose(one, mean, atol=1e-5)
        assert 0 < seconds_per_row(folder, [member]) < 1


def test_members_survive_the_records_file(won, tmp_path):
    from fivefold.contracts import saving

    member = won[0].members[0]
    saving.save(member, tmp_path, "member")
    again = saving.load(records.Member, tmp_path, "member")
    assert again.parts == member.parts
    assert np.array_equal(again.answers, member.answers)


def test_shuffled_labels_come_out_as_chance(tmp_path, make_dataset):
    rng = np.random.default_rng(0)
    items = rng.normal(size=(600, 6)).astype(np.float32)
    targets = rng.integers(0, 4, 600)
    data = make_dataset(tmp_path, items, targets, rng.integers(0, 2, 600), kind="array")
    best = fit_traditional(data, seconds=4, seed=0, folder=tmp_path).members[0]
    assert best.score < 0.33
    loss = -np.log(best.answers[np.arange(600), targets]).mean()
    assert loss < np.log(4) + 0.05


def test_a_fold_that_lacks_a_class_still_answers_for_all(tmp_path, make_dataset):
    items = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    targets = np.array([0, 0, 0, 0, 1, 1, 1, 2])  # the lone row of class 2 lies in fold 1
    data = make_dataset(tmp_path, items, targets, np.arange(8) % 2, kind="array")
    for member in fit_traditional(data, seconds=4, seed=0, folder=tmp_path).members:
        assert member.answers.shape == (8, 3)
        assert np.allclose(member.answers.sum(1), 1, atol=1e-5)
        assert (member.answers[data.folds == 1, 2] == 0).all() or targets[
            data.folds == 0
        ].max() == 2


def test_one_row_of_each_of_two_classes_gets_a_member(tmp_path, make_dataset):
    items = np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)
    data = make_dataset(tmp_path, items, np.array([0, 1]), np.array([0, 1]), kind="array")
    assert fit_traditional(data, seconds=3, seed=0, folder=tmp_path).members


def test_always_trained_rows_get_no_answer(tmp_path, digits, make_dataset):
    folds = np.where(np.arange(400) < 100, 0, -1)
    items = digits.rows.take(slice(0, 400))
    data = make_dataset(tmp_path, items, digits.targets[:400], folds)
    result = fit_traditional(data, seconds=4, seed=0, folder=tmp_path, later_rows=50)
    assert np.array_equal(result.members[0].rows, np.arange(100))
    assert len(result.members[0].answers) == 100
    assert not np.isnan(result.members[0].answers).any()


class Ticking(Clock):
    """A clock that a fixed time passes on whenever it is asked."""

    def __init__(self, budget: float, each: float) -> None:
        super().__init__(budget)
        self.each, self.now = each, 0.0

    def used(self) -> float:
        self.now += self.each
        return self.now


def test_without_time_there_is_still_one_member_and_a_note(digits, tmp_path):
    result = fit_within(digits, Ticking(1.0, 50.0), seed=0, folder=tmp_path)
    assert 1 <= len(result.members) <= race_module.cores()
    assert result.members[0].score > 0.8
    assert any("not tried: no time" in note for note in result.notes)


def fitted(rows: int, seconds: float, word: str) -> Fitted:
    classifier = CLASSIFIERS[word]
    return Fitted(
        candidate=race_module.Candidate(("hog",), classifier),
        model=None,
        rows=rows,
        judged=np.arange(5),
        raw=np.zeros((5, 2), np.float32),
        fit_seconds=seconds,
        row_seconds=1e-3,
        row_seconds_alone=1e-4,
    )


@pytest.mark.parametrize("word", ["svm", "logistic", "forest"])
def test_the_rows_chosen_are_the_most_whose_foretold_cost_fits(word):
    known = fitted(500, 1.0, word)
    rows = known.affordable(10.0, 1000, 50_000)
    assert known.foretell(rows, 1000) <= 10.0 < known.foretell(int(rows * 1.2), 1000)
    assert known.affordable(1e9, 1000, 700) == 700


def test_rows_that_are_answered_when_all_fits_are_done_cost_what_they_cost_alone():
    known = fitted(500, 1.0, "forest")
    beside, later = (known.foretell(500, *counts) for counts in ((1000,), (0, 1000)))
    fit = known.foretell(500, 0)
    assert beside - fit == pytest.approx(10 * (later - fit))


def test_a_row_is_priced_without_the_fits_beside_it(digits, tmp_path, monkeypatch):
    """An answer that waits, as for others that hold Python's lock, has cost nothing meanwhile."""
    way, wait = type(way_of("class", 10, {})), 0.3
    raw = way.raw

    def held_up(*given):
        time.sleep(wait)
        return raw(*given)

    monkeypatch.setattr(way, "raw", held_up)
    result = fit_within(digits, Ticking(1.0, 50.0), seed=0, folder=tmp_path)
    waited = sum(len(m.parts) for m in result.members) * wait / sum(digits.folds == 0)
    assert 0 < seconds_per_row(tmp_path, result.members) < 0.5 * waited


def test_twice_the_rows_cost_a_kernel_more_than_a_linear_model():
    for word, growth in (("svm", 2**1.7), ("logistic", 2)):
        known = fitted(500, 1.0, word)
        assert known.foretell(1000, 0) == pytest.approx(growth * known.foretell(500, 0))


def test_every_beginning_of_a_stratified_order_holds_the_classes_in_their_shares():
    rng = np.random.default_rng(0)
    targets = rng.choice(5, size=1000, p=[0.5, 0.3, 0.1, 0.08, 0.02])
    order = stratified(targets, rng)
    assert sorted(order.tolist()) == list(range(1000))
    assert set(targets[order[:5]]) == set(range(5))
    share = np.bincount(targets[order[:200]], minlength=5) / 200
    assert np.allclose(share, np.bincount(targets) / 1000, atol=0.02)


def test_many_classes_leave_out_what_they_make_too_dear():
    way = way_of("class", 1000, {"item_shape": (8, 8, 1)})
    words = {c.classifier.word for c in candidates((Hog(),), way)}
    assert words == {"logistic", "forest", "linear_svm"}
