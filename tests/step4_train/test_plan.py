"""The plan takes the largest net that still sees enough, from timings that are handed in."""

from dataclasses import replace

import pytest

from fivefold.step4_train import plan as planning
from fivefold.step4_train import recipes
from fivefold.step4_train.line_up import make_plan
from fivefold.step4_train.recipes import Wish, wanted_epochs


class Pretended:
    """A launcher that trains nothing: its speed goes by width and resolution."""

    def __init__(self, speed, slots):
        self.speed, self.slots, self.apart, self.alone = speed, slots, False, 1.0

    def rows_per_second(self, recipe, *, seconds):
        del seconds
        places = recipe.size[0] * recipe.size[1] / 1024
        return self.speed / (recipe.width**1.7 * places)


@pytest.fixture
def planned(made_dataset):
    """Plan on a pretended machine: rows per second of width 1 at 32 x 32, alone and beside others.

    `gain` is what two nets side by side are shown together, in terms of one on the whole machine.
    """

    def make(speed, seconds, *, n=20_000, shape=(32, 32, 3), folds=1, gain=None, **wish):
        launchers = [Pretended(speed, slots=1)]
        if gain is not None:
            launchers.append(Pretended(gain * speed, slots=2))
        dataset = made_dataset(n, shape, folds)
        return dataset, make_plan(dataset, launchers, seconds, Wish(**wish))

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
    assert plan.lines[0].recipe.width == max(recipes.WIDTHS)


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


def test_nets_run_side_by_side_where_they_are_shown_more(planned):
    _, plan = planned(1500, 600, n=1000, folds=4, gain=1.5)
    assert plan.slots == 2
    assert plan.alone == pytest.approx(0.75, abs=0.01)
    (chosen,) = [t for t in plan.timings if t.chosen]
    assert chosen.slots == 2


def test_nets_run_one_after_the_other_where_company_costs(planned):
    assert planned(1500, 600, n=1000, folds=4, gain=0.9)[1].slots == 1


def test_a_last_net_without_company_counts_against_company(planned):
    """Of three nets on two slots the third has the machine to itself: 1.1 becomes 1.06."""
    _, plan = planned(1500, 600, n=1000, folds=3, nets=3, gain=1.1)
    assert plan.slots == 2
    assert planned(1500, 600, n=1000, folds=1, gain=1.5)[1].slots == 1


def test_what_company_gains_buys_a_larger_net(planned):
    alone = planned(900, 500, n=4000, folds=4)[1].lines[0].recipe
    beside = planned(900, 500, n=4000, folds=4, gain=2.0)[1].lines[0].recipe
    assert beside.width > alone.width


def test_views_are_given_up_where_answering_would_eat_the_training(planned):
    assert planned(1500, 3600, vault_rows=500)[1].views == 6
    assert planned(1500, 30, vault_rows=10_000)[1].views < 6


def test_a_net_makes_enough_steps_before_there_is_a_second_one(planned):
    dataset, plan = planned(900, 30, n=700, folds=5)
    nets = sum(line.nets for line in plan.lines)
    assert 1 < nets < 5
    assert plan.lines[0].recipe.epochs >= recipes.least_epochs(dataset, plan.lines[0].recipe)


def test_a_net_of_few_steps_makes_more_of_them_with_smaller_batches(planned):
    few = planned(300, 100)[1].lines[0].recipe
    assert few.epochs * 20_000 / 512 < 300
    assert few.batch == 256
    more = planned(1500, 100)[1].lines[0].recipe
    assert more.epochs * 20_000 / 512 > 300
    assert more.batch == 512


def test_a_net_that_is_left_alone_is_planned_at_its_own_speed(planned):
    alone = planned(900, 9, n=700, folds=5)[1]
    left = planned(900, 9, n=700, folds=5, gain=1.6)[1]
    assert sum(line.nets for line in alone.lines) == sum(line.nets for line in left.lines) == 1
    assert (left.slots, left.alone) == (1, 1.0)
    assert left.lines[0].recipe.epochs == pytest.approx(alone.lines[0].recipe.epochs, rel=0.02)
    assert [timing.slots for timing in left.timings if timing.chosen] == [1]


def test_nets_of_other_encoders_are_company_too(made_dataset):
    launchers = [Pretended(900, slots=1), Pretended(1.6 * 900, slots=2)]
    wish = Wish(encoder="convnet", company=5)
    plan = planning.plan_encoder(made_dataset(700, (32, 32, 3), 5), launchers, 9, wish)
    assert sum(line.nets for line in plan.lines) == 1
    assert plan.slots == 2


def test_the_vault_is_answered_by_the_views_that_nets_settle_on(made_dataset):
    """A machine that answers by itself what eight trained has not got fewer views to pass."""
    group = Pretended(8000, slots=1)
    group.alone = 1 / 8
    dataset, wish = made_dataset(20_000, (32, 32, 3), 1), Wish(vault_rows=10_000)
    plan = make_plan(dataset, [group], 500.0, wish)
    (chosen,) = [t for t in plan.timings if t.chosen]
    assert plan.views == max(planning.VIEWS)
    per_row = plan.views / (planning.ANSWER_SPEED * chosen.rows_per_second / 8)
    assert plan.vault_seconds == pytest.approx(10_000 * per_row)


@pytest.mark.parametrize(("gain", "nets"), [(2.0, 2), (1.5, 1)])
def test_company_that_costs_nothing_is_kept_where_time_is_short(planned, gain, nets):
    _, plan = planned(100, 10, n=1000, folds=5, gain=gain)
    assert sum(line.nets for line in plan.lines) == nets
    assert plan.slots == nets
