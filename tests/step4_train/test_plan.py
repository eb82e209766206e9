"""The plan takes the largest net that still sees enough, from timings that are handed in."""

from dataclasses import replace

import pytest
import torch

from fivefold.step4_train import plan as planning
from fivefold.step4_train.plan import Wish, make_plan, wanted_epochs


@pytest.fixture
def planned(made_dataset, monkeypatch):
    """Plan on a pretended machine: rows per second of width 1 at 32 x 32."""

    def make(speed, seconds, *, n=20_000, shape=(32, 32, 3), folds=1, **wish):
        def timed(ground, recipe, *, seconds):
            del ground, seconds
            places = recipe.size[0] * recipe.size[1] / 1024
            return speed / (recipe.width**1.7 * places)

        monkeypatch.setattr(planning, "rows_per_second", timed)
        dataset = made_dataset(n, shape, folds)
        plan = make_plan(dataset, None, seconds, Wish(**wish), torch.device("cpu"))
        return dataset, plan

    return make


def test_more_time_buys_a_wider_net(planned):
    widths = [planned(1500, s)[1].lines[0].recipe.width for s in (20, 120, 600, 3600)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_the_chosen_net_sees_enough(planned):
    dataset, plan = planned(1500, 300)
    (chosen,) = [t for t in plan.timings if t.chosen]
    assert chosen.recipe.epochs >= wanted_epochs(dataset, chosen.recipe)
    wider = replace(chosen.recipe, width=chosen.recipe.width + 0.5)
    slower = (wider.width / chosen.recipe.width) ** 1.7
    assert chosen.recipe.epochs / slower < wanted_epochs(dataset, wider)


def test_few_candidates_are_timed(planned):
    _, plan = planned(1500, 100_000)
    assert len(plan.timings) <= planning.MOST_TIMED
    assert plan.lines[0].recipe.width == max(planning.WIDTHS)


def test_folds_make_one_member_of_several_nets(planned):
    _, plan = planned(1500, 600, n=1000, folds=5)
    (line,) = plan.lines
    assert line.nets == 5
    assert "passes" in line.why


def test_too_little_time_means_fewer_nets_not_none(planned):
    _, plan = planned(100, 10, n=1000, folds=5)
    assert 1 <= sum(line.nets for line in plan.lines) < 5


def test_the_user_decides_the_number_of_nets(planned):
    _, plan = planned(1500, 60, n=1000, folds=5, nets=7)
    assert [line.nets for line in plan.lines] == [5, 2]
    assert len({line.member for line in plan.lines}) == 2
    assert len({line.recipe.seed for line in plan.lines}) == 2


def test_photos_are_never_trained_larger_than_they_are(planned):
    _, plan = planned(1500, 36_000, n=700, shape=(100, 140, 3), folds=5)
    height, width = plan.lines[0].recipe.size
    assert height <= 100
    assert width / height == pytest.approx(1.4, rel=0.02)


def test_tiny_pictures_are_enlarged_and_small_ones_get_a_low_start(planned):
    _, tiny = planned(1500, 60, n=700, shape=(8, 8, 1), folds=5)
    assert tiny.lines[0].recipe.size == (16, 16)
    _, small = planned(1500, 60)
    assert small.lines[0].recipe.low_size == (24, 24)
