"""Cells are measured once, a stopped series goes on, and the pages say what was found."""

import json
import os

import numpy as np
import pytest

from benchmarks import harness, record
from benchmarks.fleet import page as fleet_page
from benchmarks.fleet import snapshots
from benchmarks.harness import packed
from benchmarks.planner import page as planner_page
from benchmarks.series import LOUD, Cell, Series, machines, newest

MACHINE = {"date": "2026-01-02T03:04:05+00:00", "processor": "P", "cores": 2, "commit": "abc"}
MACHINE |= {"seed": 0, "others_cores": 0.0, "versions": {"torch": "1"}, "device": "cpu"}


@pytest.fixture
def series_of(tmp_path):
    """A series of cells that count how often they were measured; one name may fail."""

    def make(names, counts, fails=None, **asked):
        def cell(name):
            def measure(seed):
                if name == fails:
                    raise KeyboardInterrupt
                counts[name] = counts.get(name, 0) + 1
                return {"value": seed}

            return Cell(name=name, data="digits", measure=measure)

        def page(results):
            return " ".join(r["cell"] for r in results)

        return Series(cells=[cell(name) for name in names], page=page, out=tmp_path, **asked)

    return make


def test_a_stopped_series_goes_on_where_it_was(series_of, tmp_path):
    counts = {}
    with pytest.raises(KeyboardInterrupt):
        series_of(["a:1", "b:1"], counts, fails="b:1").run()
    series_of(["a:1", "b:1"], counts).run()
    assert counts == {"a:1": 1, "b:1": 1}
    results = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [(r["cell"], r["seed"]) for r in results] == [("a:1", 0), ("b:1", 0)]
    assert all(r["versions"]["torch"] for r in results)
    assert (tmp_path / "RESULTS.md").read_text() == "a:1 b:1"


def test_another_seed_is_another_result_and_again_measures_anew(series_of):
    counts = {}
    for asked in ({}, {"seed": 1}, {"again": True}):
        series_of(["a:1"], counts, **asked).run()
    assert counts == {"a:1": 3}


@pytest.mark.parametrize(
    ("only", "meant"),
    [(["a"], ["a:1", "a:12"]), (["a:1"], ["a:1"]), (["b:1", "a:12"], ["a:12", "b:1"])],
)
def test_only_names_cells_by_whole_words(series_of, only, meant):
    counts = {}
    series_of(["a:1", "a:12", "b:1"], counts, only=only).run()
    assert list(counts) == meant


def test_an_unknown_cell_is_told(series_of):
    with pytest.raises(SystemExit, match="a:1"):
        series_of(["a:1"], {}, only=["c"]).run()


def test_loud_neighbours_are_named():
    calm, loud = {**MACHINE, "cell": "calm:1"}, {**MACHINE, "cell": "loud:1"}
    text = machines([calm, {**loud, "others_cores": LOUD + 0.1}])
    assert "loud:1" in text
    assert "calm:1" not in text


def test_neighbours_are_no_more_than_the_machine_has():
    cores = record.Neighbours().cores()
    assert cores is None or 0.0 <= cores <= os.cpu_count() + 1


def result(cell, value, *, rows=1000, **changes):
    right = np.zeros(rows, bool)
    right[: round(value * rows)] = True
    found = {
        "cell": cell,
        "recipe": "convnet",
        "nets": 1,
        "slots": 1,
        "accuracy": {"value": value, "low": value - 0.005, "high": value + 0.005},
        "best_single": None,
        "right": packed(right),
        "vault_rows": rows,
        "used_s": 118.0,
        "budget_s": 120.0,
        "plan_s": 5.0,
        "train_s": 110.0,
        "answer_s": 2.0,
        "epochs_made": 3.0,
        "epochs_promised": 3.1,
        "rows_per_s_made": 1000.0,
        "rows_per_s_promised": 1010.0,
        "degraded": [],
    }
    return {**MACHINE, **found, **changes}


@pytest.mark.parametrize(("ours", "near"), [(0.90, "yes"), (0.891, "yes"), (0.88, "no")])
def test_the_planner_is_held_against_the_best_of_the_grid(ours, near):
    results = [result("digits:2m:planner", ours)]
    results += [result(f"digits:2m:{name}", v) for name, v in (("a", 0.9), ("b", 0.85))]
    line = verdict_of(results)
    assert f"| {near} |" in line
    assert "| a: 90.00%" in line
    assert f"{100 * (ours - 0.9):+.2f} (" in line


def test_a_planner_without_a_net_is_not_near_and_late_is_told():
    lost = result("digits:2m:planner", 0.9, accuracy=None, used_s=140.0)
    line = verdict_of([lost, result("digits:2m:a", 0.1)])
    assert "| no |" in line
    assert "117% of the budget (off)" in line


