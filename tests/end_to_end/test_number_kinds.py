"""Series and arrays from files, from the folder to the answer, in seconds."""

import io

import numpy as np
import pytest

import fivefold

pytestmark = pytest.mark.usefixtures("few_trees")


def wave(rng, period):
    length = rng.integers(30, 50)
    at = np.arange(length)[:, None] + rng.uniform(0, 9, 2)
    return np.sin(2 * np.pi * at / period) + rng.normal(0, 0.3, (length, 2))


def texture(rng, side):
    cells = rng.integers(0, 2, (16 // side, 16 // side))
    return np.repeat(np.repeat(cells, side, 0), side, 1)


def csv(values):
    lines = [",".join(f"{x:.4f}" for x in row) for row in values]
    lines[3] = "," + lines[3].partition(",")[2]  # a missing number
    return ("a,b\n" + "\n".join(lines) + "\n").encode()


def lattice(values):
    """A header of size and a made-up setting, then a number a line, as simulations write them."""
    return "\n".join(["16", "0.5", *map(str, values.ravel())]).encode()


def npy(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


MADE = {
    "series-csv": ("series", lambda rng, k: csv(wave(rng, (12, 5)[k])), ".csv"),
    "series-npy": ("series", lambda rng, k: npy(wave(rng, (12, 5)[k])), ".npy"),
    "array-text": ("array", lambda rng, k: lattice(texture(rng, (1, 4)[k])), ".txt"),
    "array-npy": ("array", lambda rng, k: npy(rng.normal(k * 1.5, 1, 6)), ".npy"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_from_files_to_answers(name, tmp_path, monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    kind, make, suffix = MADE[name]
    rng = np.random.default_rng(0)
    for k, word in enumerate(("slow", "fast")):
        (tmp_path / "data" / word).mkdir(parents=True)
        for i in range(60):
            (tmp_path / "data" / word / f"{i}{suffix}").write_bytes(make(rng, k))
    (tmp_path / "data" / "slow" / f"bad{suffix}").write_bytes(b"\0")
    run = fivefold.win(
        tmp_path / "data", budget=30, input=kind, nets=1, steps=60, out=tmp_path / "run"
    )
    assert run.report.scores["ensemble"]["accuracy"]["value"] > 0.8
    assert (tmp_path / "run" / "report.html").stat().st_size > 1000
    fresh = [make(rng, 1) for _ in range(5)]
    assert list(run.predict(fresh)).count("fast") >= 4
