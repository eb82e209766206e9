"""Planted leaks: what a group or a moment gives away is worth nothing under the split by it.

The same rows with the group or the time kept back show that it would have been learned.
"""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from fivefold.contracts.records import Input, Listing, Problem, Target
from fivefold.plumbing.sources import ArraySource
from fivefold.step2_gather.gather import gather


@pytest.fixture
def scores(tmp_path):
    """`scores(items, labels, groups=, times=)`: accuracy on validation rows and on the vault."""

    def run(items, labels, **order):
        source = ArraySource(items.astype(np.float32))
        n = len(labels)
        names = {"names": source.names(), "parts": (None,) * n}
        listing = Listing(labels=tuple(map(str, labels)), **names, **order)
        inputs, target = (Input(kind="array"),), Target(kind="class")
        problem = Problem(
            source="rows", inputs=inputs, target=target, metric="accuracy", layout="", guesses=()
        )
        made = gather(problem, listing, source, cache_root=tmp_path / "cache", seed=0)
        data, sealed = made.dataset, made.vault.open()
        x, y = data.rows.take(slice(None)), data.targets

        def right(train, rows, wanted):
            model = KNeighborsClassifier(1).fit(x[train], y[train])
            return model.predict(rows) == wanted

        held = [
            right(data.folds != fold, x[data.folds == fold], y[data.folds == fold])
            for fold in range(data.n_folds)
        ]
        judged = right(np.arange(len(y)), sealed.rows.take(slice(None)), sealed.targets)
        return float(np.concatenate(held).mean()), float(judged.mean())

    return run


def test_a_voice_that_gives_the_answer_away_is_no_use_under_the_split_by_group(scores):
    """Each patient has one diagnosis and a voice; nothing but the voice is in the rows."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(120), 10)
    labels = rng.integers(0, 2, 120)[groups]
    voice = rng.normal(size=(120, 8))[groups]
    items = voice + 0.1 * rng.normal(size=(1200, 8))
    honest = scores(items, labels, groups=tuple(f"patient {one}" for one in groups))
    leaking = scores(items, labels)
    # 24 patients in the vault, all rows of one patient answered alike: chance is wide.
    assert abs(honest[1] - 0.5) < 3 * np.sqrt(0.25 / 24)
    assert abs(honest[0] - 0.5) < 3 * np.sqrt(0.25 / 96)
    assert min(leaking) > 0.99


def test_a_drift_that_gives_the_answer_away_is_no_use_under_the_split_by_time(scores):
    """The answer changes by chance from day to day; a row tells its moment and nothing else."""
    rng = np.random.default_rng(4)
    times = np.arange(2000)
    labels = rng.integers(0, 2, 200)[times // 10]
    items = np.stack([times, rng.normal(size=2000)], axis=1) * [1.0, 1e-3]
    honest = scores(items, labels, times=tuple(map(float, times)))
    leaking = scores(items, labels)
    # The last moment known answers for all later ones: right as often as its class is met.
    assert abs(honest[1] - 0.5) < 3 * np.sqrt(0.25 / 40)
    assert abs(honest[0] - 0.5) < 3 * np.sqrt(0.25 / 32)
    assert min(leaking) > 0.85


def test_what_is_true_of_all_groups_is_learned_all_the_same(scores):
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(30), 20)
    labels = rng.integers(0, 2, 600)
    items = rng.normal(size=(30, 4))[groups] * [0.1] * 4 + 3 * labels[:, None]
    items += 0.3 * rng.normal(size=items.shape)
    assert min(scores(items, labels, groups=tuple(f"g{one}" for one in groups))) > 0.99
