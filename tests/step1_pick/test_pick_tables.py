"""Tables of paths and labels: CSV, TSV, JSON lines, Parquet; alone or among their pictures."""

from __future__ import annotations

import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fivefold.plumbing.errors import DataError
from fivefold.step1_pick import pick
from fivefold.step1_pick.tables import read_table

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
ROWS = [(f"img/{i}.png", "cat" if i % 2 else "dog") for i in range(6)]


def pictures(root, count=6):
    (root / "img").mkdir(parents=True)
    for i in range(count):
        (root / "img" / f"{i}.png").write_bytes(PNG)
    return root


def csv_of(rows, header=("path", "label")):
    return "\n".join(",".join(row) for row in ([header] if header else []) + list(rows)) + "\n"


def labels_of(picked):
    return dict(zip(picked.listing.names, picked.listing.labels, strict=True))


def guess(picked, question):
    (only,) = [g for g in picked.problem.guesses if g.question.startswith(question)]
    return only


def write(path):
    """The six rows in the form that the suffix says."""
    if path.suffix in (".csv", ".tsv"):
        text = csv_of(ROWS)
        path.write_text(text.replace(",", "\t") if path.suffix == ".tsv" else text)
    elif path.suffix == ".jsonl":
        lines = [json.dumps({"path": p, "label": w}) for p, w in ROWS]
        path.write_text("\n".join(lines) + "\n\n")
    else:
        paths, words = zip(*ROWS, strict=True)
        table = pa.table({"path": paths, "label": words, "boxes": [[1, 2]] * len(ROWS)})
        pq.write_table(table, path)
    return path


# ------------------------------------------------------------------------------ layouts


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("named", ["table", "folder", "archive"])
def test_a_table_of_any_form_named_itself_or_among_its_pictures(tmp_path, suffix, named):
    root = pictures(tmp_path / "data")
    data = write(root / f"labels{suffix}")
    if named == "folder":
        data = root
    elif named == "archive":
        data = tmp_path / "data.zip"
        with zipfile.ZipFile(data, "w") as archive:
            for file in root.rglob("*"):
                archive.write(file, file.relative_to(tmp_path))
    picked = pick(data, scratch=tmp_path / "s")
    prefix = "data/" if named == "archive" else ""
    assert labels_of(picked) == {prefix + name: word for name, word in ROWS}
    assert picked.source.read(picked.listing.names[0]) == PNG
    assert (picked.problem.inputs[0].column, picked.problem.target.column) == ("path", "label")
    assert picked.problem.layout == "table"
    assert guess(picked, "layout").option == "--path COLUMN"
    assert guess(picked, "label column").option == "--label COLUMN"


def test_parts_from_a_column(tmp_path):
    root = pictures(tmp_path / "data")
    splits = ["Train", "train", "val", "validation", "TEST", "train"]
    rows = [(*row, split) for row, split in zip(ROWS, splits, strict=True)]
    (root / "x.csv").write_text(csv_of(rows, ("image", "species", "split")))
    picked = pick(root / "x.csv", scratch=tmp_path / "s")
    assert picked.listing.parts == ("train", "train", "validation", "validation", "test", "train")
    assert picked.problem.target.column == "species"


def test_parts_from_the_folders_in_the_paths(tmp_path):
    root = tmp_path / "data"
    rows = []
    for part in ("train", "test"):
        (root / part).mkdir(parents=True)
        for i in range(4):
            (root / part / f"{part}{i}.png").write_bytes(PNG)
            rows.append((f"{part}/{part}{i}.png", "ab"[i % 2]))
    (root / "labels.csv").write_text(csv_of(rows))
    picked = pick(root, scratch=tmp_path / "s")
    assert picked.listing.parts == ("train",) * 4 + ("test",) * 4
    assert set(picked.listing.labels) == {"a", "b"}


@pytest.mark.parametrize(
    "cell",
    ["{0}.png", "./img/{0}.png", "img\\{0}.png", "/home/someone/data/img/{0}.png", "{0}"],
)
def test_paths_are_found_however_they_are_written(tmp_path, cell):
    root = pictures(tmp_path / "data")
    rows = [(cell.format(i), word) for i, (_, word) in enumerate(ROWS)]
    (root / "x.csv").write_text(csv_of(rows, ("id", "label")))
    for data in (root, root / "x.csv"):
        picked = pick(data, scratch=tmp_path / "s")
        assert [picked.source.read(name) for name in picked.listing.names] == [PNG] * 6


