"""Whatever is handed over, the other items get their answers."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from fivefold.plumbing import folders
from fivefold.plumbing.errors import DataError, RunError


@pytest.fixture
def numbers(bundle, monkeypatch):
    made = bundle("array", "class", ("yes", "no"), {"item_shape": [2], "dtype": "float32"})
    monkeypatch.setattr(made._kind, "open", lambda raw: np.array([int(raw), 1.0]), raising=False)
    monkeypatch.setattr(made._kind, "fit", lambda item, _: item.astype(np.float32))
    monkeypatch.setattr(made, "part_probabilities", lambda rows: {"all": rows})
    monkeypatch.setattr(made, "pool", lambda parts: np.tile([[0.9, 0.1]], (len(parts["all"]), 1)))
    return made


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"no number", "cannot be decoded (ValueError"),
        ("nul\0.txt", "cannot be read"),
        ("missing.txt", "is not there"),
        (".", "is a folder, not a file"),
        (None, "is of type NoneType"),
        (["word", np.float32(1)], "cannot be decoded (TypeError"),
    ],
)
def test_a_bad_item_gets_a_reason_and_the_others_their_answers(numbers, bad, reason):
    first, second, third = numbers.answers([b"1", bad, b"2"])
    assert (first.prediction, second.prediction, third.prediction) == ("yes", None, "yes")
    assert reason in second.problem
    with pytest.raises(DataError, match=r"bundle\.answers"):
        numbers.predict([b"1", bad])


def test_a_file_above_the_limit_is_not_read(numbers, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "ITEM_LIMIT", 10)
    (tmp_path / "small").write_bytes(b"7")
    (tmp_path / "large").write_bytes(b"7" * 11)
    small, large = numbers.answers([tmp_path / "small", tmp_path / "large"])
    assert small.prediction == "yes"
    assert "above the limit of" in large.problem


@pytest.mark.parametrize(
    ("kind", "row", "reason"),
    [
        ("table", {"a": 10**400}, "has no cell that holds anything"),  # beyond any number: missing
        ("image", {"file": "nul\0.png"}, "names a file that cannot be read"),
        ("image", {"file": "gone.png"}, "names a file that is not there"),
        ("image", {"other": "gone.png"}, "has no column file"),
    ],
)
def test_a_bad_row_gets_a_reason(bundle, kind, row, reason):
    column = "file" if kind == "image" else ""
    made = bundle(kind, "class", ("yes", "no"), {"item_shape": [1], "dtype": "f4"}, column=column)
    (answer,) = made.answers([row])
    assert answer.prediction is None
    assert reason in answer.problem


def test_a_file_of_rows_that_cannot_be_read_gets_a_reason(bundle, tmp_path, monkeypatch):
    made = bundle("table", "class", ("yes", "no"), {"item_shape": [1], "dtype": "float32"})
    monkeypatch.setattr(made._kind, "fit", lambda *_: np.ones(1, np.float32))
    monkeypatch.setattr(made, "part_probabilities", lambda rows: {"all": rows})
    monkeypatch.setattr(made, "pool", lambda parts: np.tile([[0.9, 0.1]], (len(parts["all"]), 1)))
    good, bad, gone = (tmp_path / name for name in ("good.csv", "bad.csv", "gone.csv"))
    good.write_text("a,b\n1,2\n3,4\n")
    bad.write_text("a,b\n1\n")
    answers = made.answers([good, bad, gone, good])
    assert [one.prediction for one in answers] == ["yes", "yes", None, None, "yes", "yes"]
    assert "1 cells in line 2 of bad.csv" in answers[2].problem
    assert answers[2].item == str(bad)
    assert answers[3].problem == "is not there"
    with pytest.raises(DataError, match=r"1 cells in line 2 of bad\.csv"):
        made.predict([good, bad])


def test_a_missing_library_is_no_fault_of_the_item(numbers, monkeypatch):
    def fails(_):
        raise RunError(found="no module av", wanted="it", hint="pip install it")

    monkeypatch.setattr(numbers._kind, "open", fails)
    with pytest.raises(RunError, match="pip install"):
        numbers.answers([b"1"])


@pytest.fixture
def cells(bundle, monkeypatch):
    """Answers for rows of two columns of numbers, of which the first one decides."""
    slots = [
        {"name": name, "of": name, "take": "value", "type": "number"} for name in ("age", "height")
    ]
    shape = {"item_shape": [2], "dtype": "float32", "columns": slots}
    made = bundle("table", "class", ("yes", "no"), shape)
    monkeypatch.setattr(made, "part_probabilities", lambda rows: {"all": rows})
    monkeypatch.setattr(made, "pool", lambda parts: np.tile([[0.9, 0.1]], (len(parts["all"]), 1)))
    return made


def test_a_table_that_lacks_a_column_is_not_answered_for_as_if_its_cells_were_unknown(
    cells, tmp_path
):
    whole, empty, short = (tmp_path / f"{name}.csv" for name in ("whole", "empty", "short"))
    whole.write_text("height,other,age\n1.7,a,30\n")
    empty.write_text("age,height\n30,\n")
    short.write_text("age,hieght\n30,1.7\n")
    answers = cells.answers([whole, empty, short])
    assert [one.prediction for one in answers] == ["yes", "yes", None]
    assert answers[2].problem == "has no column height among age, hieght"
    frame = pa.table({"age": [30], "hieght": [1.7]})
    (answer,) = cells.answers(frame)
    assert answer.problem == answers[2].problem
    with pytest.raises(DataError, match=r"\(in memory\): has no column height"):
        cells.predict(frame)
    row = pd.Series({"age": 30, "hieght": 1.7})
    assert cells.answers(row) == cells.answers(frame)


def test_a_message_about_columns_is_short(cells, tmp_path):
    wide, names = tmp_path / "wide.csv", ",".join(f"c{i}" for i in range(900))
    wide.write_text(f"{names}\n{'1,' * 899}1\n")
    (answer,) = cells.answers([wide])
    assert answer.problem == "has no column age, height among c0, c1, c2, c3, c4 and 895 more"


def test_an_object_leaves_out_what_is_not_known(cells, tmp_path):
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"age": 30}\n{"age": 31, "height": 1.7}\n')
    answers = cells.answers([{"age": 30}, lines])
    assert [one.prediction for one in answers] == ["yes"] * 3


@pytest.mark.parametrize("rows", ['{"age": 30, "hieght": 1.7}\n{"age": 31}\n', '{"age": 30}'])
def test_a_key_that_no_object_of_a_file_has_is_a_column_that_it_lacks(cells, tmp_path, rows):
    file = tmp_path / "rows.jsonl"
    file.write_text(rows)
    (answer,) = cells.answers([file])
    assert answer.problem.startswith("has no column height among age")
    assert answer.problem.endswith("write it as null in one")
    file.write_text(rows.replace('"age": 30', '"age": 30, "height": null'))
    assert {one.prediction for one in cells.answers([file])} == {"yes"}
