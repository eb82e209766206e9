"""Rows that are to be answered for: in every form that `win` reads, as they were learned."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

from fivefold.contracts.raw_rows import raw_of_row
from fivefold.contracts.records import Input, Problem, Target
from fivefold.inputs.series import Series
from fivefold.inputs.table import Table
from fivefold.plumbing import folders
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.frames import rows_of
from fivefold.step1_pick import forms, pick
from fivefold.step1_pick.new_rows import ArrayRow, Cells, Row, Unread, each_item

TEXTS = [f"the film number {i} was long and had many people in it" for i in range(40)]
REVIEWS = [{"label": ("good", "bad")[i % 2], "text": text} for i, text in enumerate(TEXTS)]
CLASSES = ("bad", "good")
LINES = "".join(f"{row['label']} {row['text']}\n" for row in REVIEWS)


def problem(kind, column, layout="table"):
    return Problem(
        source="x",
        inputs=(Input(kind=kind, column=column),),
        target=Target(kind="class", column=None),
        metric="accuracy",
        layout=layout,
        guesses=(),
    )


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def csv(rows):
    lines = (",".join(map(str, row)) for row in (rows[0], *(row.values() for row in rows)))
    return "".join(f"{line}\n" for line in lines)


def columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


def picked(tmp_path, name, content, **asked):
    return pick(put(tmp_path / "old" / name, content), scratch=tmp_path / "scratch", **asked)


def texts(rows, asked):
    return [raw_of_row(row.cells, asked, row.folder).decode() for row in rows]


# --------------------------------------------------------------------------- paths, arrays


@pytest.mark.parametrize(("kind", "name"), [("image", "1.png"), ("text", "1.txt")])
def test_paths_are_relative_to_the_table(tmp_path, monkeypatch, kind, name):
    put(tmp_path / "data" / "files" / name, "content\nin lines")
    put(tmp_path / "data" / "rows.csv", f"file,price\nfiles/{name},3\n")
    monkeypatch.chdir(tmp_path)
    asked = problem(kind, "file")
    (row,) = each_item("data/rows.csv", asked)
    assert raw_of_row(row.cells, asked, row.folder) == b"content\nin lines"
    assert each_item(f"data/files/{name}", asked) == [f"data/files/{name}"]


def test_rows_of_arrays_in_a_file(tmp_path):
    file = tmp_path / "new.npz"
    np.savez(file, x_train=np.zeros((4, 3)), x_test=np.ones((2, 3)))
    rows = each_item(file, problem("array", None, "arrays in one file"))
    assert [row.name for row in rows] == [f"{file} row 1", f"{file} row 2"]
    assert (rows[0].numbers == 1).all()


# ------------------------------------------------------------------------------- tables


def in_forms():
    """The same three texts in every form of a table that has a column of them."""
    rows = [{"text": text} for text in TEXTS[:3]]
    cells = "text\n" + "\n".join(TEXTS[:3]) + "\n"
    marked = "n\ttext\n" + "".join(f"{i}\t{text}\n" for i, text in enumerate(TEXTS[:3]))
    yield "new.csv", cells
    yield "new.csv.gz", gzip.compress(cells.encode(), mtime=0)
    yield "new.json", json.dumps(rows)
    yield "new.json", json.dumps({"reviews": rows, "pages": [1, 2]})
    yield "new.jsonl", "\n".join(map(json.dumps, rows))
    yield "new.data", marked
    yield "new.txt", marked


@pytest.mark.parametrize("trained", ["reviews.json", "reviews.csv"])
@pytest.mark.parametrize(("name", "content"), list(in_forms()))
def test_a_table_in_any_form_is_its_rows(tmp_path, trained, name, content):
    asked = picked(
        tmp_path, trained, json.dumps(REVIEWS) if trained.endswith("json") else csv(REVIEWS)
    ).problem
    file = put(tmp_path / name, content)
    rows = each_item(file, asked, CLASSES)
    assert texts(rows, asked) == TEXTS[:3]
    assert rows[2].name == f"{file} row 3"


def test_rows_of_cells_in_any_form(tmp_path):
    rows = [{"age": i % 7, "colour": ("red", "blue")[i % 2], "size": i / 3} for i in range(30)]
    named = [{**row, "kind": "ab"[row["age"] % 2]} for row in rows]
    asked = picked(tmp_path, "old.data", csv(named)).problem
    for name, content in (
        ("new.data", csv(rows)),
        ("new.txt", csv(rows)),
        ("new.dat.gz", gzip.compress(csv(rows).encode(), mtime=0)),
        ("new.json", json.dumps(rows)),
    ):
        found = each_item(put(tmp_path / name, content), asked)
        assert len(found) == 30, name
        assert found[3].cells["colour"] == "blue"
    (one,) = each_item(put(tmp_path / "one.json", '{"age": 3, "lists": [1, 2]}'), asked)
    assert one.cells == {"age": "3", "lists": "[1, 2]"}


@pytest.mark.parametrize(
    "names", [("what, in short",), ("pros, so far", "cons"), ("pros", " cons "), ("a", "a, b")]
)
@pytest.mark.parametrize("label", ["label", "good, or bad"])
def test_a_text_column_may_have_any_name(tmp_path, names, label):
    rows = [
        {label: ("good", "bad")[i % 2], **{n: f"{t} {n}" for n in names}}
        for i, t in enumerate(TEXTS)
    ]
    found = picked(tmp_path, "reviews.json", json.dumps(rows), label=label)
    asked = found.problem
    assert asked.kind == "text"
    wanted = [found.source.read(name).decode() for name in found.listing.names[:3]]
    for new in (
        rows[:3],
        put(tmp_path / "new.json", json.dumps(rows[:3])),
        pa.table(columns(rows)),
    ):
        answered = each_item(new, asked, CLASSES)[:3]
        raw = [raw_of_row(r.cells if isinstance(r, Row) else r, asked).decode() for r in answered]
        assert raw == wanted


def test_texts_of_a_bundle_that_has_their_names_in_words_alone():
    asked = problem("text", "pros, cons", "rows")
    assert not asked.inputs[0].columns
    assert raw_of_row({"cons": "dear", "pros": "quick"}, asked) == b"quick\ndear"


def test_an_empty_cell_is_a_row_also_where_it_is_alone(tmp_path):
    file = put(
        tmp_path / "new.csv", 'text\nlovely film great\n""\nawful film\n\n"terrible\nnasty"\n'
    )
    rows = each_item(file, problem("text", "text"))
    assert [row.cells["text"] for row in rows] == [
        "lovely film great", None, "awful film", "terrible\nnasty"
    ]  # fmt: skip
    assert [row.name.rpartition(" ")[2] for row in rows] == ["1", "2", "3", "4"]


def test_a_text_of_lines_beside_a_table_of_texts_is_one_text_or_many_and_refused(tmp_path):
    asked = picked(tmp_path, "reviews.csv", csv(REVIEWS)).problem
    (found,) = each_item(put(tmp_path / "new.txt", "a film\n\nof two lines\n"), asked)
    assert isinstance(found, Unread)
    assert "2 lines of text, which may be one text or a text each" in found.reason
    assert "write it as .csv or .jsonl" in found.reason
    alone = put(tmp_path / "alone.txt", "\na film, in one line\n")
    assert each_item(alone, asked) == [alone]


def test_items_that_were_files_stay_files(tmp_path):
    long = put(tmp_path / "new.txt", "a film\nof two lines\n")
    parts = put(tmp_path / "new.json", '{"a": {"kind": "text", "text": "x"}, "b": [{}]}')
    assert each_item(long, problem("text", None, "class folders")) == [long]
    for kind in ("several", "table"):
        assert each_item(parts, problem(kind, None, "class folders")) == [parts]


# -------------------------------------------------------------------------------- lines


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("new.txt", "\n".join(TEXTS[:3])),
        ("new.txt", LINES),
        ("new.lines", "__label__good " + "\n__label__bad ".join(TEXTS[:3]) + "\n"),
        ("new.txt.gz", gzip.compress(LINES.encode(), mtime=0)),
        ("new.csv", "text\n" + "\n".join(TEXTS[:3])),
        ("new.json", json.dumps(REVIEWS[:3])),
    ],
)
@pytest.mark.parametrize("trained", [LINES, LINES.replace("good ", "__label__good ")])
def test_lines_are_learned_and_answered_one_by_one(tmp_path, trained, name, content):
    if trained != LINES:
        trained = trained.replace("bad ", "__label__bad ")
    asked = picked(tmp_path, "reviews.txt", trained).problem
    assert asked.inputs[0].lines
    rows = each_item(put(tmp_path / name, content), asked, CLASSES)
    assert texts(rows, asked)[:3] == TEXTS[:3]
    assert len(rows) in (3, 40)


def test_a_first_word_that_only_some_lines_have_is_no_label(tmp_path):
    asked = picked(tmp_path, "reviews.txt", LINES).problem
    file = put(tmp_path / "new.txt", "good film\n\na bad one\n")
    rows = each_item(file, asked, CLASSES)
    assert texts(rows, asked) == ["good film", "a bad one"]
    assert [row.name for row in rows] == [f"{file}:1", f"{file}:3"]


def test_sentences_are_a_line_each_or_rows(tmp_path):
    asked = problem("tokens", "tokens", "rows")
    for name, content in (
        ("new.txt", "a dog\n\nruns\n"),
        ("new.conll.gz", gzip.compress(b"a\ndog\n\nruns\n", mtime=0)),
        ("new.json", json.dumps([{"tokens": ["a", "dog"]}, {"tokens": ["runs"]}])),
    ):
        rows = each_item(put(tmp_path / name, content), asked)
        read = [json.loads(raw_of_row(row.cells, asked)) for row in rows]
        assert read == [["a", "dog"], ["runs"]], name
    (bad,) = each_item(put(tmp_path / "blank.txt", " \n"), asked)
    assert bad.reason == "holds nothing that could be answered for"


@pytest.mark.parametrize("name", ["new.csv", "new.tsv"])
def test_a_table_without_the_column_of_texts_is_one_bad_item(tmp_path, name):
    separator = "\t" if name.endswith("tsv") else ","
    rows = "".join(separator.join(row) + "\n" for row in [("txet", "id"), ("a", "1"), ("b", "2")])
    (bad,) = each_item(put(tmp_path / name, rows), problem("text", "text"))
    assert bad.reason == "has no column text among txet, id"
    (bad,) = each_item(pa.table({"txet": ["a"]}), problem("text", "text"))
    assert bad.reason == "has no column text among txet"


def test_columns_of_a_file_without_a_header_are_counted(tmp_path):
    file = put(tmp_path / "new.csv", "1,2\n3,4\n5,6\n")
    learned = Cells(used=("column 1",), all=("column 1", "column 3"))  # the last one was constant
    (bad,) = each_item(file, problem("table", None), (), learned)
    assert bad.reason == "has no column column 3 among column 1, column 2"
    assert len(each_item(file, problem("table", None), (), Cells(("column 1",)))) == 3


def test_a_column_without_a_name_may_be_left_out_where_it_is_empty(tmp_path):
    learned = Cells(used=("a", "column 2"), all=("a", "column 2"))
    assert (
        len(each_item(put(tmp_path / "e.csv", "a,\n1,\n2,\n"), problem("table", None), (), learned))
        == 2
    )
    (bad,) = each_item(put(tmp_path / "g.csv", "a\n1\n2\n"), problem("table", None), (), learned)
    assert bad.reason == "has no column column 2 among a"


@pytest.mark.parametrize("items", [None, 5])
def test_what_is_no_item_is_refused(items):
    with pytest.raises(DataError, match="to be answered for"):
        each_item(items, problem("image", None))


@pytest.mark.parametrize(
    ("shape", "pictures"), [((20, 10), 1), ((20, 10, 3), 1), ((5, 20, 10), 5), ((2, 20, 10, 3), 2)]
)
def test_one_decoded_picture_is_one_item(shape, pictures):
    assert len(each_item(np.zeros(shape, np.uint8), problem("image", None))) == pictures


def test_two_columns_of_one_name_are_refused():
    frame = pa.table([[1], [2]], names=["a", "a"])
    with pytest.raises(DataError, match="two columns called 'a'"):
        each_item(frame, problem("table", None))


# ------------------------------------------------------------------------------- series


def test_series_of_a_ts_file(tmp_path):
    head = "@problemName x\n@timestamps false\n@classLabel true a b\n@data\n"
    cases = "".join(f"{i},{i + 1},?:1,2,3:{'ab'[i % 2]}\n" for i in range(6))
    asked = picked(tmp_path, "old.ts", head + cases).problem
    file = put(tmp_path / "new.ts", head.replace("true a b", "false") + "7,8,9:1,2,3\n1:2\n")
    first, second = each_item(file, asked)
    assert isinstance(first, ArrayRow)
    assert first.numbers.tolist() == [[7, 1], [8, 2], [9, 3]]
    assert second.name == f"{file}:2"
    (bad,) = each_item(put(tmp_path / "bad.ts", head + "1,x:a\n"), asked)
    assert "line 5 of the .ts file" in bad.reason


def long_table(count, comma=""):
    return [
        {"series_id": s, "time": t, "x": f"{s * 9 + t}{comma}", "y": t % 2, "activity": "ab"[s % 2]}
        for s in range(count)
        for t in range(5 + s % 3)
    ]


@pytest.mark.parametrize("separator", [",", ";"])
def test_series_of_a_long_table(tmp_path, separator):
    comma = ",5" if separator == ";" else ""
    old, new = csv(long_table(16)), csv(long_table(3))
    if comma:
        old, new = (
            "\n".join(";".join(map(str, row)) for row in ([*rows[0]], *(r.values() for r in rows)))
            for rows in (long_table(16, comma), long_table(3, comma))
        )
    found = picked(tmp_path, "old.csv", old)
    asked, kind = found.problem, Series()
    assert asked.inputs[0].steps.columns == ("x", "y")
    rows = each_item(put(tmp_path / "new.csv", new), asked)
    assert rows[1].name.endswith("new.csv series_id=1")
    for row, name in zip(rows, found.listing.names[:3], strict=True):
        learned = kind.open(found.source.read(name))
        np.testing.assert_array_equal(kind.take(row.numbers, None), learned)


def test_a_long_table_that_is_read_otherwise_is_refused(tmp_path):
    asked = picked(tmp_path, "old.csv", csv(long_table(16))).problem
    rows = long_table(3)
    (bad,) = each_item(put(tmp_path / "mixed.csv", csv([*rows, rows[0]])), asked)
    assert bad.reason == "has rows of one series_id in several places"
    (bad,) = each_item(put(tmp_path / "short.csv", "series_id,time,x\n1,1,1\n"), asked)
    assert bad.reason == "has no column y"


# ---------------------------------------------------------------------------- bad files


def test_a_bad_file_does_not_hide_the_others(tmp_path, monkeypatch):
    asked = picked(tmp_path, "reviews.csv", csv(REVIEWS)).problem
    good = put(tmp_path / "good.csv", "text\nfine\n")
    files = [
        put(tmp_path / "ragged.csv", "text,n\na,1\nb\n"),
        tmp_path / "gone.csv",
        put(tmp_path / "empty.csv", ""),
        put(tmp_path / "cut.csv.gz", gzip.compress(b"text\nfine\n" * 9, mtime=0)[:-9]),
        put(tmp_path / "large.csv", b"x" * 2000),
    ]
    monkeypatch.setattr(folders, "ITEM_LIMIT", 1000)
    first, *bad, last = each_item([good, *files, good], asked)
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    assert [one.name for one in bad] == [str(file) for file in files]
    reasons = ("1 cells in line 3 of", "is not there", "is empty", "cut off", "above the limit of")
    for one, reason in zip(bad, reasons, strict=True):
        assert reason in one.reason


def as_stream(rows, path):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=1000)


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.parquet", pq.write_table), ("a.feather", pf.write_feather), ("a.arrow", as_stream)],
)
def test_a_file_of_too_many_cells_is_refused(tmp_path, monkeypatch, name, write):
    asked = picked(tmp_path, "reviews.csv", csv(REVIEWS)).problem
    write(pa.table({"text": ["same"] * 3000, "n": [[1, 2]] * 3000}), tmp_path / name)
    monkeypatch.setattr(forms, "MOST_CELLS", 9000)
    assert len(each_item(tmp_path / name, asked)) == 3000
    monkeypatch.setattr(forms, "MOST_CELLS", 8999)
    (bad,) = each_item(tmp_path / name, asked)
    assert "unpacks to 9,000 cells or more; wanted 8,999 at most" in bad.reason
    assert "split it into files of fewer rows" in bad.reason


# ------------------------------------------------------------------------- truth values


def flags(spelled):
    rows = [{"flag": i % 3 == 0, "size": i / 3, "kind": "ab"[i % 2]} for i in range(60)]
    return [{**row, "flag": spelled(row["flag"])} for row in rows]


def truth_forms(tmp_path, rows):
    """The same rows in every form that has truth values in a spelling of its own."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows)
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "new.parquet")
    put(tmp_path / "new.jsonl", "\n".join(map(json.dumps, rows)))
    put(tmp_path / "new.csv", csv(rows))
    put(tmp_path / "shouted.csv", csv(rows).replace("True", "TRUE").replace("False", "FALSE"))
    yield rows
    yield frame
    for name in ("new.parquet", "new.jsonl", "new.csv", "shouted.csv"):
        yield tmp_path / name


