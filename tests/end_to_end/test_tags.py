"""Sentences of tagged words, from files to a report and to tags of new sentences."""

from __future__ import annotations

import json
import random

import pytest

import fivefold

STEMS = ["lam", "gor", "pel", "dru", "win", "sak", "tob", "fen", "mur", "hal"]
ENDS = {"NOUN": "tion", "VERB": "ize", "ADJ": "ful"}
SENTENCE = ["the", "ADJ", "NOUN", "VERB", "the", "NOUN", "."]
TAGS = ["DET", "ADJ", "NOUN", "VERB", "DET", "NOUN", "PUNCT"]
ONE = ["the", "pelsaktobful", "gorwinlamtion", "murfensakize", "the", "halhalwintion", "."]
TWO = ["the", "drumurfenful", "lamtobpeltion", "wingorhalize", "the", "saksaklamtion", "."]
FIXED = {"the": "DET", ".": "PUNCT"}


def tagged(rng):
    """Words that nobody saw before, of which the ends tell the tags."""
    for place in SENTENCE * rng.choice([1, 1, 2]):
        tag = FIXED.get(place, place)
        word = place if place in FIXED else "".join(rng.choices(STEMS, k=3)) + ENDS[place]
        yield word, tag


def named(rng):
    """Names are the two words behind a title."""
    for _ in range(rng.randint(1, 3)):
        yield from ((rng.choice(STEMS), "O") for _ in range(rng.randint(1, 4)))
        yield rng.choice(["Lord", "Lady"]), "O"
        yield rng.choice(STEMS), "B-PER"
        yield rng.choice(STEMS), "I-PER"


def write(folder, sentences, **parts):
    """CoNLL columns, a file per part."""
    folder.mkdir()
    rng = random.Random(0)
    for part, n in parts.items():
        blocks = ["\n".join("\t".join(pair) for pair in sentences(rng)) for _ in range(n)]
        (folder / f"{part}.conll").write_text("\n\n".join(blocks) + "\n")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))


def test_words_are_tagged_by_their_ends(tmp_path):
    data = write(tmp_path / "data", tagged, train=150, dev=40, test=40)
    # Far longer than any sentence to learn from, and answered all the same.
    long = "\n".join(["the\tDET", "salampeltion\tNOUN", "sakfenize\tVERB"] * 15)
    with (data / "test.conll").open("a") as file:
        file.write(f"\n{long}\n")
    run = fivefold.win(data, budget="20s", steps=60, nets=1, net="window", out=tmp_path / "run")
    report = run.report.data
    assert report["problem"]["inputs"][0]["kind"] == "tokens"
    assert report["problem"]["target"]["kind"] == "tags"
    assert report["scores"]["ensemble"]["token_accuracy"]["value"] > 0.95
    assert report["scores"]["traditional"]["token_accuracy"]["value"] > 0.9
    assert report["scores"]["chance"]["token_accuracy"]["value"] < 0.5
    assert (tmp_path / "run" / "report.html").read_text().count("tags") > 0
    assert not report["quarantine"]
    assert run.predict([ONE, TWO]) == [tuple(TAGS), tuple(TAGS)]
    _answers_for_files(tmp_path, run)


def _answers_for_files(folder, run):
    """Columns without a tag, lines of words, rows."""
    (folder / "new.conll").write_text("\n\n".join("\n".join(words) for words in (ONE, TWO)) + "\n")
    (folder / "new.txt").write_text(f"{' '.join(ONE)}\n\n{' '.join(TWO)}\n")
    (folder / "new.jsonl").write_text(json.dumps({"tokens": ONE}) + "\n")
    for name, many in (("new.conll", 2), ("new.txt", 2), ("new.jsonl", 1)):
        found = run.bundle.answers([folder / name])
        assert [answer.prediction for answer in found] == [" ".join(TAGS)] * many, name
        assert [tag for tag, _ in found[0].tags] == TAGS


def test_spans_are_judged_as_spans_and_answered_by_a_chain(tmp_path):
    data = write(tmp_path / "data", named, train=150, test=40)
    run = fivefold.win(data, budget="20s", steps=60, nets=1, net="window", out=tmp_path / "run")
    problem = json.loads((tmp_path / "run" / "pick" / "problem.json").read_text())
    assert problem["metric"] == "span_f1"
    plan = json.loads((tmp_path / "run" / "train" / "plan.json").read_text())
    assert {line["recipe"]["head"] for line in plan["lines"]} == {"crf"}
    assert run.report.data["scores"]["ensemble"]["span_f1"]["value"] > 0.8
    assert run.predict([["gor", "Lord", "lam", "pel"]]) == [("O", "O", "B-PER", "I-PER")]


def test_tags_without_a_meaning_come_out_as_chance(tmp_path):
    def drawn(rng):
        return [(word, rng.choice(["A", "A", "B"])) for word, _ in tagged(rng)]

    data = write(tmp_path / "data", drawn, train=100, test=60)
    run = fivefold.win(data, budget="20s", steps=20, nets=1, net="window", out=tmp_path / "run")
    assert run.report.data["verdict"]["outcome"] == "chance"
