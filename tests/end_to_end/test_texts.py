"""Texts in class folders, from files to a report."""

from __future__ import annotations

import random

import pytest

import fivefold

GOOD = ["splendid", "moving", "clever", "warm", "funny"]
BAD = ["dull", "clumsy", "cold", "noisy", "silly"]
PLAIN = [
    "the",
    "film",
    "has",
    "a",
    "story",
    "and",
    "people",
    "in",
    "it",
    "who",
    "talk",
    "of",
    "things",
]


def write(folder, part, label, n, rng):
    """Reviews of few words, of which one tells the class."""
    place = folder / part / label
    place.mkdir(parents=True)
    for i in range(n):
        words = rng.choices(PLAIN, k=rng.randint(5, 12))
        words.insert(rng.randint(0, 5), rng.choice(GOOD if label == "good" else BAD))
        (place / f"{i}.txt").write_text(" ".join(words) + f" {i}")


@pytest.mark.parametrize("net", ["bag", "word_conv"])
def test_texts_are_told_apart(tmp_path, monkeypatch, net):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    rng = random.Random(0)
    for part, n in (("train", 60), ("test", 20)):
        for label in ("good", "bad"):
            write(tmp_path / "films", part, label, n, rng)
    (tmp_path / "films/train/good/broken.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    run = fivefold.win(
        tmp_path / "films", budget="20s", steps=60, nets=1, net=net, out=tmp_path / "run"
    )
    assert run.report.data["scores"]["ensemble"]["accuracy"]["value"] > 0.8
    assert run.report.data["problem"]["inputs"][0]["kind"] == "text"
    answers = run.predict([b"a splendid and clever film", b"what a dull, silly story"])
    assert list(answers) == ["good", "bad"]
