"""`fivefold get` from end to end, on a publisher on this machine."""

import io
import json
import shlex
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from publisher import checksum, record_of
from typer.testing import CliRunner

import fivefold
from fivefold.cli import app
from fivefold.public_data import records
from fivefold.step1_pick import pick


def archive():
    """A .zip of class folders with small pictures."""
    rng, packed = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for number in range(40):
            pixels = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(pixels, "PNG")
            file.writestr(f"top/{('cat', 'dog')[number % 2]}/{number}.png", pixels.getvalue())
    return packed.getvalue()


@pytest.fixture
def listed(host, monkeypatch):
    """The only data set there is: class folders, published here."""
    body = archive()
    url = host.put("/animals.zip", body)
    record = record_of(
        {"name": "animals.zip", "url": url, "bytes": len(body), "checksum": checksum(body)},
        title="cats and dogs",
    )
    monkeypatch.setattr(records, "registry", lambda: {"thing": record})


def run(*words):
    return CliRunner().invoke(app, ["get", *words])


def test_without_a_name_it_lists():
    done = run()
    assert done.exit_code == 0
    assert "flower_photos" in done.stdout
    assert all(json.loads(line)["citation"] for line in run("--json").stdout.splitlines())


@pytest.mark.usefixtures("listed")
def test_with_a_name_it_fetches_and_says_what_to_type_next(tmp_path):
    done = run("thing", "--to", str(tmp_path / "my data"))
    assert done.exit_code == 0, done.stderr
    for fact in ("cats and dogs", "licence: not stated", "cite: nobody", "a test"):
        assert fact in done.stderr
    words = shlex.split(done.stdout.splitlines()[-1].removeprefix("next: "))
    assert words[:2] == ["fivefold", "win"]
    assert Path(words[2]) == tmp_path / "my data" / "thing" / "animals.zip"
    picked = pick(Path(words[2]), scratch=tmp_path / "scratch")
    assert picked.problem.inputs[0].kind == "image"
    assert sorted(set(picked.listing.labels)) == ["cat", "dog"]


@pytest.mark.usefixtures("listed")
def test_as_json(data_root):
    facts = json.loads(run("thing", "--json").stdout)
    assert Path(facts["path"]) == data_root / "thing" / "animals.zip"
    assert Path(facts["path"]).is_file()
    assert facts["licence"] == "not stated"


@pytest.mark.usefixtures("listed")
def test_from_python(data_root):
    path = fivefold.get("thing")
    assert path == data_root / "thing" / "animals.zip"
    assert fivefold.get("thing", to=data_root) == path


@pytest.mark.usefixtures("listed")
def test_errors_are_three_lines(host):
    host.pages.clear()
    done = run("thing")
    assert done.exit_code == 2
    last = [line.partition(":")[0] for line in done.stderr.splitlines()[-3:]]
    assert last == ["found", "wanted", "hint"]
    unknown = run("xyz")
    assert unknown.exit_code == 2
    assert "fivefold get lists them" in unknown.stderr
