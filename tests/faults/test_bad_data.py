"""Data that cannot be used end in three lines; data that are odd in parts are used in parts."""

import builtins
import csv
import json
import os
from pathlib import Path

import pytest

import fivefold


def win(data, **options):
    """A quick run in the current folder, for what stands in its report."""
    return fivefold.win(data, budget=1, nets=1, out="run", **options).report.data


def check_refused(refused, place, *words):
    """The command is refused and leaves nothing in the working folder."""
    before = sorted(place.rglob("*"))
    found = refused("win", *words, "--budget", "1s")
    assert sorted(place.rglob("*")) == before
    return found


def test_an_empty_folder(refused, place):
    (place / "data").mkdir()
    assert "nothing in data" in check_refused(refused, place, "data")


def test_a_path_to_nothing(refused, place):
    assert "nowhere" in check_refused(refused, place, "nowhere")


def test_one_class(refused, place, write):
    write(place / "data", 5, classes=("only",))
    assert "1 class" in check_refused(refused, place, "data")


def test_one_picture_per_class(refused, place, write):
    write(place / "data", 1, classes=tuple("abcdef"))
    assert "one item each" in check_refused(refused, place, "data")


def test_files_of_no_kind(refused, place):
    for name in ("a", "b"):
        (place / "data" / name).mkdir(parents=True)
        for i in range(9):
            (place / "data" / name / f"{i}.pdf").write_bytes(b"%PDF-1.4\0" + bytes([i]))
    assert "18 looked at" in check_refused(refused, place, "data")


def test_two_classes_of_which_one_has_only_broken_files(refused, place, write):
    root = write(place / "data", 12)
    for file in (root / "red").iterdir():
        file.write_bytes(file.read_bytes()[:50])
    assert check_refused(refused, place, "data")


def test_a_table_without_the_label_or_path_column(refused, place, write):
    write(place / "pictures", 10)
    files = sorted((place / "pictures").rglob("*.png"))
    rows = "".join(f"{file.relative_to(place)},{file.parent.name}\n" for file in files)
    (place / "rows.csv").write_text(f"file,kind\n{rows}")
    for option in ("--label", "--path"):
        assert "columns file, kind" in check_refused(refused, place, "rows.csv", option, "colour")


def test_a_table_whose_paths_point_nowhere(refused, place):
    rows = "".join(f"nowhere/{i}.png,{'ab'[i % 2]}\n" for i in range(20))
    (place / "rows.csv").write_text(f"path,label\n{rows}")
    assert "0 of its 20 files are there" in check_refused(refused, place, "rows.csv")


def test_a_folder_of_runs_that_is_the_users_stays(refused, place):
    (place / "runs").mkdir()
    (place / "data").mkdir()
    check_refused(refused, place, "data")
    check_refused(refused, place, "data", "--out", "runs")
    check_refused(refused, place, "data", "--out", "deep/down")


def test_a_run_folder_of_something_else_is_not_touched(refused, place, write):
    write(place / "data", 5)
    (place / "mine").mkdir()
    (place / "mine" / "letter.txt").write_text("dear")
    assert "not empty" in check_refused(refused, place, "data", "--out", "mine")


def test_changed_data_are_not_mixed_into_a_run_that_was_begun(refused, place, write):
    write(place / "data", 10)
    run = fivefold.win("data", budget=1, nets=1, out="run")
    facts = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps(facts | {"status": "running"}))
    (place / "data" / "red" / "003.png").unlink()
    found = refused("win", "data", "--nets", "1", "--budget", "1s", "--out", "run", "--resume")
    assert "data that changed" in found
    assert (run.folder / "report.json").exists()


ODD_NAMES = (
    b"with a space.png",
    b"with\na newline.png",
    b"latin-\xe9.png",
    b"-rf.png",
    b"%s {}.png",
)


@pytest.fixture
def mixed(place, write, shared_data):
    """A good folder with every bad file, odd names, a class of rubbish, a file that is shut."""
    root = write(place / "data", 30, classes=("blue", "red", "grün und\nrot"))
    for kind in ("image", "archive"):
        for file in (shared_data / "bad_inputs" / kind).iterdir():
            (root / "blue" / file.name).write_bytes(file.read_bytes())
    picture = (root / "red" / "000.png").read_bytes()
    for number, name in enumerate(ODD_NAMES):
        os.link(root / "red" / f"{number:03d}.png", os.fsencode(root / "red") + b"/" + name)
        (root / "red" / f"{number:03d}.png").unlink()
    (root / "rubbish").mkdir()
    for i in range(3):
        (root / "rubbish" / f"{i}.png").write_bytes(picture[: 40 + i])
    (root / "red" / "empty.png").touch()
    (root / "red" / "gone.png").symlink_to("nowhere.png")
    return root


def unusable(folder):
    """Names in the mixed folder of what no picture can be read from: archives, broken pictures."""
    with (folder / "contents.csv").open(newline="") as file:
        lines = [(Path(row["file"]), row["plain_reader_result"]) for row in csv.DictReader(file)]
    return {
        f"blue/{file.name}"
        for file, said in lines
        if file.parts[0] == "archive" or (file.parts[0] == "image" and said.startswith("fails"))
    }


@pytest.mark.usefixtures("mixed")
def test_a_good_folder_with_everything_bad_in_it(shared_data, monkeypatch):
    usual = builtins.open

    def locked(file, *rest, **named):  # root may read all, so the lock is played
        if isinstance(file, str) and file.endswith("red/020.png"):
            raise PermissionError(13, "Permission denied", file)
        return usual(file, *rest, **named)

    monkeypatch.setattr(builtins, "open", locked)
    report = win("data")
    data = report["data"]
    apart = {one["path"]: one["reason"] for one in report["quarantine"]}
    assert all(apart.values())
    assert apart["red/020.png"] == "may not be read (no permission)"
    assert apart["red/empty.png"] == "is empty (0 bytes)"
    assert apart["red/gone.png"] == "is a link to nothing"
    assert {f"rubbish/{i}.png" for i in range(3)} <= set(apart)
    assert [one["name"] for one in data["classes"]] == ["blue", "grün und\\nrot", "red"]
    assert unusable(shared_data / "bad_inputs") <= set(apart)
    assert all("archive" in apart[name] for name in apart if name.endswith((".zip", ".tar")))
    aside = sum("set aside" in pair["action"] for pair in report["duplicates"])
    assert data["rows"] + data["vault_rows"] + aside + len(apart) == data["listed"]
    red = next(one for one in data["classes"] if one["name"] == "red")
    assert red["rows"] + red["vault_rows"] == 29  # none with an odd name is lost
    json.dumps(report).encode("ascii")


def test_a_thousand_classes(place, write):
    write(place / "data", 2, classes=tuple(f"{i:04d}" for i in range(1000)))
    report = win("data")
    assert len(report["data"]["classes"]) == 1000
    assert report["confusion"] is None
    assert "top5" in report["scores"]["ensemble"]