def test_a_forecast_that_is_off_is_told():
    planner = result("digits:2m:planner", 0.9, epochs_made=3.0, epochs_promised=3.4)
    assert "| 3.0 / 3.4 (off) |" in verdict_of([planner, result("digits:2m:a", 0.9)])


def test_a_machine_is_its_processor_and_its_gpu():
    assert record.machine({**MACHINE, "precision": "float32"}) == "P, 2 cores, float32"
    gpu = {**MACHINE, "cores": 1, "gpu": "H100", "precision": "bfloat16"}
    assert record.machine(gpu) == "P, 1 core, H100, bfloat16"


def verdict_of(results):
    lines = planner_page.page(results).splitlines()
    return next(line for line in lines if line.startswith("| digits | 2m |"))


@pytest.mark.parametrize(
    ("several", "verdict"), [(0.95, "several"), (0.9, "undecided"), (0.8, "one")]
)
def test_several_nets_beat_one_where_a_paired_test_says_so(several, verdict):
    results = [
        result("cifar10:1m:planned-1", 0.9),
        result("cifar10:1m:planned-3", several, nets=3),
    ]
    lines = fleet_page.page(results).splitlines()
    line = next(line for line in lines if "planned-3" in line)
    assert f"| {verdict} |" in line


def test_every_launcher_has_a_line_with_its_ratio():
    launchers = [
        {"slots": slots, "all_s": 4 * over, "ratio": over, "low": over, "high": over}
        for slots, over in ((1, 1.0), (2, 0.6))
    ]
    ratios = {"recipe": "r", "batch": 64, "steps": 9, "one_s": 1.0, "launchers": launchers}
    text = fleet_page.page([{**MACHINE, "cell": "ratio:digits:w0.5-16px", **ratios}])
    assert "| 1 | 4.00 s | 1.00 (1.00 to 1.00) | no |" in text
    assert "| 2 | 2.40 s | 0.60 (0.60 to 0.60) | floor |" in text


def test_a_stack_has_a_line_with_its_ratio():
    facts = {"batch": 64, "apart_ms": 4.0, "stacked_ms": 2.0, "ratio": 0.5, "low": 0.4, "high": 0.6}
    text = fleet_page.page([{**MACHINE, "cell": "stacked:digits:w2-16px", **facts}])
    assert "| 4.0 ms | 2.0 ms | 0.50 (0.40 to 0.60) | aim |" in text


def test_results_of_another_machine_are_neither_used_nor_replaced(series_of):
    counts = {}
    series_of(["a:1"], counts).run()
    file = series_of([], {}).out / "results.jsonl"
    (known,) = record.read(file)
    file.write_text(json.dumps({**known, "precision": "float8"}) + "\n")
    series_of(["a:1"], counts).run()
    assert counts == {"a:1": 2}
    assert len(newest(record.read(file))) == 2


@pytest.mark.parametrize("place", ["planner/run.py", "fleet/run.py"])
def test_the_command_measures_what_it_is_asked_for(place, command, tmp_path, monkeypatch):
    played = []

    def play(*whose, nets, seed):
        played.append((whose[1], nets, seed))
        return {k: v for k, v in result("", 0.9).items() if k not in {*MACHINE, "cell"}}

    def snapshots_of(arena, budget, pieces, seed):
        return play(arena, budget, pieces, nets=1, seed=seed)

    monkeypatch.setattr(harness, "play", play)
    monkeypatch.setattr(snapshots, "play", snapshots_of)
    monkeypatch.setattr(harness, "opened", lambda *_: None)
    monkeypatch.setattr(harness, "missing", lambda *_: False)
    only = {"planner/run.py": "digits:30s", "fleet/run.py": "cifar10:1m"}[place]
    command(place, "--only", only, "--seed", 2, "--out", tmp_path)
    assert len(played) >= 4
    assert {(budget, seed) for budget, _, seed in played} == {
        ({"planner/run.py": 30.0, "fleet/run.py": 60.0}[place], 2)
    }


def test_every_budget_has_at_least_four_hand_made_recipes(script):
    grid = script("planner/run.py").GRID
    assert set(grid) == {"cifar10", "flowers12", "digits"}
    for budgets in grid.values():
        assert set(budgets) == {"30s", "2m", "8m"}
        for choices in budgets.values():
            assert len(set(map(str, choices))) == len(choices) >= 4


def test_data_that_are_not_there_are_left_out_and_said_to_be(script, tmp_path, capsys):
    cells = script("planner/run.py").cells(tmp_path)
    assert {cell.data for cell in cells} == {"digits"}
    assert "flowers12: left out" in capsys.readouterr().out
