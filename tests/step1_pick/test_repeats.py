"""Rows of a table that name one file: which of them counts, and that none goes without a word."""

from __future__ import annotations

import json

import pytest

from fivefold.step1_pick import pick

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
STORIES = [f"one more tale of a dog and its bone, number {i}" for i in range(40)]


@pytest.fixture
def ads(tmp_path):
    """`ads(rows, header)` writes the table and every file it names, and gives their folder."""

    def write(rows, header=("path", "label")):
        root = tmp_path / "data"
        root.mkdir(exist_ok=True)
        for row in rows:
            if row[0] and not (root / row[0]).exists():
                (root / row[0]).write_bytes(PNG + row[0].encode())
        lines = [",".join(map(str, row)) for row in (header, *rows)]
        (root / "ads.csv").write_text("\n".join(lines) + "\n")
        return root

    return write


def told(picked):
    return {one.question: one.answer for one in picked.problem.guesses}


def rows_of(picked):
    listing = picked.listing
    return {
        name: (label, part)
        for name, label, part in zip(listing.names, listing.labels, listing.parts, strict=True)
    }


def test_a_training_row_gives_way_to_a_test_row_of_the_same_file(ads, tmp_path):
    parts = ["train"] * 8 + ["val"] * 2 + ["test"] * 2
    rows = [(f"{i}.png", "ab"[i % 2], part) for i, part in enumerate(parts)]
    rows += [("0.png", "a", "test"), ("1.png", "a", "val"), ("8.png", "a", "train")]
    picked = pick(ads(rows, ("path", "label", "split")), scratch=tmp_path)
    found = rows_of(picked)
    assert len(found) == 12
    assert found["0.png"] == ("a", "test")
    assert found["1.png"] == ("a", "validation")  # the label of the row that stays
    assert found["8.png"] == ("a", "validation")
    assert told(picked)["rows whose file a later part names"] == "3 set aside"
    assert "files with two labels" not in told(picked)


def test_rows_that_share_a_file_and_a_label_are_counted(ads, tmp_path):
    rows = [(f"{i}.png", "ab"[i % 2]) for i in range(8)] + [("default.png", "a")] * 30
    picked = pick(ads(rows), scratch=tmp_path)
    assert rows_of(picked)["default.png"] == ("a", None)
    assert told(picked)["rows whose file was named before"] == "29 rows of 1 files set aside"


def test_rows_that_share_a_file_and_no_label_are_counted(ads, tmp_path):
    rows = [(f"{i}.png", "ab"[i % 2]) for i in range(8)]
    rows += [("default.png", "ab"[i % 2]) for i in range(30)]
    picked = pick(ads(rows), scratch=tmp_path)
    assert rows_of(picked)["default.png"] == (None, None)
    assert told(picked)["files with two labels"] == "30 rows of 1 files set aside"


def test_a_test_row_without_a_label_takes_none_from_a_training_row(ads, tmp_path):
    rows = [(f"{i}.png", "ab"[i % 2], ("train", "test")[i > 7]) for i in range(12)]
    rows += [("0.png", "", "test")]
    picked = pick(ads(rows, ("path", "label", "split")), scratch=tmp_path)
    assert rows_of(picked)["0.png"] == ("a", "train")
    assert told(picked)["rows without a label"] == "1 set aside"


def test_rows_without_a_file_are_told(ads, tmp_path):
    rows = [(f"{i}.png", "ab"[i % 2]) for i in range(8)] + [("", "a"), ("", "b")]
    picked = pick(ads(rows), scratch=tmp_path)
    assert len(rows_of(picked)) == 8
    assert told(picked)["rows without a file"] == "2 set aside"


def stories(count=12, shared=4):
    """Rows of a file, a text and a label; the last ones share a file."""
    return [
        (f"{i}.png" if i < count - shared else "default.png", f'"{STORIES[i]}"', "ab"[i % 2])
        for i in range(count)
    ]


def test_rows_of_several_inputs_are_items_also_where_they_share_a_file(ads, tmp_path):
    root = ads(stories(), ("photo", "story", "label"))
    picked = pick(root, scratch=tmp_path)
    names = picked.listing.names
    assert [one.kind for one in picked.problem.inputs] == ["image", "text"]
    assert len(names) == len(set(names)) == 12
    assert names[0] == "0.png"
    assert names[8:] == tuple(f"ads.csv:{line}/default.png" for line in range(10, 14))
    assert picked.listing.labels == tuple("ab" * 6)
    texts = [json.loads(picked.source.read(name))["text"]["text"] for name in names]
    assert texts == STORIES[:12]
    assert told(picked)["rows that share a file"] == "4 rows of 1 files, each an item"
    assert picked.listing.groups[8:] == ("default.png",) * 4
    assert not [question for question in told(picked) if "does not name" in question]
    assert pick(root, scratch=tmp_path, group="none").listing.groups == ()
    only = pick(root, scratch=tmp_path, input_kind="image")
    assert told(only)["files with two labels"] == "4 rows of 1 files set aside"


def test_another_text_beside_a_file_is_another_item(ads, tmp_path):
    rows = stories()
    stamps = set()
    for text in (STORIES[0], STORIES[30]):
        rows[0] = (rows[0][0], f'"{text}"', rows[0][2])
        root = ads(rows, ("photo", "story", "label"))
        stamps.add(pick(root / "ads.csv", scratch=tmp_path).source.stamp())
    assert len(stamps) == 2
