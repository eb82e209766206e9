"""Labels of which many are wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse

import fivefold
from fivefold.plumbing.errors import OptionError
from fivefold.step2_gather.believed import most_likely

WORDS = ("goal match team win coach score", "stock bank market share price", "moon rocket lab atom")


def noisy(n=900, share=0.45, seed=0):
    """Texts of three classes; of the third many are called the first, as a crowd might."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    given = np.where((true == 2) & (rng.random(n) < share), 0, true)
    common = [f"word{i}" for i in range(60)]
    texts = [
        " ".join([*rng.choice(WORDS[k].split(), 2), *rng.choice(common, 9)]) for k in true.tolist()
    ]
    return texts, true, given


def test_wrong_labels_that_follow_a_pattern_are_undone():
    texts, true, given = noisy()
    vocabulary = {word: i for i, word in enumerate(sorted({w for t in texts for w in t.split()}))}
    cells = {(i, vocabulary[word]) for i, text in enumerate(texts) for word in text.split()}
    row, column = zip(*sorted(cells), strict=True)
    words = sparse.csr_array((np.ones(len(row), np.float32), (row, column)))
    found = most_likely(words, given, 3)
    assert (given == true).mean() < 0.88
    assert (found == true).mean() > 0.95


def test_a_run_that_is_told_learns_from_believed_labels(tmp_path):
    texts, true, given = noisy()
    lines = [json.dumps({"text": t, "label": f"c{k}"}) for t, k in zip(texts, given, strict=True)]
    data = tmp_path / "data"
    data.mkdir()
    (data / "train.jsonl").write_text("\n".join(lines[:700]))
    right = [json.dumps({"text": t, "label": f"c{k}"}) for t, k in zip(texts, true, strict=True)]
    (data / "test.jsonl").write_text("\n".join(right[700:]))
    asked = {"budget": 60, "steps": 1, "nets": 1}
    plain = fivefold.win(data, out=tmp_path / "plain", **asked)
    told = fivefold.win(data, out=tmp_path / "told", noisy_labels=True, **asked)
    # By log-loss: which opponent is fitted goes by the clock, and one may guess right yet unsure.
    loss = [run.report.scores["traditional"]["log_loss"]["value"] for run in (plain, told)]
    assert loss[1] < 0.5 * loss[0]
    assert "--noisy-labels" in told.report.data["command"]
    assert "--noisy-labels" not in plain.report.data["command"]
    assert any("not believed" in note for note in told.report.data["data"]["notes"])
    assert told.report.data["suspects"]["found"] > 5  # by the labels as given


def test_only_texts_have_believed_labels(tmp_path):
    with pytest.raises(OptionError, match="--noisy-labels"):
        fivefold.win(budget=20, out=tmp_path / "run", noisy_labels=True)
