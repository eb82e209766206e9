"""The engine's benchmark at its smallest: every part runs, and shares are shares of one step."""

import json
from dataclasses import replace

import pytest
import torch

from benchmarks import harness
from benchmarks.engine import decoding, parts, peak, plain_loop, seams
from benchmarks.engine.page import DATA, RATIO, page
from benchmarks.engine.pictures import write_pictures
from benchmarks.plans import Choice, hand_recipe
from fivefold.contracts.records import Recipe
from fivefold.engine.average import Lookahead
from fivefold.engine.loop import Job, Watch, train
from fivefold.engine.schedule import Limit
from fivefold.step4_train.build import fresh_net

CPU = torch.device("cpu")


@pytest.fixture
def case(digits):
    recipe = parts.one_size(hand_recipe(digits, Choice(width=0.25, side=8)))
    return parts.Case(arena=digits, recipe=recipe, device=CPU)


def test_the_parts_of_a_step_are_all_seen_and_sum_to_one(case):
    found = parts.measure(case, seconds=0.0, rounds=1)
    assert {*seams.NET, *seams.DATA, seams.LOOKAHEAD, seams.BOOKKEEPING} < set(found["parts"])
    assert {"optimiser Muon", "optimiser SGD"} < set(found["parts"])
    assert sum(found["parts"].values()) == pytest.approx(1.0, abs=1e-3)
    assert set(found["in_kernels"]) == set(found["parts"])
    assert all(0.0 <= share <= 1.0 for share in found["in_kernels"].values())


def test_watching_changes_nothing_and_leaves_nothing_behind(case):
    backward, after_step = torch.autograd.backward, Lookahead.after_step
    dataset = case.arena.dataset
    job = Job(
        rows=dataset.rows,
        targets=dataset.targets,
        recipe=case.recipe,
        expander=case.arena.expander,
        limit=Limit(steps=6),
        device=CPU,
    )
    plain, watched = (fresh_net(dataset, case.recipe) for _ in range(2))
    train(plain, job)
    watch = seams.Seams(CPU)
    with watch.watching(watched, job) as same:
        train(watched, same, Watch(stop=watch.step_ended))
    for ours, theirs in zip(plain.parameters(), watched.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert watch.steps == 6 - seams.WARM
    assert torch.autograd.backward is backward
    assert Lookahead.after_step is after_step
    assert "loss" not in vars(watched.head)


def test_overhead_is_what_is_neither_net_nor_kernels_of_expansion_and_optimiser():
    shares = {"take": 0.02, "expansion": 0.1, "forward": 0.3, "loss": 0.0, "backward": 0.4}
    shares |= {"optimiser Muon": 0.1, "bookkeeping": 0.08}
    kernels = {"expansion": 0.9, "optimiser Muon": 0.5, "bookkeeping": 1.0}
    assert parts.overhead(shares, kernels) == pytest.approx(0.02 + 0.01 + 0.05 + 0.08)


def test_the_peak_is_the_best_of_all_products(monkeypatch):
    monkeypatch.setitem(peak.SIDES, "cpu", 32)
    once = peak.measure(CPU, 0.001)
    assert min(map(min, once.values())) > 0
    told = peak.told({"float32": [1.0, 5.0, 3.0]}, {"float32": [4.0]})
    assert told["float32"] == {
        "peak": 5.0,
        "median_before": 3.0,
        "median_after": 4.0,
        "products": 4,
    }


def test_the_arithmetic_of_linear_layers_is_counted_as_by_hand(digits):
    recipe = Recipe(net="fully_connected", width=0.25, size=(8, 8))
    net = fresh_net(digits.dataset, recipe)
    first, *rest = [p.numel() for p in net.parameters() if p.ndim == 2]
    # Two a multiply-add: forward, gradient of the weights, gradient of all inputs but the first.
    by_hand = 2 * (2 * first + 3 * sum(rest))
    assert peak.flops_per_row(digits.dataset, recipe) == by_hand


def test_all_decoders_read_all_files(tmp_path):
    write_pictures(tmp_path / "p", tmp_path / "absent.tar.gz", 7)
    found = decoding.measure(tmp_path / "p", rounds=1)
    assert found["pictures"] == 70
    assert set(found["per_s"]) == {"gather", "decode", "threads", "loader"}
    assert min(found["per_s"].values()) > 0
    assert found["per_s"]["decode"] >= found["per_s"]["gather"]


@pytest.mark.parametrize(
    ("goal", "value", "reached"),
    [
        (RATIO, 1.9, "no"),
        (RATIO, 2.0, "floor"),
        (RATIO, 3.1, "aim"),
        (DATA, 0.2, "no"),
        (DATA, 0.1, "floor"),
        (DATA, 0.01, "aim"),
    ],
)
def test_what_is_reached(goal, value, reached):
    assert goal.reached(value) == reached


def test_the_command_measures_every_part(command, digits, tmp_path, monkeypatch):
    small = replace(plain_loop.RECIPE, width=0.25, batch=32)
    monkeypatch.setattr(plain_loop, "RECIPE", small)
    monkeypatch.setitem(peak.SIDES, "cpu", 32)
    monkeypatch.setattr(harness, "opened", lambda *_: digits)
    words = ["--pictures", 320, "--steps", 1, "--seconds", 0.01, "--rounds", 1]
    words += ["--data", tmp_path / "none", "--out", tmp_path]
    cases = {"cifar10": (), "digits": (Choice(width=0.25, side=8),)}
    command("engine/run.py", *words, CASES=cases)
    (result,) = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    text = (tmp_path / "RESULTS.md").read_text()
    assert result["step"]["pictures"] == "320 made-up pictures"
    assert "320 made-up pictures" in text
    assert set(result["loop"]["cases"]) == {"digits:w0.25-8px"}
    assert "| digits:w0.25-8px |" in text
    assert set(result["files"]) == {"small"}


def test_the_page_shows_the_newest_of_each_part():
    machine = {"processor": "P", "cores": 2, "device": "cpu", "versions": {"torch": "1"}}
    machine |= {"commit": "abc", "date": "2026-01-02T03:04:05+00:00", "others_cores": 0.0}
    step = {"ours_per_s": 900.0, "plain_per_s": 300.0, "pictures": "made up"}
    old = {**step, "ratio": 2.0, "ratio_low": 1.9, "ratio_high": 2.1}
    new = {**step, "ratio": 3.0, "ratio_low": 2.5, "ratio_high": 3.5}
    text = page([{**machine, "step": old}, {**machine, "step": new}])
    assert "3.00 (2.50 to 3.50) | aim" in text
    assert "2.00" not in text
