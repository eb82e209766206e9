"""Files whose rows are items: tables, lines, tagged words, long series; roles of their columns."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest

from fivefold.contracts.records import SEPARATOR
from fivefold.inputs.table import Table
from fivefold.plumbing.errors import DataError, OptionError
from fivefold.step1_pick import pick
from fivefold.step1_pick.forms import separated

WORDS = "the quick brown fox jumps over a lazy dog while it rains on the old bridge".split()  # noqa: SIM905


def sentence(i, words=9):
    return " ".join(random.Random(i).choices(WORDS, k=words)) + f" {i}"


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def table(rows, header=None, separator=","):
    lines = ([header] if header else []) + list(rows)
    return "".join(separator.join(map(str, row)) + "\n" for row in lines)


def guess(picked, question):
    (only,) = [g for g in picked.problem.guesses if g.question == question]
    return only


def answers(picked):
    return {g.question: g.answer for g in picked.problem.guesses}


def kind(picked):
    return [one.kind for one in picked.problem.inputs], picked.problem.target.kind


TEXTS = [(("good", "bad")[i % 2], sentence(i)) for i in range(40)]


# ------------------------------------------------------------------------- kinds of rows


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_a_table_of_texts_in_any_separator_and_encoding(tmp_path, separator, encoding):
    rows = [(label, f'"{text}, says Käthe"') for label, text in TEXTS]
    data = write(tmp_path / "x.csv", table(rows, ("label", "text"), separator), encoding)
    picked = pick(data, scratch=tmp_path)
    assert kind(picked) == (["text"], "class")
    assert picked.problem.inputs[0].column == "text"
    assert picked.listing.names[:2] == ("x.csv:2", "x.csv:3")
    assert picked.source.read("x.csv:2").decode() == f"{TEXTS[0][1]}, says Käthe"
    assert picked.listing.labels[:2] == ("good", "bad")


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_a_compressed_table(tmp_path, suffix, pack):
    raw = table(TEXTS, ("label", "text")).encode()
    (tmp_path / f"x.csv{suffix}").write_bytes(pack(raw))
    picked = pick(tmp_path / f"x.csv{suffix}", scratch=tmp_path)
    assert kind(picked) == (["text"], "class")
    (tmp_path / f"y.csv{suffix}").write_bytes(pack(raw)[:-20])
    with pytest.raises(DataError, match=r"y\.csv"):
        pick(tmp_path / f"y.csv{suffix}", scratch=tmp_path)


def test_a_feather_file(tmp_path):
    labels, texts = zip(*TEXTS, strict=True)
    pa.feather.write_feather(pa.table({"label": labels, "text": texts}), tmp_path / "x.feather")
    assert kind(pick(tmp_path / "x.feather", scratch=tmp_path)) == (["text"], "class")


def test_rows_of_cells_are_a_table(tmp_path):
    rows = [(i, i % 7, ("red", "blue", "?")[i % 3], i / 3, "ab"[i % 2]) for i in range(30)]
    data = write(tmp_path / "x.csv", table(rows, ("RowId", "age", "colour", "size", "kind")))
    picked = pick(data, scratch=tmp_path)
    assert kind(picked) == (["table"], "class")
    assert picked.problem.target.column == "kind"
    assert json.loads(picked.source.read("x.csv:4")) == {"age": 2.0, "colour": None, "size": 2 / 3}
    assert "identifier" in guess(picked, "column RowId").why


@pytest.mark.parametrize("gap", ["#N/A", ".", "missing", "n.a.", "<5", "(null)"])
def test_a_column_of_numbers_with_a_dirty_cell_stays_an_input(tmp_path, gap):
    rows = [
        (("a", "b")[i % 2], f"{i * 0.377:.3f}".replace(".", ","), i / 7, gap if i == 9 else i / 11)
        for i in range(60)
    ]
    data = write(tmp_path / "x.csv", table(rows, ("label", "temp", "ratio", "dirty"), ";"))
    picked = pick(data, scratch=tmp_path)
    assert not any(g.answer == "no input" for g in picked.problem.guesses)
    kind = Table()
    opened = [kind.open(picked.source.read(name)) for name in picked.listing.names]
    shape = kind.learn(opened)
    values = np.stack([kind.fit(one, shape) for one in opened])
    assert np.allclose(values[:, 0], np.arange(60) * 0.377, atol=1e-3)
    assert np.isnan(values[:, 2]).sum() == 1


def test_a_target_with_decimal_commas_is_a_number(tmp_path):
    rows = [(f"{i * 0.377:.3f}".replace(".", ",") if i else "NA", i % 9 / 7) for i in range(60)]
    data = write(tmp_path / "x.csv", table(rows, ("price", "size"), ";"))
    picked = pick(data, scratch=tmp_path)
    assert picked.problem.target.kind == "number"
    assert picked.listing.labels[:4] == (None, "0.377", "0.754", "1.131")


def test_a_first_line_of_numbers_with_commas_is_no_header():
    assert separated("x.csv", "0,5;k;l;m\n1,5;n;o;p\n").columns is None
    assert separated("x.csv", "25%;75%;mean\n1;2;3\n").columns == ("25%", "75%", "mean")


def test_a_table_without_a_header(tmp_path):
    rows = [(i % 7, ("red", "blue")[i % 2], i / 3, ("<=5", ">5")[i % 3 > 0]) for i in range(30)]
    picked = pick(write(tmp_path / "x.data", table(rows, separator=", ")), scratch=tmp_path)
    assert answers(picked)["header of x.data"] == "none"
    assert picked.problem.target.column == "column 4"
    assert len(picked.listing.names) == 30
    other = pick(tmp_path / "x.data", scratch=tmp_path, label="2")
    assert other.problem.target.column == "column 2"


def test_text_beside_numbers_is_several_inputs(tmp_path):
    rows = [(label, text, i % 5) for i, (label, text) in enumerate(TEXTS)]
    picked = pick(
        write(tmp_path / "x.csv", table(rows, ("label", "review", "stars"))), scratch=tmp_path
    )
    assert kind(picked) == (["text", "table"], "class")
    assert json.loads(picked.source.read("x.csv:3")) == {
        "text": {"kind": "text", "text": TEXTS[1][1]},
        "table": {"kind": "table", "cells": {"stars": 1.0}},
    }


def test_a_picture_a_text_and_numbers_are_several_inputs(tmp_path):
    rows = []
    for i, (label, text) in enumerate(TEXTS):
        write(tmp_path / "img" / f"{i}.png", "\x89PNG\r\n\x1a\n" + "x" * 20, "latin-1")
        rows.append((f"img/{i}.png", text, i % 5, label))
    data = write(tmp_path / "x.csv", table(rows, ("photo", "story", "age", "label")))
    picked = pick(data, scratch=tmp_path)
    assert kind(picked) == (["image", "text", "table"], "class")
    parts = json.loads(picked.source.read("img/3.png"))
    assert {name: part["kind"] for name, part in parts.items()} == {
        "image": "image", "text": "text", "table": "table",
    }  # fmt: skip
    only = pick(data, scratch=tmp_path, input_kind="image")
    assert kind(only) == (["image"], "class")


@pytest.mark.parametrize("form", ["x.jsonl", "x.json"])
def test_lists_of_words_with_tags_and_without(tmp_path, form):
    rows = [{"tokens": ["a", "dog", str(i)], "ner_tags": ["O", "B", "O"]} for i in range(12)]
    text = json.dumps(rows) if form == "x.json" else "\n".join(map(json.dumps, rows))
    picked = pick(write(tmp_path / form, text), scratch=tmp_path)
    assert kind(picked) == (["tokens"], "tags")
    assert picked.listing.labels[0] == SEPARATOR.join("OBO")
    assert json.loads(picked.source.read(picked.listing.names[2])) == ["a", "dog", "2"]


CONLL = "".join(f"EU NNP B-ORG\nrejects VBZ O\ncall{i} NN O\n\n" for i in range(12))


def test_columns_of_tagged_words(tmp_path):
    data = write(tmp_path / "train.txt", f"-DOCSTART- -X- O\n\n{CONLL}")
    picked = pick(data, scratch=tmp_path)
    assert kind(picked) == (["tokens"], "tags")
    assert picked.listing.labels[0] == SEPARATOR.join(("B-ORG", "O", "O"))
    other = pick(data, scratch=tmp_path, label="2")
    assert other.listing.labels[0] == SEPARATOR.join(("NNP", "VBZ", "NN"))
    write(tmp_path / "bad.conll", CONLL + "one\n\n")
    with pytest.raises(DataError, match=r"1 columns in line 49 of bad\.conll"):
        pick(tmp_path / "bad.conll", scratch=tmp_path)


def test_lines_that_begin_with_their_label(tmp_path):
    lines = "".join(f"{i % 3} {sentence(i)}\n" for i in range(60))
    picked = pick(write(tmp_path / "x.txt", lines), scratch=tmp_path)
    assert kind(picked) == (["text"], "class")
    assert picked.source.read("x.txt:2").decode() == sentence(1)
    assert set(picked.listing.labels) == set("012")


def test_fasttext_lines_of_several_labels(tmp_path):
    lines = "".join(
        f"__label__{'abc'[i % 3]} __label__{'xy'[i % 2]} {sentence(i)}\n" for i in range(60)
    )
    picked = pick(write(tmp_path / "x.txt", lines), scratch=tmp_path)
    assert kind(picked) == (["text"], "labels")
    assert picked.listing.labels[0] == SEPARATOR.join("ax")
    write(tmp_path / "y.txt", lines + "no label here\n")
    with pytest.raises(DataError, match=r"line 61 of y\.txt"):
        pick(tmp_path / "y.txt", scratch=tmp_path)


def test_plain_prose_is_no_problem(tmp_path):
    write(tmp_path / "x.txt", "".join(f"{sentence(i)}\n" for i in range(60)))
    with pytest.raises(DataError, match="without labels"):
        pick(tmp_path / "x.txt", scratch=tmp_path)


def test_a_long_table_is_series(tmp_path):
    rows = [
        (s, t, s + t, t * t / 9, ("walk", "run")[s % 2], s // 4)
        for s in range(16)
        for t in range(5 + s % 3)
    ]
    header = ("series_id", "time", "x", "y", "activity", "subject")
    picked = pick(write(tmp_path / "x.csv", table(rows, header)), scratch=tmp_path)
    assert kind(picked) == (["series"], "class")
    assert len(picked.listing.names) == 16
    assert picked.listing.labels[:2] == ("walk", "run")
    values = np.load(BytesIO(picked.source.read(picked.listing.names[1])))
    assert values.shape == (6, 2)
    assert values[3].tolist() == [4.0, 1.0]


def test_a_ts_file_and_its_test_part(tmp_path):
    head = "@problemName x\n@timestamps false\n@classLabel true a b\n@data\n"
    cases = "".join(f"{i},{i + 1},?:1,2,3:{'ab'[i % 2]}\n" for i in range(6))
    for part in ("TRAIN", "TEST"):
        write(tmp_path / f"x_{part}.ts", head + cases)
    picked = pick(tmp_path, scratch=tmp_path / "s")
    assert kind(picked) == (["series"], "class")
    assert picked.listing.parts == ("train",) * 6 + ("test",) * 6
    assert np.load(BytesIO(picked.source.read("x_TEST.ts:1"))).shape == (3, 2)


# --------------------------------------------------------------------------------- roles


def test_columns_that_give_the_label_away_are_no_input(tmp_path):
    rows = []
    for i, (label, text) in enumerate(TEXTS):
        noisy = label if i % 5 else "good"
        rows.append((label, noisy, label, {"good": 1, "bad": 0}[label], text))
    header = ("label", "gt", "copy", "code", "text")
    picked = pick(write(tmp_path / "x.csv", table(rows, header)), scratch=tmp_path)
    assert kind(picked) == (["text"], "class")
    assert "another label" in guess(picked, "column gt").why
    assert "equal to label" in guess(picked, "column copy").why
    assert "a leak" in guess(picked, "column code").why
    assert "gt could be it too" in guess(picked, "label column").why
    assert pick(tmp_path / "x.csv", scratch=tmp_path, label="gt").problem.target.column == "gt"


def test_a_group_column_is_taken_by_name_and_offered_otherwise(tmp_path):
    rows = [(label, text, f"p{i // 4}") for i, (label, text) in enumerate(TEXTS)]
    write(tmp_path / "x.csv", table(rows, ("label", "text", "patient_id")))
    picked = pick(tmp_path / "x.csv", scratch=tmp_path)
    assert kind(picked) == (["text"], "class")
    assert picked.listing.groups[:5] == ("p0", "p0", "p0", "p0", "p1")
    assert pick(tmp_path / "x.csv", scratch=tmp_path, group="none").listing.groups == ()
    write(tmp_path / "y.csv", table(rows, ("label", "text", "group")))
    offered = pick(tmp_path / "y.csv", scratch=tmp_path)
    assert offered.listing.groups == ()
    assert guess(offered, "groups").option == "--group group"
    assert pick(tmp_path / "y.csv", scratch=tmp_path, group="group").listing.groups[4] == "p1"


def test_columns_that_groups_and_times_are_made_of_are_no_input(tmp_path):
    rows = [(i % 2, i // 8, i // 2 % 4, i, i * i % 17 / 3) for i in range(64)]
    write(tmp_path / "x.csv", table(rows, ("label", "farm", "stall", "hour", "weight")))
    named = {"label": "label", "group": "farm, stall", "time": "hour", "scratch": tmp_path}
    picked = pick(tmp_path / "x.csv", **named)
    assert json.loads(picked.source.read("x.csv:3")) == {"weight": 1 / 3}
    assert picked.listing.groups[1] == SEPARATOR.join(("0", "0"))
    for i in range(64):
        write(tmp_path / "img" / f"{i}.png", "\x89PNG\r\n\x1a\n" + "x" * 20, "latin-1")
    rows = [(f"img/{i}.png", *row) for i, row in enumerate(rows)]
    write(tmp_path / "y.csv", table(rows, ("photo", "label", "farm", "stall", "hour", "weight")))
    picked = pick(tmp_path / "y.csv", **named, input_kind="several")
    parts = json.loads(picked.source.read("img/1.png"))
    assert parts["table"]["cells"] == {"weight": 1 / 3}


@pytest.mark.parametrize(
    "form", ["{}", "2024-03-{:02d}", "2024-03-{:02d}T10:00:00", "{:02d}.03.2024"]
)
def test_times(tmp_path, form):
    rows = [(label, text, form.format(i % 28 + 1)) for i, (label, text) in enumerate(TEXTS)]
    write(tmp_path / "x.csv", table(rows, ("label", "text", "day")))
    picked = pick(tmp_path / "x.csv", scratch=tmp_path, time="day")
    times = picked.listing.times
    assert list(times[:28]) == sorted(set(times))
    assert kind(picked) == (["text"], "class")
    with pytest.raises(DataError, match="text with values such as"):
        pick(tmp_path / "x.csv", scratch=tmp_path, time="text")


# ------------------------------------------------------------------------------- targets


@pytest.mark.parametrize(
    ("cells", "target", "first"),
    [
        ([i / 7 for i in range(60)], "number", "0.0"),
        ([(i * 37) % 101 for i in range(60)], "number", "0"),
        ([i % 10 for i in range(60)], "class", "0"),
        (["a|b", "b", "c|a", "c"] * 15, "labels", SEPARATOR.join("ab")),
        (["red, blue", "blue", "green, red", "green, blue"] * 15, "labels", f"red{SEPARATOR}blue"),
        (["yes", "no"] * 30, "class", "yes"),
    ],
)
def test_target_kinds(tmp_path, cells, target, first):
    rows = [(f'"{cell}"', sentence(i)) for i, cell in enumerate(cells)]
    picked = pick(write(tmp_path / "x.csv", table(rows, ("target", "text"))), scratch=tmp_path)
    assert picked.problem.target.kind == target
    assert picked.listing.labels[0] == first


@pytest.mark.parametrize("gap", ["NA", "n/a", "#N/A", "none", ".", "-"])
def test_a_gap_among_numbers_is_no_label_and_no_class(tmp_path, gap):
    cells = [gap if i == 3 else i * 37 % 101 / 7 for i in range(60)]
    rows = [(cell, sentence(i)) for i, cell in enumerate(cells)]
    data = write(tmp_path / "x.csv", table(rows, ("price", "text")))
    for asked in (None, "number"):
        picked = pick(data, scratch=tmp_path, target_kind=asked)
        assert picked.problem.target.kind == "number"
        assert [i for i, one in enumerate(picked.listing.labels) if one is None] == [3]
    rows = [(("NA", "EU", "None")[i % 3], sentence(i)) for i in range(60)]
    write(data, table(rows, ("region", "text")))
    words = pick(data, scratch=tmp_path, label="region")
    assert set(words.listing.labels) == {"NA", "EU", "None"}


def test_several_label_columns_and_a_condition(tmp_path):
    rows = [(sentence(i), i % 2, i // 2 % 2, i / 9) for i in range(40)]
    write(tmp_path / "x.csv", table(rows, ("text", "toxic", "rude", "score")))
    both = pick(tmp_path / "x.csv", scratch=tmp_path, label="toxic,rude")
    assert both.problem.target.kind == "labels"
    assert both.listing.labels[:4] == ("", "toxic", "rude", SEPARATOR.join(("toxic", "rude")))
    cut = pick(tmp_path / "x.csv", scratch=tmp_path, label="score<1.5")
    assert cut.problem.target.kind == "class"
    assert set(cut.listing.labels) == {"score<1.5", "score>=1.5"}
    assert "score" not in json.loads(cut.source.read("x.csv:2")).get("table", {}).get("cells", {})


@pytest.mark.parametrize(("no", "yes"), [(0, 1), ("no", "yes"), ("FALSE", "TRUE"), ("0.0", "1.0")])
def test_several_label_columns_of_truth_values(tmp_path, no, yes):
    rows = [(sentence(i), (no, yes)[i % 2], (no, yes)[i // 2 % 2]) for i in range(40)]
    write(tmp_path / "x.csv", table(rows, ("text", "toxic", "rude")))
    both = pick(tmp_path / "x.csv", scratch=tmp_path, label="toxic,rude")
    assert both.problem.target.kind == "labels"
    assert both.listing.labels[:2] == ("", "toxic")


def test_several_label_columns_of_other_values(tmp_path):
    marks = [(sentence(i), i % 5 + 1, i % 2 + 1) for i in range(40)]
    write(tmp_path / "x.csv", table(marks, ("text", "food", "service")))
    picked = pick(tmp_path / "x.csv", scratch=tmp_path, label="food,service")
    assert picked.problem.target.kind == "number"
    assert picked.listing.labels[1] == SEPARATOR.join("22")
    with pytest.raises(DataError, match="'2' in the label columns food, service"):
        pick(tmp_path / "x.csv", scratch=tmp_path, label="food,service", target_kind="labels")
    colours, shapes = ("red", "blue"), ("round", "square")
    words = [(sentence(i), colours[i % 2], shapes[i // 2 % 2]) for i in range(40)]
    write(tmp_path / "y.csv", table(words, ("text", "colour", "shape")))
    with pytest.raises(DataError, match="'red' in the label columns colour, shape"):
        pick(tmp_path / "y.csv", scratch=tmp_path, label="colour,shape")


def test_a_target_that_the_labels_are_not(tmp_path):
    write(tmp_path / "x.csv", table(TEXTS, ("label", "text")))
    with pytest.raises(DataError, match="the label 'good'"):
        pick(tmp_path / "x.csv", scratch=tmp_path, target_kind="number")
    with pytest.raises(DataError, match="a tag for each word"):
        pick(tmp_path / "x.csv", scratch=tmp_path, target_kind="tags")


# --------------------------------------------------------------------------------- parts


def test_part_files_are_one_data_set(tmp_path):
    for part, rows in (("train", TEXTS[:30]), ("dev", TEXTS[30:34]), ("test", TEXTS[34:])):
        write(tmp_path / "d" / f"news-{part}.csv", table(rows, ("label", "text")))
    write(tmp_path / "d" / "README.md", "hello")
    for data in (tmp_path / "d", tmp_path / "d" / "news-train.csv"):
        picked = pick(data, scratch=tmp_path)
        assert answers(picked)["parts"] == "train 30, validation 4, test 6"
        assert picked.listing.names[30] == "news-dev.csv:2"
    assert answers(pick(tmp_path / "d" / "news-dev.csv", scratch=tmp_path))["parts"] == "none given"


def test_test_labels_in_another_spelling_are_matched(tmp_path):
    write(tmp_path / "train.csv", table(TEXTS, ("label", "text")))
    rows = [(f" {label.upper()}. ", text) for label, text in TEXTS[:6]]
    write(tmp_path / "test.csv", table(rows, ("label", "text")))
    picked = pick(tmp_path, scratch=tmp_path / "s")
    assert set(picked.listing.labels) == {"good", "bad"}
    assert "'GOOD.' is 'good'" in answers(picked)["test labels in another spelling"]


def test_a_test_part_without_labels_or_from_elsewhere(tmp_path):
    write(tmp_path / "train.csv", table(TEXTS, ("label", "text")))
    write(tmp_path / "test.csv", table([(text,) for _, text in TEXTS[:6]], ("text",)))
    picked = pick(tmp_path / "train.csv", scratch=tmp_path)
    assert picked.listing.labels[40:] == (None,) * 6
    write(tmp_path / "other" / "more.csv", table(TEXTS[:4], ("label", "text")))
    picked = pick(tmp_path / "train.csv", test=tmp_path / "other" / "more.csv", scratch=tmp_path)
    assert picked.listing.parts == ("train",) * 40 + ("test",) * 4
    assert picked.test_listing is None


def test_a_condition_says_which_rows_are_the_test_part(tmp_path):
    rows = [(label, text, 2000 + i) for i, (label, text) in enumerate(TEXTS)]
    write(tmp_path / "x.csv", table(rows, ("label", "text", "year")))
    picked = pick(tmp_path / "x.csv", test="year>=2030", scratch=tmp_path)
    assert picked.listing.parts == ("train",) * 30 + ("test",) * 10
    for bad in ("year>=3000", "year>=1000"):
        with pytest.raises(OptionError, match="of 40 rows"):
            pick(tmp_path / "x.csv", test=bad, scratch=tmp_path)
    with pytest.raises(OptionError, match="columns label, text, year"):
        pick(tmp_path / "x.csv", test="month=3", scratch=tmp_path)


def test_who_stated_the_parts_is_told(tmp_path):
    rows = [(i, part, *TEXTS[i]) for i, part in enumerate(["train", "train", "dev", "test"] * 10)]
    for name, some in (("whole", rows), ("open", [row for row in rows if row[1] != "test"])):
        write(tmp_path / f"{name}.csv", table(some, ("year", "split", "label", "text")))

    def why(name, **options):
        picked = pick(tmp_path / f"{name}.csv", scratch=tmp_path, label="label", **options)
        return next(g.why for g in picked.problem.guesses if g.question == "parts")

    assert why("whole") == "stated by the data"
    asked = "the test part stated by --test, the others by the data"
    assert why("open", test="year>=30") == asked
    write(tmp_path / "plain.csv", table([(r[0], *r[2:]) for r in rows], ("year", "label", "text")))
    held = "validation rows are held out of the train part"
    assert why("plain", test="year>=30") == f"the test part stated by --test; {held}"


def test_two_data_sets_in_a_folder_are_named(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / "d" / f"{name}.csv", table(TEXTS, ("label", "text")))
    with pytest.raises(DataError, match=r"2 data sets in .*: a\.csv; b\.csv"):
        pick(tmp_path / "d", scratch=tmp_path)


# ----------------------------------------------------------------------------- bad input


@pytest.mark.parametrize("kind_of", ["table", "json", "archive"])
def test_every_bad_file_ends_in_a_problem_or_one_clear_error(tmp_path, shared_data, kind_of):
    files = sorted((shared_data / "bad_inputs" / kind_of).iterdir())
    assert files
    for file in files:
        try:
            picked = pick(file, scratch=tmp_path)
        except (DataError, OptionError) as error:
            told = error
        else:
            told = None
            assert len(picked.listing.names) > 100, file
        assert told is None or (told.found and told.wanted and told.hint), file


def test_a_line_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr("fivefold.step1_pick.texts.LONGEST_LINE", 1000)
    write(tmp_path / "x.csv", "label,text\n" + "a" * 5000)
    with pytest.raises(DataError, match=r"x\.csv with a line of more than"):
        pick(tmp_path / "x.csv", scratch=tmp_path)


def test_labels_that_differ_only_in_case_or_space_are_told(tmp_path):
    rows = [(("good", "Good", "bad")[i % 3], text) for i, (_, text) in enumerate(TEXTS)]
    write(tmp_path / "x.csv", table(rows, ("label", "text")))
    picked = pick(tmp_path / "x.csv", scratch=tmp_path)
    assert "'Good' and 'good'" in guess(picked, "classes that differ only in case or space").why
