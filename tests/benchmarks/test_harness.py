"""Plans are played to the end, and what is told of them is what was made."""

import numpy as np
import pytest
import torch

from benchmarks import harness
from benchmarks.fleet import ratio, snapshots, stacked
from benchmarks.plans import Choice, by_hand, by_planner, hand_recipe, lines
from fivefold.contracts.records import Plan
from fivefold.engine import loop

TINY = Choice(width=0.25, side=8)


def in_steps(choice, steps):
    """A hand-made plan of a number of steps, for a test has no clock to trust."""

    def prepare(stand):
        recipe = hand_recipe(stand.arena, choice, stand.seed)
        folds = stand.arena.dataset.n_folds
        plan = Plan(lines=lines(recipe, choice.nets, folds, seconds=1.0, steps=steps))
        return lambda _: plan

    return prepare


def test_a_plan_is_played_and_judged_on_the_sealed_rows(digits):
    found = harness.play(digits, 60.0, in_steps(TINY, 8), nets=1, seed=3)
    assert found["nets"] == 1
    assert found["vault_rows"] == len(digits.sealed.targets)
    score = found["accuracy"]
    assert 0.0 <= score["low"] <= score["value"] <= score["high"] <= 1.0
    right = harness.unpacked(found["right"], found["vault_rows"])
    assert right.mean() == pytest.approx(score["value"])
    assert found["used_s"] >= found["train_s"] + found["answer_s"] > 0
    passes = 8 * 64 / harness.training_rows(digits.dataset)
    assert found["epochs_made"] == pytest.approx(passes, abs=0.01)


def test_without_time_there_is_no_score_and_the_reason_is_kept(digits):
    found = harness.play(digits, 0.5, by_hand(TINY), nets=1, seed=0)
    assert found["accuracy"] is None
    assert "no time was left" in found["degraded"][0]


@pytest.mark.parametrize("prepare", [by_planner(2), by_hand(Choice(width=0.25, side=8, nets=2))])
def test_a_plan_has_as_many_nets_as_asked(digits, prepare):
    with harness.standing(digits, nets=1, budget=60.0, seed=1) as stand:
        plan = prepare(stand)(share_of(60.0))
    assert sum(line.nets for line in plan.lines) == 2
    assert plan.lines[0].recipe.seed == 1
    assert sum(line.seconds for line in plan.lines) <= 60.0


def share_of(seconds):
    from fivefold.plumbing.clock import Clock
    from fivefold.step4_train import Share

    return Share(clock=Clock(seconds), reserve=0.0)


def test_rounds_of_folds_are_members_with_seeds_of_their_own(digits):
    recipe = hand_recipe(digits, TINY)
    found = lines(recipe, 7, 5, seconds=2.0)
    assert [line.nets for line in found] == [5, 2]
    assert [line.seconds for line in found] == [10.0, 4.0]
    assert len({line.recipe.seed for line in found}) == 2


def test_a_low_start_only_where_there_are_pixels_to_spare(digits):
    assert hand_recipe(digits, Choice(width=1, side=16)).low_size == ()
    assert hand_recipe(digits, Choice(width=1, side=32)).low_size == (24, 24)


def test_right_answers_survive_their_packing():
    right = np.random.default_rng(0).random(1001) < 0.9
    assert np.array_equal(harness.unpacked(harness.packed(right), 1001), right)


def test_four_nets_are_timed_beside_one(digits):
    found = ratio.measure(digits, TINY, slots=1, one_seconds=0.0, rounds=1)
    (launcher,) = found["launchers"]
    assert launcher["slots"] == 1
    assert launcher["ratio"] == pytest.approx(
        launcher["all_s"] / (ratio.NETS * found["one_s"]), rel=0.1
    )


def test_snapshots_of_one_run_are_averaged(digits, monkeypatch):
    filters, honest = [], snapshots.train

    def train(net, job):
        made = honest(net, job)
        filters.append(net.encoder.whiten.weight.clone())
        return made

    monkeypatch.setattr(snapshots, "train", train)
    monkeypatch.setattr(loop, "INITIAL_ROWS", 200)
    found = snapshots.play(digits, 6.0, 2, 0)
    assert torch.equal(*filters)
    assert found["nets"] == 1
    assert found["epochs_made"] > 0
    right = harness.unpacked(found["right"], found["vault_rows"])
    assert right.mean() == pytest.approx(found["accuracy"]["value"])
    assert right.mean() > 0.3  # chance is 0.1


def test_a_stack_of_nets_has_the_gradients_of_each(digits):
    device = torch.device("cpu")
    nets = [stacked.fresh(digits, TINY, seed, device) for seed in range(3)]
    x = torch.rand(8, 1, 8, 8) * 255
    target = torch.arange(8) % 10
    apart, together = (way(nets, x, target)() for way in (stacked.one_by_one, stacked.stacked))
    for one, other in zip(apart, together, strict=True):
        assert one.abs().max() > 0
        torch.testing.assert_close(one, other, rtol=2e-3, atol=2e-5)


def test_a_stack_is_timed_beside_its_nets(digits):
    found = stacked.measure(digits, TINY, rounds=1, seconds=0.01)
    assert found["ratio"] == pytest.approx(found["stacked_ms"] / found["apart_ms"], rel=0.1)
