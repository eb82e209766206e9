"""report.json keeps its promise: the documented keys, strict JSON, text that prints anywhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fivefold.contracts.ensembles import Suspect, Suspects
from fivefold.contracts.records import Quarantined
from fivefold.win_.report_json import strict
from fivefold.win_.views import view_of

DOCS = Path(__file__).parents[2] / "docs" / "report.md"
PROMISED = {
    "schema", "problem", "budget_s", "used_s", "scores", "tests", "members", "plan", "quarantine",
    "duplicates", "degraded", "data", "versions", "prices", "command", "vault",
}  # fmt: skip
KEYS_OF_THE_RUN = ("scores", "systems", "reliability", "prices", "versions")


def _read(path: Path) -> dict:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(path.read_text("ascii"), parse_constant=refuse)


def _paths(value: object, path: str = "") -> set[str]:
    """Every key path of a report, as docs/report.md writes it."""
    if isinstance(value, list):
        return set().union(*(_paths(inner, f"{path}[]") for inner in value))
    if not isinstance(value, dict):
        return {path}
    free = path in KEYS_OF_THE_RUN or re.search(r"scores\.\*$|\.(expansion|settings|why)$", path)
    found = set()
    for key, inner in value.items():
        here = f"{path}.{'*' if free else key}".lstrip(".")
        if key == "recipe":  # documented once, wherever it stands
            found |= {here} | (_paths(inner, "recipe") if inner else set())
        else:
            found |= _paths(inner, here)
    return found


def test_every_key_is_documented_and_every_documented_key_is_there(contest, tmp_path):
    ours = contest()
    recipe = replace(ours.fleet.plan.lines[0].recipe, expansion={"flip": 0.0})
    lines = (replace(ours.fleet.plan.lines[0], recipe=recipe), *ours.fleet.plan.lines[1:])
    ours.fleet = replace(ours.fleet, plan=replace(ours.fleet.plan, lines=lines))
    suspect = Suspect(
        item="a", given="x", believed="y", given_probability=0.1, believed_probability=0.8
    )
    suspects = Suspects(judged=9, found=1, estimated=2, how="so", worst=(suspect,))
    ours.ensemble = replace(ours.ensemble, suspects=suspects, shift=(0.0, 0.0, 0.0))
    ours.win(tmp_path)
    numbers = view_of("number").told(np.ones((4, 2), np.float32), np.ones((4, 1)), ("value",))
    documented = set(re.findall(r"^\| `([^`]+)` \|", DOCS.read_text(), re.MULTILINE))
    found = _paths(_read(tmp_path / "report.json")) | _paths(strict(numbers))
    assert found == documented


def test_the_promised_keys_are_at_the_top(contest, tmp_path):
    data = contest().win(tmp_path).data
    assert set(data) >= PROMISED
    assert data["schema"] == 1
    assert set(data["scores"]) == {"ensemble", "best_single", "traditional", "chance"}
    for system in data["scores"].values():
        for score in system.values():
            assert score["low"] <= score["value"] <= score["high"]


def test_file_and_record_are_the_same(contest, tmp_path):
    report = contest().win(tmp_path)
    assert _read(report.json) == report.data


def test_every_opening_of_the_vault_is_told_the_last_one_last(contest, tmp_path):
    ours = contest()
    ours.circumstances = replace(ours.circumstances, opened_before=("2026-01-02T03:04:05+00:00",))
    vault = ours.win(tmp_path).data["vault"]
    assert vault["openings"] == ["2026-01-02T03:04:05+00:00", vault["opened"]]


def test_nan_and_infinity_become_null(contest, tmp_path):
    ours = contest()
    ours.fleet = replace(
        ours.fleet, members=tuple(replace(m, score=float("inf")) for m in ours.fleet.members)
    )
    data = _read(ours.win(tmp_path).json)
    assert data["prices"]["traditional"]["ms_per_item"] is None
    assert {member["score"] for member in data["members"]} == {None}


def test_strict_gives_plain_values():
    given = {"a": np.float32(0.5), "b": (np.int64(3), np.array([True, False])), 7: float("nan")}
    assert strict(given) == {"a": 0.5, "b": [3, [True, False]], "7": None}


def test_names_that_are_not_text_are_escaped(contest, tmp_path):
    ours = contest(classes=("caf\udce9", "two\nlines", "schön"))
    ours.dataset = replace(
        ours.dataset, quarantine=(Quarantined(path="\udcff.png", reason="not a picture"),)
    )
    data = _read(ours.win(tmp_path).json)
    assert [each["name"] for each in data["data"]["classes"]] == [
        "caf\\xe9",
        "two\\nlines",
        "schön",
    ]
    assert data["quarantine"][0]["path"] == "\\xff.png"


def test_the_report_counts_its_own_time(contest, tmp_path):
    data = contest().win(tmp_path).data
    assert data["phases"][-1] == {"name": "judge and report", "seconds": 0.5}
    assert data["used_s"] == pytest.approx(51.0)


def test_confusion_counts_every_vault_row(contest, tmp_path):
    data = contest(k=4, deep=0.5).win(tmp_path).data
    matrix = np.array(data["confusion"])
    assert matrix.sum() == data["data"]["vault_rows"]
    accuracy = data["scores"]["ensemble"]["accuracy"]["value"]
    assert np.trace(matrix) / matrix.sum() == pytest.approx(accuracy)
    wrong = matrix - np.diag(matrix.diagonal())
    assert data["confused"][0]["count"] == wrong.max()


def test_worst_mistakes_come_first_and_are_mistakes(contest, tmp_path):
    mistakes = contest(k=4, deep=0.5).win(tmp_path).data["mistakes"]
    sureness = [mistake["probability"] for mistake in mistakes]
    assert len(mistakes) == 24
    assert sureness == sorted(sureness, reverse=True)
    assert all(mistake["true"] != mistake["predicted"] for mistake in mistakes)


def test_many_classes_have_pairs_and_no_matrix(contest, tmp_path):
    data = contest(k=100, deep=0.5).win(tmp_path).data
    assert data["confusion"] is None
    assert data["confused"]
    assert "top5" in data["scores"]["ensemble"]
