"""The Python API as a user types it: win on arrays, predict, load, look at the report."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import fivefold
from fivefold import pipeline


@pytest.fixture(scope="module")
def digits():
    """1,797 digits as float pictures (N, 8, 8) of 0 to 16, and their labels."""
    X, y = load_digits(return_X_y=True)
    return X.reshape(-1, 8, 8), y


@pytest.fixture(scope="module")
def run(digits, tmp_path_factory):
    """A run on the digits within 15 s."""
    return fivefold.win(digits, budget="15s", out=tmp_path_factory.mktemp("runs") / "digits")


def png(picture):
    """A picture of 0 to 255 (H, W) as the bytes of a PNG file."""
    out = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(out, format="PNG")
    return out.getvalue()


@pytest.mark.slow
def test_the_vault_says_that_digits_are_read(run):
    ensemble = run.report.scores["ensemble"]["accuracy"]
    assert ensemble["value"] > 0.9
    assert ensemble["low"] <= ensemble["value"] <= ensemble["high"]
    assert set(run.report.scores) >= {"ensemble", "traditional", "chance"}
    assert json.loads(run.report.json.read_bytes())["scores"] == run.report.scores
    assert run.report.data["data"]["vault_rows"] == 359


@pytest.mark.slow
def test_predict_is_the_likeliest_class(run, digits):
    X, y = digits
    probabilities = run.predict_proba(X[:50])
    assert probabilities.shape == (50, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
    answers = run.predict(X[:50])
    assert answers == [run.bundle.classes[i] for i in probabilities.argmax(axis=1)]
    assert np.mean(np.array(answers) == y[:50].astype(str)) > 0.9


@pytest.mark.slow
def test_a_loaded_bundle_reads_paths_bytes_and_arrays_alike(run, digits, tmp_path):
    picture = digits[0][7]
    raw = png(picture)
    (tmp_path / "seven.png").write_bytes(raw)
    bundle = fivefold.load(run.folder)
    items = [tmp_path / "seven.png", str(tmp_path / "seven.png"), raw, picture, picture[..., None]]
    probabilities = bundle.predict_proba(items)
    np.testing.assert_allclose(probabilities, np.tile(probabilities[:1], (5, 1)), atol=1e-5)
    assert bundle.predict(items) == run.predict(items)
    with pytest.raises(fivefold.DataError, match="has the shape"):
        bundle.predict([np.zeros(64)])


def test_without_room_for_a_net_nobody_is_hired_and_an_overrun_is_told(
    tmp_path, digits, monkeypatch
):
    """The libraries for nets take longer than such a budget; the ensemble is chosen once."""

    def hired(*_, **__):
        raise AssertionError("workers for no net")

    chosen, choose = [], pipeline.ensemble
    monkeypatch.setattr(pipeline, "hire", hired)
    monkeypatch.setattr(pipeline, "ensemble", lambda *a, **k: chosen.append(a) or choose(*a, **k))
    X, y = digits
    begun = time.monotonic() - 300.0
    run = fivefold.win((X[:200], y[:200]), budget=20, out=tmp_path / "run", start=begun)
    told = run.report.data["degraded"]
    assert any(re.match(r"no deep net: 3\d\d ", line) for line in told)
    (late,) = (line for line in told if line.startswith("the budget was overrun: "))
    assert re.search(r": 3\d\d s of 20 \(start 3\d\d\.", late)
    shown = str(run.report).splitlines()
    assert late in shown
    assert any(line.startswith("no deep net: ") for line in shown)
    assert run.report.data["phases"][0]["name"] == "start"
    assert len(chosen) == 1


def test_win_stays_a_function_whatever_is_imported():
    code = (
        "import fivefold, fivefold.pipeline, fivefold.win_, fivefold.winner, fivefold.cli\n"
        "import inspect; assert inspect.isfunction(fivefold.win), fivefold.win\n"
        "assert inspect.isfunction(fivefold.look) and inspect.isfunction(fivefold.load)\n"
        "assert inspect.isclass(fivefold.Winner) and inspect.isclass(fivefold.Run)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_public_names_are_there():
    assert [name for name in fivefold.__all__ if not hasattr(fivefold, name)] == []


def test_an_option_that_there_is_not_is_told_with_those_there_are():
    with pytest.raises(fivefold.FivefoldError, match="option 'bugdet'") as told:
        fivefold.win(None, bugdet="20s")
    assert "seed" in told.value.wanted
    with pytest.raises(fivefold.FivefoldError, match="try metric"):
        fivefold.win(None, metrics="accuracy")
