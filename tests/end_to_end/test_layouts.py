"""The same pictures in every layout that `win` reads: the same classes, every picture used once."""

import csv
import json
import shutil
import tarfile

import pyarrow
import pyarrow.parquet
import pytest

import fivefold


@pytest.fixture(scope="module")
def photos(shell):
    return shell.folder / "photos"


def table(photos):
    files = sorted(photos.rglob("*.png"))
    return [{"path": str(f.relative_to(photos.parent)), "label": f.parent.name} for f in files]


def as_zip(photos, place):
    return shutil.make_archive(str(place / "photos"), "zip", photos.parent, "photos")


def as_tar_gz(photos, place):
    with tarfile.open(place / "photos.tar.gz", "w:gz") as archive:
        archive.add(photos, "photos")
    return place / "photos.tar.gz"


def as_csv(photos, place):
    shutil.copytree(photos, place / "photos")
    with (place / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ("path", "label"))
        writer.writeheader()
        writer.writerows(table(photos))
    return place / "rows.csv"


def as_jsonl(photos, place):
    shutil.copytree(photos, place / "photos")
    (place / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in table(photos)))
    return place / "rows.jsonl"


def as_parquet(photos, place):
    shutil.copytree(photos, place / "photos")
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table(photos)), place / "rows.parquet")
    return place / "rows.parquet"


def as_parts(photos, place):
    for file in sorted(photos.rglob("*.png")):
        part = "Testing" if int(file.stem) % 5 == 0 else "Train"
        target = place / "data" / part / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return place / "data"


def win(data, place, monkeypatch, **options):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(place / "cache"))
    run = fivefold.win(data, budget=1, nets=1, out=place / "run", **options)
    return run.report.data


LAYOUTS = [as_zip, as_tar_gz, as_csv, as_jsonl, as_parquet, as_parts]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_rows(layout, photos, tmp_path, monkeypatch):
    report = win(layout(photos, tmp_path), tmp_path, monkeypatch)
    assert [one["name"] for one in report["data"]["classes"]] == ["blue", "green", "red"]
    assert report["quarantine"] == []
    assert report["data"]["rows"] == 120
    assert report["data"]["vault_rows"] == 30
    if layout is as_parts:
        assert "given" in report["vault"]["origin"]


def test_test_data_given_apart_become_the_vault(photos, tmp_path, monkeypatch, write):
    test = write(tmp_path / "test", per_class=7, seed=8)
    report = win(photos, tmp_path, monkeypatch, test=str(test))
    assert report["data"]["rows"] == 150
    assert report["data"]["vault_rows"] == 21
    assert report["scores"]["chance"]["accuracy"]["value"] == pytest.approx(1 / 3)
