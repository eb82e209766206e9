"""Rows that are to be answered for."""

from __future__ import annotations

import numpy as np

from fivefold.contracts.raw_rows import raw_of_row
from fivefold.contracts.records import Input, Problem, Target
from fivefold.step1_pick.new_rows import each_item


def problem(kind, column):
    return Problem(
        source="x",
        inputs=(Input(kind=kind, column=column),),
        target=Target(kind="class", column=None),
        metric="accuracy",
        layout="table",
        guesses=(),
    )


def test_paths_are_relative_to_the_table(tmp_path, monkeypatch):
    (tmp_path / "data" / "img").mkdir(parents=True)
    (tmp_path / "data" / "img" / "1.png").write_bytes(b"picture")
    (tmp_path / "data" / "rows.csv").write_text("photo,price\nimg/1.png,3\n")
    monkeypatch.chdir(tmp_path)
    (row,) = each_item("data/rows.csv", rows=True)
    assert raw_of_row(row.cells, problem("image", "photo"), row.folder) == b"picture"


def test_rows_of_arrays_in_a_file(tmp_path):
    file = tmp_path / "new.npz"
    np.savez(file, x_train=np.zeros((4, 3)), x_test=np.ones((2, 3)))
    rows = each_item(file, rows=False, packed=True)
    assert [row.name for row in rows] == [f"{file} row 1", f"{file} row 2"]
    assert (rows[0].numbers == 1).all()
