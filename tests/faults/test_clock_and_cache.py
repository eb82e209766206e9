"""What changes under a run: the wall clock jumps, the decoded cache vanishes."""

import itertools
import json
import shutil
import time

import pytest

import fivefold
from fivefold.engine import loop

DAY = 86_400.0


@pytest.fixture
def data(place, write):
    """A folder of pictures."""
    return write(place / "data", 25)


def weights(folder):
    """Name -> bytes of every trained net."""
    return {f.name: f.read_bytes() for f in (folder / "train").glob("*/*.weights.safetensors")}


@pytest.mark.usefixtures("data")
def test_a_wall_clock_that_jumps_by_a_day_changes_neither_budget_nor_nets(place, monkeypatch):
    fivefold.win("data", budget=5, nets=1, steps=4, out="plain")
    usual, jumps = time.time, itertools.cycle([0.0, DAY, -DAY])
    monkeypatch.setattr(time, "time", lambda: usual() + next(jumps))
    fivefold.win("data", budget=5, nets=1, steps=4, out="jumping")
    assert weights(place / "plain")
    assert weights(place / "jumping") == weights(place / "plain")
    runs = [json.loads((place / out / "run.json").read_text()) for out in ("plain", "jumping")]
    assert [run["status"] for run in runs] == ["done", "done"]
    assert 0.0 < runs[1]["used_s"] < DAY / 2


@pytest.mark.usefixtures("data")
def test_a_cache_that_vanishes_while_a_net_is_trained_is_one_line(place, refused, monkeypatch):
    honest, steps = loop.set_rate, []

    def set_rate(*given):
        steps.append(1)
        if len(steps) == 3:
            shutil.rmtree(place.parent / "cache")
        honest(*given)

    monkeypatch.setattr(loop, "set_rate", set_rate)
    found = refused("win", "data", "--budget", "5s", "--nets", "1", "--steps", "8")
    assert len(steps) == 3
    assert "cache" in found
    assert "No such file or directory" in found
