"""Metrics of labels, numbers and tags: the reference's values, and the same from sums."""

import numpy as np
import pytest
from sklearn import metrics as reference

from fivefold.scores.intervals import intervals
from fivefold.scores.metrics import metric
from fivefold.scores.paired import paired
from fivefold.scores.resampling import draws, summed, tables
from fivefold.scores.tags import scheme_of, spans

N, K = 60, 4
TAGS = ("B-a", "B-b", "I-a", "I-b", "O")
WORDS = {
    "labels": (
        "macro_f1", "micro_f1", "subset_accuracy", "mean_average_precision", "label_log_loss",
        "label_calibration_error",
    ),
    "number": ("rmse", "mae", "r2", "nll", "coverage"),
    "tags": (
        "token_accuracy", "span_f1", "sentence_accuracy", "token_log_loss",
        "token_calibration_error",
    ),
}  # fmt: skip
EVERY = [(target, word) for target, words in WORDS.items() for word in words]


def made(target, skill=2.0, seed=0, n=N):
    """Answers that know the truth the better the more skill, and the truth."""
    rng = np.random.default_rng([seed, n])
    if target == "labels":
        truth = (rng.random((n, K)) < 0.4).astype(np.float32)
        answers = 1 / (1 + np.exp(-rng.normal(skill * (truth - 0.5), 1)))
    elif target == "number":
        truth = rng.normal(50, 10, (n, 2)).astype(np.float32)
        answers = np.concatenate([truth + rng.normal(0, 8 / (skill + 1), truth.shape),
                                  rng.uniform(2, 6, truth.shape)], axis=1)  # fmt: skip
    else:
        truth = rng.integers(0, len(TAGS), (n, 6))
        truth[rng.random(truth.shape) < 0.2] = -1
        truth[:, 0] = np.maximum(truth[:, 0], 0)
        odds = rng.normal(size=(n, 6, len(TAGS)))
        odds += skill * (truth[..., None] == np.arange(len(TAGS)))
        answers = np.exp(odds) / np.exp(odds).sum(2, keepdims=True)
    return answers.astype(np.float32), truth


def test_labels_are_scored_as_by_scikit_learn():
    p, y = made("labels")
    given = p >= 0.5
    for word, wanted in {
        "macro_f1": reference.f1_score(y, given, average="macro"),
        "micro_f1": reference.f1_score(y, given, average="micro"),
        "subset_accuracy": reference.accuracy_score(y, given),
        "mean_average_precision": reference.label_ranking_average_precision_score(y, p),
    }.items():
        assert metric(word).function(p, y) == pytest.approx(wanted), word
    wanted = np.mean([reference.log_loss(y[:, k], p[:, k]) for k in range(K)])
    assert metric("label_log_loss").function(p, y) == pytest.approx(wanted, rel=1e-5)


def test_macro_f1_is_for_classes_too():
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(K), N).astype(np.float32), rng.integers(0, K, N)
    wanted = reference.f1_score(y, p.argmax(1), average="macro")
    assert metric("macro_f1").function(p, y) == pytest.approx(wanted)


def test_numbers_are_scored_as_by_scikit_learn():
    p, y = made("number")
    assert metric("rmse").function(p, y) == pytest.approx(
        reference.root_mean_squared_error(y, p[:, :2])
    )
    assert metric("mae").function(p, y) == pytest.approx(reference.mean_absolute_error(y, p[:, :2]))
    assert metric("r2").function(p, y) == pytest.approx(reference.r2_score(y, p[:, :2]), rel=1e-4)


def test_the_mean_explains_nothing_and_less_than_nothing_is_below_0():
    y = np.arange(20, dtype=np.float32)[:, None]
    mean = np.tile(np.array([[9.5, 1.0]], np.float32), (20, 1))
    assert metric("r2").function(mean, y) == pytest.approx(0.0, abs=1e-6)
    assert metric("r2").function(mean + 30, y) < -5


