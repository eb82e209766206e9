"""New column files, read as those learned from: forward, with what lies in structs."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

from fivefold.contracts.raw_rows import raw_of_row
from fivefold.contracts.records import Input
from fivefold.plumbing.errors import BadItem
from fivefold.raw_items import name_of, open_item
from fivefold.step1_pick import pick, streams
from fivefold.step1_pick.new_rows import Cells, StoredRow, Unread, each_item


def picture(i):
    file = io.BytesIO()
    PIL.Image.new("L", (8, 8), i).save(file, "PNG")
    return file.getvalue()


def pictures(count=12):
    images = [{"bytes": picture(i), "path": f"{i}.png"} for i in range(count)]
    return {"image": images, "label": [i % 2 for i in range(count)]}


def texts(count=40):
    both = [{"en": f"a text of {i} words", "de": "x"} for i in range(count)]
    return {"translation": both, "label": [i % 2 for i in range(count)]}


def cells(count=40):
    size = [{"width": i % 7, "height": i / 3 if i else None} for i in range(count)]
    return {
        "size": size,
        "kind": ["red", "red", "blue", "green"] * 10,
        "label": ["a", "b"] * (count // 2),
    }


@pytest.mark.parametrize("write", [pq.write_table, pf.write_feather])
@pytest.mark.parametrize(
    ("made", "used", "kind"),
    [
        (pictures, (), "image"),
        (texts, (), "text"),
        (cells, ("size.width", "size.height", "kind"), "table"),
    ],
)
def test_structs_are_read_as_they_were_learned(tmp_path, monkeypatch, write, made, used, kind):
    monkeypatch.setattr(streams, "_SMALL", 0)
    file = tmp_path / ("old.parquet" if write is pq.write_table else "old.arrow")
    write(pa.table(made()), file)
    asked = {"text": {"input_kind": "text"}}.get(kind, {})
    found = pick(file, scratch=tmp_path / "scratch", **asked)
    assert found.problem.kind == kind
    learned = [found.source.read(name) for name in found.listing.names]
    new = file.with_stem("new")
    write(pa.table(made()).drop_columns(["label"]), new)
    rows = each_item([new, new], found.problem, (), Cells(used, used))
    assert [row.read() for row in rows] == [*learned, *learned]
    assert name_of(rows[1]) == f"{new} row 2"
    write(pa.table({"other": [1, 2]}), new)
    (bad,) = each_item(new, found.problem, (), Cells(used, used))
    assert isinstance(bad, Unread)
    assert bad.reason.startswith("has no column ")
    assert bad.reason.endswith(" among other")


def test_rows_of_column_files_are_opened_one_by_one(tmp_path):
    file = tmp_path / "old.parquet"
    pq.write_table(pa.table(pictures()), file)
    problem = pick(file, scratch=tmp_path / "scratch").problem
    images = [{"bytes": picture(3)}, {"bytes": None}, {"bytes": b"none"}, {"bytes": picture(4)}]
    pq.write_table(pa.table({"image": images}), tmp_path / "new.parquet")
    good, empty, bad, last = each_item(tmp_path / "new.parquet", problem)
    assert isinstance(good, StoredRow)

    class Kind:
        def open_for(self, raw, _):
            if raw == b"none":
                raise BadItem("is no picture")
            item = np.asarray(PIL.Image.open(io.BytesIO(raw)))
            return item, item.shape

        def fit(self, item, _):
            return item

    opened = [open_item(one, problem, Kind(), {}) for one in (good, empty, bad, last)]
    assert [int(one[0, 0]) for one in (opened[0], opened[3])] == [3, 4]
    assert [str(one) for one in opened[1:3]] == ["is an empty cell", "is no picture"]
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "new.parquet").read_bytes()[:-9])
    one = tmp_path / "1.png"
    gone = tmp_path / "gone.parquet"
    cut, same, missing = each_item([tmp_path / "cut.parquet", one, gone], problem)
    assert "cut.parquet, which cannot be read" in cut.reason
    assert (same, missing) == (one, gone)
    older = replace(problem, inputs=(Input(kind="image"),))
    assert each_item(one.with_name("new.parquet"), older) == [one.with_name("new.parquet")]


@pytest.mark.parametrize("kind", [None, "text"])
def test_a_file_is_an_item_where_a_column_of_texts_held_bytes(tmp_path, kind):
    documents = [f"a text of {i} words\nin lines, two".encode() for i in range(40)]
    file = tmp_path / "old.parquet"
    pq.write_table(pa.table({"doc": documents, "label": ["a", "b"] * 20}), file)
    asked = pick(file, scratch=tmp_path / "scratch", input_kind=kind).problem
    assert (asked.kind, asked.inputs[0].column, asked.reads_rows) == ("text", "doc", False)
    one = tmp_path / "n.txt"
    one.write_bytes(documents[3])
    alone, *stored = each_item([one, file], asked)
    assert alone == one
    assert [row.read() for row in stored] == documents
    assert raw_of_row({"doc": one}, asked) == documents[3]
    with pytest.raises(BadItem, match="names a file that"):  # a cell in memory is no text
        raw_of_row({"doc": documents[3]}, asked)
