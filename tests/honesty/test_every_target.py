"""Targets without a meaning come out as chance, whatever their kind; with one they are learned."""

from types import SimpleNamespace

import numpy as np
import pytest

from fivefold.contracts.records import (
    Dataset,
    Fleet,
    Fold,
    Input,
    Member,
    Plan,
    Problem,
    Target,
)  # fmt: skip
from fivefold.contracts.rows import Rows
from fivefold.contracts.vault import Vault, VaultContent
from fivefold.step5_ensemble import ensemble
from fivefold.targets import target_of
from fivefold.win_.judge import judge

N, K, LENGTH = 240, 3, 4
METRICS = {
    "class": ("accuracy", "balanced_accuracy", "macro_f1"),
    "labels": ("macro_f1", "micro_f1", "subset_accuracy", "mean_average_precision"),
    "number": ("rmse", "mae", "r2", "nll"),
    "tags": ("token_accuracy", "span_f1", "sentence_accuracy"),
}
VOCABULARY = {"class": ("a", "b", "c"), "labels": ("a", "b", "c"), "number": ("value",),
              "tags": ("B-x", "I-x", "O")}  # fmt: skip
EVERY = [(kind, word) for kind, words in METRICS.items() for word in words]


def drawn(kind, rng, n):
    """Uneven targets, of which blind answers are worth something."""
    if kind == "class":
        return rng.choice(K, n, p=[0.7, 0.2, 0.1])
    if kind == "labels":
        return (rng.random((n, K)) < [0.5, 0.3, 0.1]).astype(np.float32)
    if kind == "number":
        return rng.lognormal(0, 0.7, (n, 1)).astype(np.float32)
    return rng.choice(K, (n, LENGTH), p=[0.2, 0.2, 0.6])


def answered(kind, targets, skill, rng):
    """Answers of a member as a head gives them: mostly noise around the truth."""
    if kind == "number":
        spread = 1.0 / (1.0 + skill)
        means = (1 - spread) * targets + spread * rng.normal(1.2, 0.4, targets.shape)
        return np.concatenate([means, np.full_like(targets, spread)], axis=1).astype(np.float32)
    if kind == "labels":
        odds = rng.normal(-0.7, 0.7, targets.shape) + skill * (2 * targets - 1)
        return (1 / (1 + np.exp(-odds))).astype(np.float32)
    odds = rng.normal(0, 0.7, (*targets.shape, K)) + np.log([0.6, 0.25, 0.15])
    odds += 2 * skill * (targets[..., None] == np.arange(K))
    return (np.exp(odds) / np.exp(odds).sum(-1, keepdims=True)).astype(np.float32)


def verdict_on(kind, word, skill, seed):
    """Two members judged on a vault they never saw."""
    rng = np.random.default_rng([seed, len(word)])
    open_targets, sealed = drawn(kind, rng, N), drawn(kind, rng, N)
    rows = Rows(file=None, dtype="uint8", item_shape=(1,), total=N, index=np.arange(N))
    dataset = Dataset(
        problem=Problem(source="", inputs=(Input(kind="array"),), target=Target(kind=kind),
                        metric=word, layout="", guesses=()),
        classes=VOCABULARY[kind], rows=rows, targets=open_targets,
        names=tuple(map(str, range(N))), folds=np.zeros(N, np.int64), n_folds=1,
        groups=np.arange(N), split="", quarantine=(), duplicates=(), notes=(), fingerprint="",
        total=N, seen_sizes=(),
    )  # fmt: skip
    members = tuple(
        Member(name=name, kind=what, net=name, recipe=None, parameters=1, score=0.5, seconds=1.0,
               parts=(Fold(fold=0, file="", score=0.5, seconds=1.0, epochs=1.0),),
               answers=answered(kind, open_targets, skill, rng))
        for name, what in (("net", "deep"), ("old", "traditional"))
    )  # fmt: skip
    made = ensemble(dataset, Fleet(members=members, plan=Plan(), degraded=()), seed=0)
    parts = {f"{m.name}/0": answered(kind, sealed, skill, rng) for m in members}
    target = target_of(dataset.problem)

    def pool(parts):
        mixed = sum(
            weight * target.addable(
                target.apply_temperature(parts[f"{name}/0"], made.temperatures[name])
            )
            for name, weight in made.weights.items()
        )  # fmt: skip
        pooled = target.apply_temperature(target.settled(mixed), made.temperature)
        return target.shifted(pooled, made.shift)

    predictor = SimpleNamespace(part_probabilities=lambda *_, **__: parts, pool=pool)
    content = VaultContent(rows=rows, targets=sealed, names=dataset.names)
    return judge(dataset, made, Vault(content, origin=""), predictor, seed=0)


@pytest.mark.parametrize(("kind", "word"), EVERY)
def test_answers_without_a_meaning_come_out_as_chance(kind, word):
    outcomes = [verdict_on(kind, word, 0.0, seed).words.outcome for seed in range(3)]
    # An interval of 95 % may lie wrong once in a while, on one side.
    assert outcomes.count("chance") >= 2


@pytest.mark.parametrize(("kind", "word"), EVERY)
def test_answers_with_a_meaning_do_not(kind, word):
    verdict = verdict_on(kind, word, 3.0, 0)
    assert verdict.words.outcome != "chance"
    assert set(verdict.systems) == {"ensemble", "best_single", "traditional", "chance"}
