"""Rows of a table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivefold.inputs.table import Table
from fivefold.plumbing.errors import BadItem
from fivefold.testing import check_input_kind

KIND = Table()
ROWS = [{"a": i * i, "b": "xyz"[i % 3], "c": "?" if i % 4 == 0 else f"{i},000"} for i in range(30)]
GOOD = [json.dumps(row).encode() for row in ROWS]
BAD = [b"", b"[1, 2]", b"{", b"{}", b'{"a": null, "b": "?"}', b"[" * 100_000, b"\xff\xfe"]


def test_it_conforms():
    check_input_kind(KIND, GOOD, BAD)


def learned():
    return KIND.learn([KIND.open(raw) for raw in GOOD])


def test_fit_and_show():
    shape = learned()
    item = KIND.fit(KIND.open(b'{"a": "4", "b": "y", "c": "2,000"}'), shape)
    assert item.tolist() == [4.0, float(shape["columns"][1]["values"].index("y")), 2000.0]
    assert KIND.show(item, shape) == "a 4, b y, c 2000"
    gap = KIND.fit(KIND.open(b'{"b": "new"}'), shape)
    assert np.isnan(gap[[0, 2]]).all()
    assert KIND.show(gap, shape) == "b other"
    assert np.isnan(KIND.blank(shape)).all()


def test_truth_values_have_one_code_however_they_are_written():
    rows = [{"a": ("True", "False")[i % 3 == 0], "b": i * 1.5} for i in range(30)]
    shape = KIND.learn([KIND.open(json.dumps(row).encode()) for row in rows])
    true, false = shape["columns"][0]["values"].index("True"), 1
    for spelled, code in (("true", true), ("TRUE", true), ("True", true), ("FALSE", false)):
        row = json.dumps({"a": spelled, "b": 1}).encode()
        assert KIND.fit(KIND.open(row), shape).tolist() == [code, 1.0]
    assert KIND.fit(KIND.open(b'{"a": false, "b": 1}'), shape).tolist() == [false, 1.0]


def test_a_row_of_other_columns_is_refused():
    with pytest.raises(BadItem, match="none of the columns a, b, c"):
        KIND.fit(KIND.open(b'{"q": 1}'), learned())


def test_columns_that_are_not_used_are_told():
    rows = [{"n": i, "id": f"{i}", "same": 1, "v": i % 5} for i in range(60)]
    shape = KIND.learn([KIND.open(json.dumps(row).encode()) for row in rows])
    told = " ".join(KIND.tell(shape))
    assert "column same is left out: it is the same in every row" in told
    assert "column id is left out: it is different in every row" in told


def test_numbers_that_float32_has_no_room_for_are_missing_and_told():
    rows = [{"a": 1e300 if i == 3 else i * 1.5, "b": f"x {i % 5}"} for i in range(60)]
    shape = KIND.learn([KIND.open(json.dumps(row).encode()) for row in rows])
    item = KIND.fit(KIND.open(b'{"a": -1e39, "b": "x 1"}'), shape)
    assert np.isnan(item[0])
    assert not np.isinf(item).any()
    assert any("column a has numbers beyond 3.4e+38" in line for line in KIND.tell(shape))
    assert not any("column b" in line for line in KIND.tell(shape))


def test_parts_of_several_are_not_a_table():
    assert not KIND.recognise("x.json", b'{"photo": {"kind": "image", "base64": ""}}')


def test_real_tables(shared_data):
    lines = (shared_data / "tabular" / "titanic.csv").read_text().splitlines()
    import csv

    rows = [KIND.open(json.dumps(row).encode()) for row in csv.DictReader(lines)]
    shape = KIND.learn(rows)
    names = [slot["name"] for slot in shape["columns"]]
    assert list(shape["left_out"]) == ["PassengerId"]
    assert {"Sex", "Age", "Cabin: letters", "Name: master", "Ticket: letters"} <= set(names)