def test_absolute_paths_and_a_table_elsewhere(tmp_path):
    root = pictures(tmp_path / "data")
    (tmp_path / "tables").mkdir()
    for base in (str(root), "../data"):
        rows = [(f"{base}/{name}", word) for name, word in ROWS]
        (tmp_path / "tables" / "x.csv").write_text(csv_of(rows))
        picked = pick(tmp_path / "tables" / "x.csv", scratch=tmp_path / "s")
        assert [picked.source.read(name) for name in picked.listing.names] == [PNG] * 6


def test_a_table_without_a_header(tmp_path):
    root = pictures(tmp_path / "data")
    (root / "x.csv").write_text(csv_of(ROWS, header=None))
    picked = pick(root / "x.csv", scratch=tmp_path / "s")
    assert labels_of(picked) == dict(ROWS)
    assert picked.problem.target.column == "column 2"


def test_the_label_column_by_name_by_values_and_by_option(tmp_path):
    root = pictures(tmp_path / "data")
    rows = [(name, str(i), str(i % 3), word) for i, (name, word) in enumerate(ROWS)]
    for header, label, wanted in (
        (("path", "width", "Class", "kind"), None, "Class"),
        (("path", "width", "size", "kind"), None, "kind"),
        (("path", "width", "Class", "kind"), "kind", "kind"),
    ):
        (root / "x.csv").write_text(csv_of(rows, header))
        picked = pick(root, scratch=tmp_path / "s", label=label)
        assert picked.problem.target.column == wanted


def test_class_folders_beside_a_table(tmp_path):
    root = tmp_path / "data"
    for folder in ("a", "b"):
        (root / folder).mkdir(parents=True)
        for i in range(3):
            (root / folder / f"{folder}{i}.png").write_bytes(PNG)
    for text in ("width,height\n3,4\n", "ragged\n1,2,3\n", ""):
        (root / "meta.csv").write_text(text)
        picked = pick(root, scratch=tmp_path / "s")
        assert set(picked.listing.labels) == {"a", "b", None}
        assert guess(picked, "table meta.csv").answer == "left aside"
    rows = [(f"{c}/{c}{i}.png", "xyz"[i]) for c in "ab" for i in range(3)]
    (root / "meta.csv").write_text(csv_of(rows))
    assert set(pick(root, scratch=tmp_path / "s").listing.labels) == set("xyz")


def test_rows_without_a_label_with_two_or_without_a_file_are_told(tmp_path):
    root = pictures(tmp_path / "data")
    rows = [
        *ROWS,
        ("img/0.png", "cat"),
        ("img/1.png", ""),
        ("img/2.png", "dog"),
        ("gone.png", "cat"),
    ]
    rows[3] = (rows[3][0], "")
    (root / "x.csv").write_text(csv_of(rows))
    picked = pick(root, scratch=tmp_path / "s")
    labels = labels_of(picked)
    assert len(picked.listing.names) == len(labels) == 7
    assert labels["img/0.png"] is None
    assert labels["img/3.png"] is None
    assert labels["img/2.png"] == "dog"
    assert labels["gone.png"] == "cat"
    assert guess(picked, "files with two labels").answer == "4 rows of 2 files set aside"
    assert guess(picked, "rows without a label").answer == "1 set aside"
    assert guess(picked, "rows whose file was named before").answer == "1 set aside"


def test_files_that_the_table_does_not_name_are_told(tmp_path):
    root = pictures(tmp_path / "data", count=9)
    (root / "x.csv").write_text(csv_of(ROWS))
    picked = pick(root, scratch=tmp_path / "s")
    assert guess(picked, "files that x.csv does not name").answer == "3 left out"


def test_a_second_table_as_test_part(tmp_path):
    root = pictures(tmp_path / "data")
    (root / "train.csv").write_text(csv_of(ROWS[:4]))
    (root / "test.csv").write_text(csv_of(ROWS[4:]))
    picked = pick(root / "train.csv", test=root / "test.csv", scratch=tmp_path / "s")
    assert picked.listing.names == tuple(name for name, _ in ROWS[:4])
    assert picked.test_listing.names == tuple(name for name, _ in ROWS[4:])


# ---------------------------------------------------------------------------- bad input


