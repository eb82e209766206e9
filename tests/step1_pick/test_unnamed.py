"""New rows of a table that was learned from without a header."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fivefold.contracts.raw_rows import raw_of_row
from fivefold.step1_pick import pick
from fivefold.step1_pick.new_rows import Cells, each_item


def put(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def numbers(label, count=40):
    """Lines of three numbers and a label, at a place of its own."""
    for i in range(count):
        row = [str(i % 7), f"{i / 3:.2f}", str(i * i % 11)]
        row.insert(label, "ab"[i % 2])
        yield ",".join(row) + "\n"


@pytest.fixture(params=[0, 3], ids=["label first", "label last"])
def unnamed(request, tmp_path):
    """A problem without names of columns, what was learned of it, and lines of its table."""
    lines = list(numbers(request.param))
    asked = pick(
        put(tmp_path / "old" / "old.csv", "".join(lines)),
        scratch=tmp_path / "scratch",
        label=f"column {request.param + 1}",
    ).problem
    places = tuple(f"column {i + 1}" for i in range(4) if i != request.param)
    return asked, Cells(places, places), lines, request.param


def test_a_lone_line_of_a_table_without_a_header_is_a_row(tmp_path, unnamed):
    asked, cells, lines, label = unnamed
    (row,) = each_item(put(tmp_path / "one.csv", lines[4]), asked, (), cells)
    assert list(row.cells.values()) == lines[4].strip().split(",")
    bare = ",".join(c for i, c in enumerate(lines[4].strip().split(",")) if i != label) + "\n"
    (row,) = each_item(put(tmp_path / "bare.csv", bare), asked, (), cells)
    if label == 3:
        assert row.cells == {"column 1": "4", "column 2": "1.33", "column 3": "5"}
    else:  # each number would stand a place too far to the left
        assert "3 columns without names in bare.csv; wanted 4" in row.reason


def test_a_header_where_none_was_learned_is_a_header_or_refused(tmp_path, unnamed):
    asked, cells, lines, _ = unnamed
    named = put(tmp_path / "a.csv", "column 1,column 2,column 3,column 4\n" + "".join(lines[:3]))
    assert len(each_item(named, asked, (), cells)) == 3
    (bad,) = each_item(put(tmp_path / "b.csv", "w,x,y,z\n" + lines[0]), asked, (), cells)
    assert "whose first line may be names of columns or a row: w, x, y, z" in bad.reason
    assert "as the table that was learned from has no header" in bad.reason
    (bad,) = each_item(put(tmp_path / "c.csv", "a,1,2,3,4\nb,2,3,4,5\n"), asked, (), cells)
    assert "5 columns without names in c.csv; wanted 4" in bad.reason
    names = json.dumps({f"column {i}": i for i in range(1, 5)})
    assert len(each_item(put(tmp_path / "d.jsonl", names), asked, (), cells)) == 1


def test_a_long_text_in_a_table_without_a_header(tmp_path):
    long = "a text that is no name of a file. " * 20
    lines = [f'"{i % 3 + 3}","title {i}","{long}{i}"\n' for i in range(12)]
    old = put(tmp_path / "old" / "old.csv", "".join(lines))
    asked = pick(old, scratch=tmp_path / "s", label="column 1").problem
    assert asked.unnamed == 3
    for count in (1, 3):
        rows = each_item(put(tmp_path / "new.csv", "".join(lines[:count])), asked)
        assert [row.cells["column 3"] for row in rows] == [f"{long}{i}" for i in range(count)]
    words = lines[0].replace('"3"', '"x"') + lines[1].replace('"4"', '"y"')
    (bad,) = each_item(put(tmp_path / "words.csv", words), asked)
    assert "whose first line may be names of columns or a row: x, title 0" in bad.reason


@pytest.mark.parametrize("label", ["first", "last"])
def test_rows_of_texts_without_a_header_are_read_whatever_the_file_is_called(tmp_path, label):
    texts = [f"the film number {i} was long, and had many people in it" for i in range(24)]
    lines = [f'"{text}",{i % 2}\n' for i, text in enumerate(texts)]
    if label == "first":
        lines = [f'{i % 2},"{text}"\n' for i, text in enumerate(texts)]
    old = put(tmp_path / "old" / "old.csv", "".join(lines))
    asked = pick(old, scratch=tmp_path / "s").problem
    assert (asked.kind, asked.unnamed) == ("text", 2)
    for name in ("new.csv", "new.txt", "new.data"):
        rows = each_item(put(tmp_path / name, "".join(lines[:3])), asked)
        assert [raw_of_row(row.cells, asked).decode() for row in rows] == texts[:3]
    new = put(tmp_path / "gap.txt", ",good\nfilms,bad\nlives,bad\n")  # a gap is no column's name
    (bad,) = each_item(new, asked)
    assert "3 lines of text" in bad.reason
    one = put(tmp_path / "one.txt", texts[0])  # its comma makes no two cells of it
    assert each_item(one, asked) == [one]
    (bad,) = each_item(put(tmp_path / "two.txt", "7\nfilms of a lifetime\n"), asked)
    assert "2 lines of text, which may be one text or a text each" in bad.reason


def test_a_first_row_of_one_cell_is_no_title_whatever_the_file_is_called(tmp_path):
    texts = [f"the film number {i} was long and had many people in it" for i in range(24)]
    lines = [f"{i % 2},{text},{text} too\n" for i, text in enumerate(texts)]
    asked = pick(put(tmp_path / "old" / "old.csv", "".join(lines)), scratch=tmp_path / "s").problem
    assert (asked.kind, asked.unnamed) == ("text", 3)
    for name in ("new.csv", "new.txt"):
        rows = each_item(put(tmp_path / name, f",{texts[0]},\n{lines[1]}{lines[0]}"), asked)
        assert [row.cells["column 2"] for row in rows] == [texts[i] for i in (0, 1, 0)]


def test_a_first_row_with_empty_cells_is_a_row(tmp_path, unnamed):
    asked, cells, lines, _ = unnamed
    for first in (",,,\n", ",,5,\n"):
        rows = each_item(put(tmp_path / "a.csv", first + lines[0]), asked, (), cells)
        assert [list(row.cells.values()) for row in rows] == [
            [cell or None for cell in line.strip().split(",")] for line in (first, lines[0])
        ]
    (bad,) = each_item(put(tmp_path / "b.csv", "column 1,,,\n" + lines[0]), asked, (), cells)
    assert "whose first line may be names of columns or a row: column 1" in bad.reason


def test_columns_that_pandas_numbered_have_the_places_that_were_learned(tmp_path, unnamed):
    pandas = pytest.importorskip("pandas")
    asked, cells, lines, label = unnamed
    file = put(tmp_path / "new.csv", "".join(lines))
    frame = pandas.read_csv(file, header=None)
    wanted = [{k: v for k, v in row.cells.items() if k in cells.used} for row in
              each_item(file, asked, (), cells)]  # fmt: skip
    bare = frame.drop(columns=label)
    for given in (frame, bare, bare.to_dict("records"), bare.iloc[0]):
        rows = each_item(given, asked, (), cells)
        found = [{k: float(v) for k, v in row.items() if k in cells.used} for row in rows]
        assert found == [{k: float(v) for k, v in row.items()} for row in wanted[: len(rows)]]
    from_1 = bare.set_axis(range(1, 4), axis=1)
    if label == 3:
        (bad,) = each_item(from_1, asked, (), cells)
        assert "call them column 1 to column 4" in bad.reason
    (bad,) = each_item(frame.set_axis(range(1, 5), axis=1), asked, (), cells)
    assert "has no column column" in bad.reason


def test_a_lone_path_of_a_table_without_a_header(tmp_path):
    names = [put(tmp_path / "data" / f"{i}.txt", f"text {i}").name for i in range(12)]
    table = "".join(f"{name},{'ab'[i % 2]}\n" for i, name in enumerate(names))
    asked = pick(put(tmp_path / "data" / "old.csv", table), scratch=tmp_path / "s").problem
    assert asked.unnamed == 2
    for content in ("3.txt\n", "3.txt,a\n4.txt,b\n"):
        row = each_item(put(tmp_path / "data" / "new.csv", content), asked)[0]
        assert raw_of_row(row.cells, asked, row.folder) == b"text 3"
