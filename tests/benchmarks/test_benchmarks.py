"""The benchmarks import, and their tables say what was measured and what was not."""

import pytest

MACHINE = {
    "date": "2026-01-02T03:04:05+00:00",
    "processor": "A processor",
    "cores": 2,
    "commit": "abc1234",
}


def won(row, value, **changes):
    score = {"value": value, "low": value - 0.01, "high": value + 0.01}
    result = {
        **MACHINE,
        "row": row,
        "seed": 0,
        "budget_s": 300,
        "wall_s": 298.0,
        "accuracy": {"ensemble": score, "best_single": score},
        "versions": {"torch": "1"},
    }
    return {**result, **changes}


@pytest.mark.parametrize(("value", "reached"), [(0.85, "no"), (0.86, "floor"), (0.9, "aim")])
def test_a_row_says_what_it_reached(script, value, reached):
    page = script("win/run.py").results_page([won("cifar10-5m", value)])
    line = next(line for line in page.splitlines() if line.startswith("| cifar10-5m"))
    assert f"| {reached} |" in line
    assert f"{value:.2%} ({value - 0.01:.2%} to {value + 0.01:.2%})" in line
    assert "| - |" in line  # no traditional member


def test_rows_without_a_result_are_named_as_such(script):
    page = script("win/run.py").results_page([won("cifar10-5m", 0.9)])
    assert sum("not run" in line for line in page.splitlines()) == 3


def test_the_newest_result_of_a_row_is_shown(script):
    page = script("win/run.py").results_page(
        [won("cifar10-5m", 0.8), won("cifar10-5m", 0.9, seed=1)]
    )
    assert "90.00%" in page
    assert "80.00%" not in page


@pytest.mark.parametrize(("wall", "late"), [(314.9, False), (315.1, True)])
def test_an_overrun_is_told(script, wall, late):
    run = script("win/run.py")
    result = won("cifar10-5m", 0.9, wall_s=wall)
    assert run.commands.late(result) is late
    assert ("(late)" in run.results_page([result])) is late


def test_the_mean_over_speakers_waits_for_all_of_them(script):
    kinds = script("kinds/run.py")
    rows = [won(f"fsdd-without-{speaker}", 0.8, budget_s=300) for speaker in kinds.SPEAKERS]
    assert "5 of 6 are run" in kinds.results_page(rows[:5])
    assert "80.00% ensemble" in kinds.results_page(rows)


@pytest.mark.parametrize(("value", "reached"), [(0.2, "no"), (0.1, "floor"), (0.05, "aim")])
def test_of_an_error_less_is_better(script, value, reached):
    page = script("kinds/run.py").results_page(
        [{**won("ising-temperature", value), "mae": won("x", value)["accuracy"]}]
    )
    line = next(line for line in page.splitlines() if line.startswith("| ising-temperature"))
    assert f"| {reached} |" in line


def test_what_is_kept_of_a_report(script):
    score = {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}}
    report = {
        "used_s": 59.0,
        "scores": {"ensemble": score, "chance": score},
        "verdict": {"outcome": "alone"},
        "members": [{"kind": "deep", "parts": [{}, {}]}, {"kind": "traditional", "parts": [{}]}],
        "data": {"vault_rows": 10},
        "degraded": [],
        "versions": {},
    }
    told = script("commands.py").told(report)
    assert told["accuracy"] == {"ensemble": score["accuracy"]}
    assert told["nets"] == 2


def test_results_are_only_added_to(script, tmp_path):
    record = script("record.py")
    record.append(tmp_path / "new" / "results.jsonl", {"a": 1})
    record.append(tmp_path / "new" / "results.jsonl", {"a": 2})
    assert record.read(tmp_path / "new" / "results.jsonl") == [{"a": 1}, {"a": 2}]


def test_made_up_pictures_fill_every_class(script, tmp_path):
    pictures = script("engine/pictures.py")
    told = pictures.write_pictures(tmp_path / "p", tmp_path / "absent.tar.gz", 3)
    assert told == "30 made-up pictures"
    assert len(list((tmp_path / "p").glob("*/*.jpg"))) == 30
