"""Objects that are handed over to be answered for: rows, or columns of rows."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from fivefold.contracts.raw_rows import raw_of_row
from fivefold.contracts.records import Input, Problem, Target
from fivefold.step1_pick import pick
from fivefold.step1_pick.new_rows import Cells, Unread, each_item

CELLS = Cells(used=("age", "height"), all=("age", "height"))
ROWS = [{"age": 3, "height": 1.5}, {"age": 4, "height": 1.6}]


def problem(kind, *columns):
    words = ", ".join(columns) or None
    return Problem(
        source="x",
        inputs=(Input(kind=kind, column=words, columns=columns),),
        target=Target(kind="class", column="label"),
        metric="accuracy",
        layout="rows",
        guesses=(),
    )


def asked(items, kind="table", *columns):
    return each_item(items, problem(kind, *columns), (), CELLS if kind == "table" else None)


OF = (list, tuple, np.array, pa.array, "series")


@pytest.mark.parametrize("of", OF)
def test_an_object_of_columns_is_its_rows(of):
    if of == "series":
        of = pytest.importorskip("pandas").Series
    columns = {name: of([row[name] for row in ROWS]) for name in ROWS[0]}
    assert asked(columns) == ROWS
    texts = {"text": of(["a film", "a book"]), "id": of([1, 2])}
    assert [row["text"] for row in asked(texts, "text", "text")] == ["a film", "a book"]
    assert asked({"age": of([3, 4]), "height": range(2)})[1] == {"age": 4, "height": 1}
    (bad,) = asked({"age": of([3, 4])})
    assert bad.reason == "has no column height among age"
    (bad,) = asked({**columns, "age": of([3, 4, 5])})
    assert bad.reason == "has 2 values in column height and 3 in age"


def test_a_row_with_several_values_where_one_belongs_is_refused():
    listed = {"age": [3, 4], "height": 1.5}
    indexed = {"age": {0: 3, 1: 4}, "height": {0: 1.5, 1: 1.6}}
    for items in (listed, [listed], [indexed], indexed, [{"age": [3], "height": [1.5]}]):
        (bad,) = asked(items)
        assert isinstance(bad, Unread)
        assert bad.reason.startswith("has several values in column age")
        assert "df.to_dict('records')" in bad.reason
    assert [type(one) for one in asked([ROWS[0], listed, ROWS[1]])] == [dict, Unread, dict]


def test_lists_in_columns_that_are_not_used_and_lists_of_words_stay():
    row = {"age": 3, "height": 1.5, "friends": ["a", "b"]}
    assert asked(row) == [row]
    words = {"tokens": ["a", "dog"]}
    assert asked(words, "tokens", "tokens") == [words]
    assert asked({"age": {"kind": "text", "text": "x"}}) == [{"age": {"kind": "text", "text": "x"}}]


def test_a_list_of_pandas_rows_is_rows():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(ROWS)
    assert asked([frame.iloc[0], frame.iloc[1]]) == ROWS


def test_an_object_of_columns_in_a_file_is_refused(tmp_path):
    file = tmp_path / "new.json"
    file.write_text(json.dumps({"age": [3, 4], "height": [1.5, 1.6]}))
    (bad,) = asked(file)
    assert bad.reason.startswith("has several values in column age, height, where a row has one")
    file.write_text(json.dumps([{"age": 3, "height": 1.5, "friends": ["a", "b"]}]))
    assert len(asked(file)) == 1
    file.write_text(json.dumps([{"age": 3}, {"age": 4}]))
    (bad,) = asked(file)
    assert bad.reason.startswith("has no column height among age; where it is not known")


def test_an_object_of_columns_whose_cells_are_several_values_is_refused():
    (bad,) = asked({"age": np.ones((2, 3)), "height": [1.5, 1.6]})
    assert bad.reason.startswith("has several values in column age, where a row has one")
    (bad,) = asked([{"age": pa.array([3, 4]), "height": range(2)}])
    assert bad.reason.startswith("has several values in column age, height, where a row has one")


@pytest.fixture(params=[("tags", "n"), ("tags",)], ids=["beside numbers", "alone"])
def of_lists(request, tmp_path):
    """A frame with a column of lists, the problem it is, and which columns were learned from."""
    pandas = pytest.importorskip("pandas")
    words = ["red", "blue", "green"]
    frame = pandas.DataFrame(
        {
            "tags": [[words[i % 3], words[i % 2]] for i in range(40)],
            "n": [i / 7 % 3 for i in range(40)],
            "label": ["a", "b"] * 20,
        }
    )[[*request.param, "label"]]
    problem = pick(frame, scratch=tmp_path / "scratch", label="label").problem
    assert problem.inputs[0].listed == ("tags",)
    return frame[list(request.param)], problem, Cells(request.param, request.param)


def test_a_list_in_a_column_of_lists_is_its_value(tmp_path, of_lists):
    frame, problem, cells = of_lists
    wanted = [raw_of_row(row, problem) for row in each_item(frame, problem, (), cells)]
    rows = frame.to_dict("records")
    for given, count in ((rows, 40), (rows[0], 1), (frame.to_dict("list"), 40)):
        found = each_item(given, problem, (), cells)
        assert [raw_of_row(row, problem) for row in found] == wanted[:count]
    for count in (1, 2):
        file = tmp_path / f"{count}.jsonl"
        file.write_text("".join(f"{json.dumps(row)}\n" for row in rows[:count]))
        assert [row.cells["tags"] for row in each_item(file, problem, (), cells)] == [
            json.dumps(row["tags"]) for row in rows[:count]
        ]
    if "n" in frame:
        (bad,) = each_item([{"tags": ["red"], "n": [1, 2]}], problem, (), cells)
        assert bad.reason.startswith("has several values in column n, where a row has one")


def test_an_object_of_columns_of_words_is_its_rows():
    sentences = [["a", "dog"], ["cats"]]
    rows = [{"tokens": one} for one in sentences]
    assert asked({"tokens": sentences}, "tokens", "tokens") == rows
    assert asked(rows[0], "tokens", "tokens") == rows[:1]