@pytest.mark.parametrize("spelled", [str, lambda flag: str(flag).lower(), bool])
def test_truth_values_mean_the_same_in_every_form(tmp_path, spelled):
    if spelled is bool:
        pandas = pytest.importorskip("pandas")
        found = pick(pandas.DataFrame(flags(bool)), scratch=tmp_path, label="kind")
    else:
        found = picked(tmp_path, "old.csv", csv(flags(spelled)))
    kind = Table()
    learned = [kind.open(found.source.read(name)) for name in found.listing.names]
    shape = kind.learn(learned)
    wanted = [kind.fit(item, shape).tolist() for item in learned]
    assert {row[0] for row in wanted} == {0.0, 1.0}
    for given in truth_forms(tmp_path, flags(bool)):
        rows = each_item(given, found.problem)
        cells = [row.cells if isinstance(row, Row) else row for row in rows]
        raw = [raw_of_row(one, found.problem) for one in cells]
        assert [kind.fit(kind.open(one), shape).tolist() for one in raw] == wanted


def test_labels_that_are_truth_values_stay_as_their_file_has_them(tmp_path):
    pandas = pytest.importorskip("pandas")
    rows = [{"size": i / 3, "label": i % 2 == 0} for i in range(40)]
    for spelling in ("TRUE", "true", "True"):
        text = csv(rows).replace("True", spelling)
        assert picked(tmp_path, "old.csv", text).listing.labels[0] == spelling
        words = [{**row, "label": spelling if row["label"] else "no"} for row in rows]
        listing = pick(pandas.DataFrame(words), scratch=tmp_path, label="label").listing
        assert listing.labels[0] == spelling
    frame = pandas.DataFrame(rows)
    assert pick(frame, scratch=tmp_path, label="label").listing.labels[:2] == ("True", "False")
    assert rows_of(frame)[1]["label"] == "False"