def as_spans(tags):
    """Spans of one sentence, the slow way: (first, last, kind)."""
    found, open_ = [], None
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        if open_ and (prefix in "OB" or kind != open_[1]):
            found.append((open_[0], i - 1, open_[1]))
            open_ = None
        if prefix != "O" and open_ is None:
            open_ = (i, kind)
    return set(found)


def test_spans_are_read_as_the_conll_evaluation_reads_them():
    rng = np.random.default_rng(3)
    tags = rng.integers(0, len(TAGS), (200, 7))
    until, kind = spans(tags, scheme_of(TAGS))
    for row, last, what in zip(tags, until, kind, strict=True):
        found = {(i, int(last[i]), "ab"[what[i]]) for i in np.flatnonzero(last >= 0)}
        assert found == as_spans([TAGS[t] for t in row])


def test_spans_of_one_token_end_where_their_prefix_says():
    scheme = scheme_of(("B-a", "E-a", "I-a", "O", "S-a"))
    until, _ = spans(np.array([[4, 0, 2, 1, 0, 1, 4, 4, 3]]), scheme)
    assert until.tolist() == [[0, 3, -1, -1, 5, -1, 6, 7, -1]]


def test_span_f1_counts_whole_spans():
    p, y = made("tags", skill=1.0)
    known = [[TAGS[t] if t >= 0 else "O" for t in row] for row in y]
    given = [[TAGS[t] if y[i, j] >= 0 else "O" for j, t in enumerate(row)]
             for i, row in enumerate(p.argmax(2))]  # fmt: skip
    pairs = [(as_spans(g), as_spans(t)) for g, t in zip(given, known, strict=True)]
    hits = sum(len(g & t) for g, t in pairs)
    wanted = 2 * hits / sum(len(g) + len(t) for g, t in pairs)
    assert metric("span_f1", TAGS).function(p, y) == pytest.approx(wanted)


@pytest.mark.parametrize(("target", "word"), EVERY)
def test_every_metric_is_a_function_of_sums(target, word):
    p, y = made(target)
    judge = metric(word, TAGS)
    drawn = draws(N, 5, np.random.default_rng(0))
    (sums,) = summed([tables(judge.contributions(p, y), drawn)], drawn.resamples())
    for score, count in zip(judge.finish(*sums), next(drawn.resamples()), strict=True):
        rows = np.repeat(np.arange(N), count.astype(int))
        # R2 and log-likelihood are taken in units of the drawn rows' own spread.
        assert score == pytest.approx(judge.function(p[rows], y[rows]), abs=2e-4)


@pytest.mark.parametrize(("target", "word"), EVERY)
def test_an_interval_holds_its_score_and_skill_is_told_apart(target, word):
    p, y = made(target, 2.0, n=400)
    found = intervals([word], p, y, drawn=draws(400, 200, np.random.default_rng(0)),
                      vocabulary=TAGS)[word]  # fmt: skip
    assert found.low <= found.value <= found.high
    if "calibration" in word or word == "coverage":
        return
    poor, _ = made(target, 0.0, n=400)
    if target == "number":
        poor[:, :2] += np.random.default_rng(1).normal(0, 9, y.shape)
    else:
        poor = np.roll(p, 1, axis=0)
        poor = poor if target == "labels" else np.where((y >= 0)[..., None], poor, p)
    drawn = draws(400, 300, np.random.default_rng(0))
    assert paired(metric(word, TAGS), ("a", p), ("b", poor), y, drawn=drawn).beats
    same = paired(metric(word, TAGS), ("a", p), ("b", p), y, drawn=drawn)
    assert not same.beats
    assert same.p > 0.9


def test_tokens_of_a_sentence_are_drawn_together():
    # One sentence holds all mistakes: the interval has to know that they are not independent.
    y = np.zeros((40, 50), np.int64)
    p = np.zeros((40, 50, 2), np.float32)
    p[..., 0] = 1.0
    p[0] = [0.0, 1.0]
    drawn = draws(40, 500, np.random.default_rng(0))
    found = intervals(["token_accuracy"], p, y, drawn=drawn)["token_accuracy"]
    assert found.value == pytest.approx(1 - 1 / 40)
    assert found.high - found.low > 0.05
