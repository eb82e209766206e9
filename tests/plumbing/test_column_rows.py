"""Rows of Parquet and Arrow files: any row by its name, in any order, and damage in clear words."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

from fivefold.plumbing.column_rows import Column, ColumnRows, ColumnSource, raw_bytes
from fivefold.plumbing.errors import BadItem, DataError

N = 1000


def table(n=N, start=0):
    numbers = range(start, start + n)
    return pa.table(
        {
            "image": [{"bytes": f"raw {i}".encode(), "path": f"{i}.png"} for i in numbers],
            "text": [f"words {i}" for i in numbers],
            "vector": [[float(i), 0.5] for i in numbers],
            "label": [i % 3 for i in numbers],
            "price": [None if i == 1 else float("nan") if i == 2 else i / 4 for i in numbers],
        }
    )


def as_parquet(made, path):
    pq.write_table(made, path, row_group_size=100)


def as_stream(made, path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, made.schema) as writer:
        writer.write_table(made, max_chunksize=100)


def as_file(made, path):
    pf.write_feather(made, path, chunksize=100)


FORMS = {"parquet": as_parquet, "arrow": as_stream, "feather": as_file}


@pytest.mark.parametrize("form", FORMS)
def test_any_row_in_any_order(form, tmp_path):
    FORMS[form](table(), tmp_path / f"a.{form}")
    FORMS[form](table(start=N), tmp_path / f"b.{form}")
    rows = ColumnRows([tmp_path / f"a.{form}", tmp_path / f"b.{form}"])
    assert len(rows) == 2 * N
    assert list(rows.column("label")) == [i % 3 for i in range(2 * N)]
    source = ColumnSource(rows, "image.bytes")
    names = source.names()
    assert names[0] == f"a.{form}:1"
    assert names[-1] == f"b.{form}:{N}"
    for i in [*range(10), *np.random.default_rng(0).integers(0, 2 * N, 60).tolist(), 0, 2 * N - 1]:
        assert source.read(names[i]) == f"raw {i}".encode()
    for name in (f"a.{form}:0", f"a.{form}:{N + 1}", "c:1", "a", ""):
        with pytest.raises(BadItem, match="no row"):
            source.read(name)


@pytest.mark.parametrize(("form", "cells"), [("parquet", 7 * N), ("arrow", 5 * N)])
def test_how_many_cells_there_are_is_known_before_any_is_read(form, cells, tmp_path):
    FORMS[form](table(), tmp_path / f"a.{form}")
    assert ColumnRows([tmp_path / f"a.{form}"]).cells == cells


def test_what_the_columns_are(tmp_path):
    features = {"label": {"names": ["cat", "dog", "ox"], "_type": "ClassLabel"}}
    stated = json.dumps({"info": {"features": features}})
    as_parquet(table().replace_schema_metadata({"huggingface": stated}), tmp_path / "a.parquet")
    assert ColumnRows([tmp_path / "a.parquet"]).columns == (
        Column(name="image.bytes", type="bytes"),
        Column(name="image.path", type="text"),
        Column(name="text", type="text"),
        Column(name="vector", type="numbers"),
        Column(name="label", type="number", classes=("cat", "dog", "ox")),
        Column(name="price", type="number"),
    )


def test_cells_are_what_their_kinds_open(tmp_path):
    as_parquet(table(), tmp_path / "a.parquet")
    rows = ColumnRows([tmp_path / "a.parquet"])
    assert ColumnSource(rows, "text").read("a.parquet:5") == b"words 4"
    vector = np.load(io.BytesIO(ColumnSource(rows, "vector").read("a.parquet:5")))
    assert vector.tolist() == [4.0, 0.5]
    whole = ColumnSource(rows, None, ["text", "price"])
    read = [json.loads(whole.read(f"a.parquet:{i}")) for i in (2, 3, 5)]
    assert read[0] == {"text": "words 1", "price": None}
    assert read[1] == {"text": "words 2", "price": None}
    assert read[2] == {"text": "words 4", "price": 1.0}


@pytest.mark.parametrize("cell", [None, b"", "", [[1.0], [1.0, 2.0]], ["a", "b"]])
def test_a_cell_of_nothing_or_ragged_numbers_is_bad(cell):
    with pytest.raises(BadItem):
        raw_bytes(cell)


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_file_is_one_clear_error(form, tmp_path):
    path = tmp_path / f"a.{form}"
    path.write_bytes(b"PAR1 nothing of the kind")
    with pytest.raises(DataError, match="cannot be read"):
        ColumnRows([path])


def test_a_damaged_row_group_costs_its_rows_only(tmp_path):
    path = tmp_path / "a.parquet"
    made = pa.table({"x": [np.random.default_rng(i).bytes(200) for i in range(N)]})
    pq.write_table(made, path, row_group_size=100, compression="gzip", use_dictionary=False)
    raw = bytearray(path.read_bytes())
    at = pq.ParquetFile(path).metadata.row_group(4).column(0).data_page_offset
    raw[at + 200 : at + 4000] = b"\xff" * 3800
    path.write_bytes(raw)
    source = ColumnSource(ColumnRows([path]), "x")
    reasons = []
    for name in source.names():
        try:
            source.read(name)
        except BadItem as reason:
            reasons.append(str(reason))
    assert len(reasons) == 100
    assert all("is damaged" in reason for reason in reasons)


def test_files_of_other_columns_are_no_parts_of_one_table(tmp_path):
    as_parquet(table(), tmp_path / "a.parquet")
    as_parquet(table().drop(["price"]), tmp_path / "b.parquet")
    with pytest.raises(DataError, match="other columns"):
        ColumnRows([tmp_path / "a.parquet", tmp_path / "b.parquet"])


def test_a_table_without_rows_has_none(tmp_path):
    as_parquet(table(0), tmp_path / "a.parquet")
    rows = ColumnRows([tmp_path / "a.parquet"])
    assert len(rows) == 0
    assert list(rows.column("label")) == []