def refused(data, tmp_path, **options):
    with pytest.raises(DataError) as caught:
        pick(data, scratch=tmp_path / "s", **options)
    assert caught.value.wanted
    assert caught.value.hint
    return caught.value.found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "x.csv, which is empty"),
        ("path,label\n", "x.csv without a row below its header"),
        ("path,label\nimg/0.png,cat\nimg/1.png\n", "1 cells in line 3 of x.csv"),
        ("path,label\nimg/0.png,cat,big\n", "3 cells in line 2 of x.csv"),
        ("path,path\nimg/0.png,cat\n", "x.csv with two columns called 'path'"),
        ('path,label\n"img/0.png,cat\n', "line 2 of x.csv, which cannot be read"),
        ("path,label\nimg/0.png,c\0t\n", "x.csv, which holds zero bytes"),
        (f"path,label\nimg/0.png,{'x' * (17 << 20)}\n", "field larger than field limit"),
        ("path\nimg/0.png\nimg/1.png\n", "columns path in x.csv"),
        ("path,label\nno/0.png,cat\nimg/1.png,dog\nno/2.png,cat\n", "1 of its 3 files are there"),
        ("path,label\nno/0.png,cat\nno/1.png,dog\n", "first that is not: no/0.png"),
        ("width,height\n1,2\n3,4\n", "2 classes with one item each"),
        ("path,label\nimg/0.png,cat\nimg/1.png,cat\n", "1 class: cat (2 items)"),
        ("path,label\nimg/0.png,\nimg/1.png,\n", "no row with a label"),
    ],
)
def test_bad_tables(tmp_path, text, found):
    root = pictures(tmp_path / "data")
    (root / "x.csv").write_text(text)
    assert found in refused(root / "x.csv", tmp_path)


def test_columns_that_are_not_there(tmp_path):
    root = pictures(tmp_path / "data")
    (root / "x.csv").write_text(csv_of(ROWS))
    assert refused(root, tmp_path, label="breed") == "columns path, label in x.csv"
    assert refused(root, tmp_path, path_column="file") == "columns path, label in x.csv"
    assert "0 of its 6 files" in refused(root, tmp_path, path_column="label")
    (root / "y.csv").write_text(csv_of(ROWS))
    assert "2 tables" in refused(root, tmp_path, label="label")


@pytest.mark.parametrize(
    ("line", "found"),
    [("[1]", "(list)"), ("{", "Expecting"), ("3", "(int)"), ("[" * 100_000, "line 2")],
)
def test_bad_json_lines(line, found):
    raw = b'{"path": "a"}\n' + line.encode() + b"\n"
    with pytest.raises(DataError, match=r"line 2 of x\.jsonl, which is no JSON object") as caught:
        read_table("x.jsonl", raw)
    assert found in caught.value.found


def test_bad_parquet(tmp_path):
    root = pictures(tmp_path / "data")
    raw = write(root / "x.parquet").read_bytes()
    for damaged in (raw[:-10], raw[:4] + bytes(60), b"no parquet"):
        (root / "x.parquet").write_bytes(damaged)
        assert "x.parquet, which cannot be read" in refused(root / "x.parquet", tmp_path)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", "utf-16"), ("latin-1", "latin-1")],
)
def test_encodings(encoding, said):
    table = read_table("x.csv", "path;label\na.png;Käse\n".encode(encoding))
    assert table.columns == ("path", "label")
    assert table.cells == (("a.png", "Käse"),)
    assert [g.answer for g in table.guesses] == ([said] if said else [])


def test_quoted_cells_with_separators_and_newlines():
    table = read_table("x.csv", b'path,label\r\n"a,b.png","two\nlines"\r\n\r\n')
    assert table.cells == (("a,b.png", "two\nlines"),)


def test_values_of_parquet_become_plain_text(tmp_path):
    columns = {"path": ["a", "b"], "label": pa.array([1, None]), "x": [1.5, float("nan")]}
    pq.write_table(pa.table({**columns, "raw": [b"\xff", b"ok"]}), tmp_path / "x.parquet")
    table = read_table("x.parquet", (tmp_path / "x.parquet").read_bytes())
    assert table.cells == (("a", "1", "1.5", "\udcff"), ("b", None, None, "ok"))


def test_every_bad_table_ends_well(shared_data):
    outcomes = {}
    for path in sorted((shared_data / "bad_inputs" / "table").iterdir()):
        try:
            outcomes[path.name] = len(read_table(path.name, path.read_bytes()).cells)
        except DataError as cause:
            outcomes[path.name] = cause.found
    assert len(outcomes) == 13
    read = {name for name, outcome in outcomes.items() if isinstance(outcome, int)}
    assert {"comma_in_quotes.csv", "utf8.csv", "newlines_crlf.csv", "utf-16le_encoded.csv"} <= read
    assert outcomes["small.csv"].startswith("small.csv without a row")
