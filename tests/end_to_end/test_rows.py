"""Rows of tables and of several inputs, from what people have in memory to answers."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest

import fivefold

pytestmark = pytest.mark.usefixtures("few_trees")
RNG = np.random.default_rng(0)
TOWNS = ("Rome", "Oslo", "Lima")


def row():
    """A person, and whether they buy: those over 40 in Oslo, and all whose pay is not told."""
    age, town, told = int(RNG.integers(20, 60)), TOWNS[RNG.integers(3)], RNG.random() < 0.8
    buys = (age > 40 and town == "Oslo") or not told
    pay = float(RNG.normal()) if told else None
    return {"age": age, "town": town, "pay": pay, "buys": "yes" if buys else "no"}


@pytest.fixture(scope="module")
def people():
    return [row() for _ in range(300)]


@pytest.fixture(scope="module")
def frame(people):
    import pandas as pd

    return pd.DataFrame(people)


@pytest.fixture(scope="module")
def run(frame, tmp_path_factory, few_trees):
    del few_trees
    out = tmp_path_factory.mktemp("runs") / "frame"
    return fivefold.win(frame, label="buys", budget=30, steps=30, nets=2, out=out)


def test_a_frame_is_won_and_answered_for(run, people, frame):
    truth = [one["buys"] for one in people]
    for rows in (people, frame, frame.drop(columns="buys")):
        answers = run.predict(rows)
        assert np.mean([a == t for a, t in zip(answers, truth, strict=True)]) > 0.95
    assert run.predict(people[3]) == run.predict(frame.iloc[3])
    assert run.report.data["problem"]["inputs"][0]["kind"] == "table"


def test_a_file_of_rows_is_answered_line_by_line(run, people, frame, tmp_path):
    file = tmp_path / "new.csv"
    frame.drop(columns="buys").head(5).to_csv(file, index=False)
    answers = run.bundle.answers([file])
    assert len(answers) == 5
    assert answers[0].item.endswith("new.csv row 1")
    assert [a.prediction for a in answers] == run.predict(people[:5])
    (bad,) = run.bundle.answers([{"nothing": "known"}])
    assert "none of the columns" in bad.problem


@pytest.mark.slow
def test_a_pair_of_frame_and_labels_and_an_arrow_table(frame, tmp_path):
    import pyarrow as pa

    both = (frame.drop(columns="buys"), frame["buys"])
    table = pa.Table.from_pandas(frame)
    for data, options in ((both, {}), (table, {"label": "buys"})):
        out = tmp_path / str(len(options))
        run = fivefold.win(data, budget=30, steps=10, nets=1, out=out, **options)
        assert run.report.data["scores"]["ensemble"]["accuracy"]["value"] > 0.8


def several():
    """A picture that is bright, a number and a word: two of three decide."""
    from PIL import Image

    votes = RNG.random(3) < 0.5
    grey = np.full((8, 8, 3), 200 if votes[0] else 50) + RNG.integers(-40, 40, (8, 8, 3))
    file = io.BytesIO()
    Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(file, "PNG")
    cells = {"size": float(votes[1] + 0.2 * RNG.normal()), "word": "big" if votes[2] else "small"}
    parts = {
        "image": {"kind": "image", "base64": base64.b64encode(file.getvalue()).decode()},
        "table": {"kind": "table", "cells": cells},
    }
    return json.dumps(parts).encode(), "much" if votes.sum() > 1 else "little"


def test_several_inputs_are_won_from_a_folder(tmp_path):
    for i in range(240):
        raw, label = several()
        file = tmp_path / "data" / label / f"{i}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)
    run = fivefold.win(
        tmp_path / "data", input="several", budget=40, steps=40, nets=1, out=tmp_path / "run"
    )
    assert run.report.data["scores"]["ensemble"]["accuracy"]["value"] > 0.85
    raw, label = several()
    assert run.predict([raw]) in (["much"], ["little"])
