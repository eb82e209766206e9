"""The ensemble: never worse than its best member, no better than chance on noise."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivefold.contracts.records import (
    Dataset,
    Fleet,
    Fold,
    Input,
    Member,
    Plan,
    Problem,
    Target,
)
from fivefold.contracts.rows import Rows
from fivefold.plumbing.errors import RunError
from fivefold.scores.calibration import NEVER_SURE, apply_temperature
from fivefold.scores.metrics import METRICS
from fivefold.step5_ensemble import ensemble
from fivefold.step5_ensemble import selection as selection_module
from fivefold.step5_ensemble.selection import Jury, pool, select
from fivefold.targets.class_ import Class
from fivefold.targets.number import Number


def dataset(targets: np.ndarray, metric: str = "accuracy") -> Dataset:
    n = len(targets)
    return Dataset(
        problem=Problem(
            source="here",
            inputs=(Input(kind="image"),),
            target=Target(kind="class"),
            metric=metric,
            layout="arrays",
            guesses=(),
        ),
        classes=tuple("abcdefgh"),
        rows=Rows(file=Path("none"), dtype="uint8", item_shape=(1,), total=n, index=np.arange(n)),
        targets=targets,
        names=tuple(map(str, range(n))),
        folds=np.zeros(n, np.int64),
        n_folds=1,
        groups=np.arange(n),
        split="",
        quarantine=(),
        duplicates=(),
        notes=(),
        fingerprint="",
        total=n,
        seen_sizes=(),
    )


def answers(targets: np.ndarray, skill: float, rng: np.random.Generator, k: int = 4) -> np.ndarray:
    """Answers (N, k) that know the targets the better the more skill; 0 knows nothing."""
    logits = rng.normal(size=(len(targets), k))
    logits[np.arange(len(targets)), targets] += skill
    return (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)


def member(name: str, p: np.ndarray, targets: np.ndarray, kind: str = "deep") -> Member:
    known = ~np.isnan(p).any(1)
    score = METRICS["accuracy"].function(p[known], targets[known]) if known.any() else 0.0
    parts = (
        Fold(fold=0, file="0", score=score - 0.1, seconds=1.0, epochs=1.0),
        Fold(fold=1, file="1", score=score + 0.1, seconds=1.0, epochs=1.0),
    )
    return Member(
        name=name,
        kind=kind,
        net=name,
        recipe=None,
        parts=parts,
        parameters=1,
        score=score,
        seconds=2.0,
        answers=p,
    )


def fleet(*members: Member) -> Fleet:
    return Fleet(members=members, plan=Plan(lines=(), timings=(), notes=()), degraded=())


@given(st.integers(0, 1000), st.integers(30, 200), st.integers(1, 5), st.sampled_from([*METRICS]))
@settings(deadline=None, max_examples=15)
def test_selection_is_never_worse_than_the_best_member(seed, n, members, word):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n)
    stacked = np.stack([answers(y, rng.random() * 2, rng) for _ in range(members)])
    selection = select(stacked, y, Jury(Class(), word), rng)
    assert selection.weights.sum() == pytest.approx(1)
    score = METRICS[word].function(pool(stacked, selection.weights, Class()), y)
    singles = [METRICS[word].function(one, y) for one in stacked]
    up = METRICS[word].higher_is_better
    assert score >= max(singles) if up else score <= min(singles) + 1e-6


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("far", [1e5, 1e6])
def test_large_numbers_told_closely_are_pooled_without_losing_their_deviation(members, far):
    rng = np.random.default_rng(0)
    truth = (far + rng.normal(size=(100, 1))).astype(np.float32)
    spread = rng.uniform(0.5, 1.5, (100, 1))
    one = np.concatenate([truth + spread * rng.normal(size=(100, 1)), spread], 1)
    stacked = np.stack([one.astype(np.float32)] * members)
    selection = select(stacked, truth, Jury(Number(), "nll"), rng)
    assert selection.weights.sum() == pytest.approx(1)
    pooled = pool(stacked, selection.weights, Number())
    np.testing.assert_allclose(pooled, stacked[0], rtol=1e-3)
    alone = pool(stacked, np.eye(members)[0], Number())
    np.testing.assert_array_equal(alone, stacked[0])


def test_where_no_pool_is_as_good_the_best_member_is_taken(monkeypatch):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 100)
    stacked = np.stack([answers(y, 1.0, rng) for _ in range(2)])
    worse = np.full_like(stacked[0], 0.25)  # what rounding does, only more of it
    monkeypatch.setattr(selection_module, "pool", lambda *_: worse)
    weights = select(stacked, y, Jury(Class(), "log_loss"), rng).weights
    assert sorted(weights) == [0.0, 1.0]


def test_members_that_err_apart_win_together_on_fresh_rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 1500)
    stacked = [answers(y, 1.0, rng) for _ in range(4)]
    half = y[:750]
    made = ensemble(
        dataset(half),
        fleet(*(member(f"m{i}", p[:750], half) for i, p in enumerate(stacked))),
        seed=0,
    )
    pooled = sum(made.weights[f"m{i}"] * p[750:] for i, p in enumerate(stacked))
    alone = max((p[750:].argmax(1) == y[750:]).mean() for p in stacked)
    assert len(made.weights) == 4
    assert (pooled.argmax(1) == y[750:]).mean() > alone + 0.1
    assert made.log_loss == pytest.approx(
        METRICS["log_loss"].function(apply_temperature(pooled, made.temperature), y[750:]), abs=0.1
    )


def test_a_fleet_that_knows_nothing_stays_at_chance_on_fresh_rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 3000)
    stacked = [answers(y, 0.0, rng) for _ in range(6)]
    known = y[:300]
    made = ensemble(
        dataset(known), fleet(*(member(f"m{i}", p[:300], known) for i, p in enumerate(stacked))),
        seed=0,
    )  # fmt: skip
    pooled = sum(made.weights.get(f"m{i}", 0) * p[300:] for i, p in enumerate(stacked))
    assert (pooled.argmax(1) == y[300:]).mean() < 0.28
    assert made.log_loss < np.log(4) + 0.05
    assert made.sure_above == NEVER_SURE


def test_best_single_names_one_net_and_best_traditional_a_member():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 300)
    made = ensemble(
        dataset(y),
        fleet(
            member("weak", answers(y, 0.5, rng), y),
            member("strong", answers(y, 3.0, rng), y),
            member("hog+svm", answers(y, 1.5, rng), y, kind="traditional"),
        ),
        seed=0,
    )
    assert made.best_single == "strong/1"
    assert made.best_traditional == "hog+svm"
    assert set(made.temperatures) == {"weak", "strong", "hog+svm"}
    assert made.path[0][0] == "strong"
    json.dumps(asdict(made), allow_nan=False)


@pytest.mark.parametrize(("metric", "fold"), [("accuracy", 2), ("log_loss", 2)])
def test_the_single_net_is_of_the_middle_fold_not_of_the_luckiest(metric, fold):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 300)
    scores = (0.5, 0.9, 0.7, 0.6, 0.8)
    parts = tuple(
        Fold(fold=i, file=str(i), score=score, seconds=1.0, epochs=1.0)
        for i, score in enumerate(scores)
    )
    folded = replace(member("net", answers(y, 2.0, rng), y), parts=parts)
    assert ensemble(dataset(y, metric), fleet(folded), seed=0).best_single == f"net/{fold}"


@pytest.mark.parametrize("kind", ["deep", "traditional"])
def test_a_fleet_of_one_kind_works(kind):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 100)
    made = ensemble(dataset(y), fleet(member("only", answers(y, 2.0, rng), y, kind)), seed=0)
    assert made.weights == {"only": 1.0}
    assert (made.best_single is None) == (kind == "traditional")
    assert (made.best_traditional is None) == (kind == "deep")


def test_a_member_with_too_few_answers_is_left_out_and_noted():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 200)
    full, stump = answers(y, 2.0, rng), answers(y, 4.0, rng)
    stump[20:] = np.nan
    made = ensemble(dataset(y), fleet(member("stump", stump, y), member("full", full, y)), seed=0)
    assert list(made.weights) == ["full"]
    assert made.notes == ("stump: left out, it answers 20 of 200 validation rows",)


@pytest.mark.parametrize(("rows", "kept"), [(200, False), (5_000, True)])
def test_a_net_of_few_folds_is_left_out_where_rows_are_few(rows, kept):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, rows)
    full, part, hand = (answers(y, strength, rng) for strength in (1.0, 4.0, 1.0))
    part[rows // 2 :] = np.nan  # as good as it is
    members = (member("full", full, y), member("part", part, y))
    made = ensemble(dataset(y), fleet(*members, member("hog", hand, y, "traditional")), seed=0)
    assert ("part" in made.weights) == kept
    assert bool(made.notes) != kept


def test_few_rows_that_all_members_answer_are_told():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 500)
    hand, net = answers(y, 1.0, rng), answers(y, 2.0, rng)
    net[100:] = np.nan  # a net of one fold, beside an opponent that was judged on all
    members = (member("hog", hand, y, "traditional"), member("net", net, y))
    made = ensemble(dataset(y), fleet(*members), seed=0)
    told = "chosen and calibrated by 100 of 500 validation rows, those that every member answers"
    assert made.notes == (told,)


def test_a_fleet_without_an_answer_is_a_clear_error():
    y = np.zeros(5, np.int64)
    nothing = np.full((5, 4), np.nan, np.float32)
    for members in ((), (member("lost", nothing, y),)):
        with pytest.raises(RunError, match="none with an answer"):
            ensemble(dataset(y), fleet(*members), seed=0)


@given(st.integers(0, 1000), st.floats(0, 4))
@settings(deadline=None, max_examples=40)
def test_answers_called_sure_are_right_as_often_as_promised(seed, skill):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, 150)
    p = answers(y, skill, rng)
    threshold = Class().sure_above(p, y)
    right = p.argmax(1) == y
    sure = p.max(1) >= threshold
    wanted = 0.99 if right.mean() >= 0.95 else 0.95
    assert sure.sum() >= 10 or threshold == NEVER_SURE
    assert not sure.any() or right[sure].mean() >= wanted


def test_one_row_is_enough_to_run():
    y = np.array([2])
    made = ensemble(
        dataset(y), fleet(member("m", answers(y, 1.0, np.random.default_rng(0)), y)), seed=0
    )
    assert np.isfinite(made.log_loss)
