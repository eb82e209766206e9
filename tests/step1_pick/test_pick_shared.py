"""Every real data set of a kind that fits is read right as it lies there, without an option."""

from __future__ import annotations

from collections import Counter

import pytest

from fivefold.plumbing.errors import DataError
from fivefold.step1_pick import pick


def counts(picked):
    return dict(Counter(picked.listing.parts))


def kinds(picked):
    return "+".join(one.kind for one in picked.problem.inputs)


SETS = {
    "ag_news_small": ("text", "class", {"train": 10_000, "test": 7_600}, 4),
    "flowers12": ("image", "class", {"train": 720, "test": 240}, 12),
    "fsdd": ("audio", "class", {None: 3_000}, 10),
    "fight_video": ("video", "class", {"train": 120, "test": 40}, 2),
    "trec_questions": ("text", "class", {"train": 5_452, "test": 500}, 6),
    "splice_dna": ("text", "class", {None: 3_190}, 3),
    "ising": ("array", "number", {"train": 5_000, "test": 5_000}, 50),
    "indoor_movement": ("series", "class", {None: 314}, 2),
    "tabular/titanic.csv": ("table", "class", {None: 891}, 2),
    "tabular/adult-train.csv": ("table", "class", {"train": 32_561, "test": 16_281}, 2),
}
SLOW = {
    "cifar10": ("image", "class", {"train": 50_000, "test": 10_000}, 10),
    "imdb": ("text", "class", {"train": 25_000, "test": 12_500, "validation": 12_500}, 2),
    "ud_english_ewt": (
        "tokens", "tags", {"train": 12_544, "validation": 2_001, "test": 2_077}, None,
    ),
}  # fmt: skip


def check(data, scratch, wanted):
    kind, target, parts, labels = wanted
    picked = pick(data, scratch=scratch)
    assert kinds(picked) == kind
    assert picked.problem.target.kind == target
    assert counts(picked) == parts
    assert labels is None or len(set(picked.listing.labels) - {None}) == labels
    assert picked.source.read(picked.listing.names[0])
    return picked


@pytest.mark.parametrize("name", SETS)
def test_real_data_as_they_lie_there(name, shared_data, tmp_path):
    check(shared_data / name, tmp_path, SETS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_large_real_data_as_they_lie_there(name, shared_data, tmp_path):
    check(shared_data / name, tmp_path, SLOW[name])


def test_groups_of_real_data(shared_data, tmp_path):
    rooms = pick(shared_data / "indoor_movement", scratch=tmp_path)
    assert Counter(rooms.listing.groups) == {"1": 104, "2": 106, "3": 104}
    voices = pick(shared_data / "fsdd", scratch=tmp_path)
    assert len(set(voices.listing.groups)) == 6


def test_official_splits_of_real_data(shared_data, tmp_path):
    pattern = "{digit}_{speaker}_{index}.wav"
    named = {"path_column": pattern, "label": "digit", "scratch": tmp_path}
    assert counts(pick(shared_data / "fsdd", test="index<5", **named))["test"] == 300
    assert counts(pick(shared_data / "fsdd", test="speaker=jackson", **named))["test"] == 500
    across = pick(shared_data / "indoor_movement", test="dataset_ID=3", scratch=tmp_path)
    assert counts(across) == {"train": 210, "test": 104}
    phases = pick(
        shared_data / "ising", path_column="{T}_{}.txt", label="T<2.269", scratch=tmp_path
    )
    assert Counter(phases.listing.labels) == {"T<2.269": 5_000, "T>=2.269": 5_000}


def test_other_labels_of_real_data(shared_data, tmp_path):
    clean = pick(shared_data / "ag_news_small", label="gt", scratch=tmp_path)
    assert (kinds(clean), clean.problem.target.column) == ("text", "gt")
    fine = pick(
        shared_data / "ud_english_ewt" / "en_ewt-ud-dev.conllu", label="XPOS", scratch=tmp_path
    )
    assert fine.problem.target.kind == "tags"


NONE = ("tabular", "babi", "multi30k_en_de", "tinyshakespeare", "lspet_pose")


@pytest.mark.parametrize("name", NONE)
def test_data_of_no_kind_yet_end_in_one_clear_error(name, shared_data, tmp_path):
    with pytest.raises(DataError) as caught:
        pick(shared_data / name, scratch=tmp_path)
    assert caught.value.hint
