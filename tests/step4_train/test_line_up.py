"""Several encoders share the time; with little of it the best one has it all."""

from dataclasses import replace

import pytest
import torch

from fivefold import catalog
from fivefold.plumbing.clock import Clock
from fivefold.step4_train import Share, Site, plan_nets
from fivefold.step4_train.line_up import expected_nets, make_plan, make_plan_of_steps
from fivefold.step4_train.plan import MOST_TIMES
from fivefold.step4_train.recipes import Wish, wanted_epochs

NETS = ("resnet", "vgg", "alexnet")


class Steady:
    """A launcher at which every net has the same speed."""

    apart, alone = False, 1.0

    def __init__(self, speed, slots=1):
        self.speed, self.slots = speed, slots

    def get_ready(self):
        pass

    def rows_per_second(self, recipe, *, seconds):
        del recipe, seconds
        return self.speed


class Slow(Steady):
    """A launcher at which one encoder is slow."""

    def __init__(self, word):
        super().__init__(20_000)
        self.word = word

    def rows_per_second(self, recipe, *, seconds):
        del seconds
        return 150 if recipe.net == self.word else self.speed


class Starting(Steady):
    """Workers that keep the cores busy until they are waited for."""

    def __init__(self, here):
        super().__init__(30_000, slots=2)
        self.here, self.here.speed = here, 30

    def get_ready(self):
        self.here.speed = 20_000


@pytest.fixture
def dataset(made_dataset, monkeypatch):
    """A thousand pictures in five folds, of a kind with three encoders in its line-up."""
    image = catalog.INPUTS["image"]
    named = replace(image, facts={**image.facts, "nets": NETS})
    monkeypatch.setitem(catalog.INPUTS, "image", named)
    return made_dataset(1000, (32, 32, 3), 5)


def trained(plan):
    return [(line.recipe.net, line.nets) for line in plan.lines]


def test_every_encoder_gets_its_folds_and_an_equal_part(dataset):
    plan = make_plan(dataset, [Steady(20_000)], 600.0, Wish())
    assert trained(plan) == [(net, 5) for net in NETS]
    seconds = [line.seconds for line in plan.lines]
    assert max(seconds) == pytest.approx(min(seconds), rel=0.05)
    assert sum(seconds) == pytest.approx(600.0, rel=0.05)
    assert len({line.member for line in plan.lines}) == 3


def test_little_time_is_the_best_encoders_alone(dataset):
    assert trained(make_plan(dataset, [Steady(20_000)], 30.0, Wish())) == [("resnet", 5)]


def test_where_the_best_encoder_would_starve_it_gets_all_the_time(dataset):
    plan = make_plan(dataset, [Steady(300)], 300.0, Wish())
    assert {net for net, _ in trained(plan)} == {"resnet"}
    assert sum(line.seconds for line in plan.lines) > 250.0


def test_an_encoder_that_cannot_have_every_fold_is_left_out(dataset):
    plan = make_plan(dataset, [Slow("alexnet")], 600.0, Wish())
    assert trained(plan) == [("resnet", 5), ("vgg", 5)]
    assert sum(line.seconds for line in plan.lines) == pytest.approx(600.0, rel=0.05)


def test_time_that_no_net_can_use_is_left_to_others(dataset, monkeypatch):
    entry = catalog.ENCODERS["resnet"]
    capped = replace(entry, facts={**entry.facts, "most": 1.0, "steps": 1, "passes": 1.0})
    monkeypatch.setitem(catalog.ENCODERS, "resnet", capped)
    plan = make_plan(dataset, [Steady(20_000)], 600.0, Wish())
    first = [line for line in plan.lines if line.recipe.net == "resnet"]
    wanted = wanted_epochs(dataset, first[0].recipe)
    assert len(first) == MOST_TIMES
    assert 0.95 * wanted < first[0].recipe.epochs < 1.5 * wanted
    assert sum(line.seconds for line in first) < 100.0
    assert sum(line.seconds for line in plan.lines) == pytest.approx(600.0, rel=0.05)


def test_nets_that_are_asked_for_are_shared_out(dataset):
    plan = make_plan(dataset, [Steady(20_000)], 600.0, Wish(nets=4))
    assert trained(plan) == [("resnet", 2), ("vgg", 1), ("alexnet", 1)]
    asked = make_plan(dataset, [Steady(20_000)], 600.0, Wish(encoder="vgg"))
    assert trained(asked) == [("vgg", 5)]


@pytest.mark.usefixtures("dataset")
def test_one_net_of_each_encoder_can_have_company(made_dataset):
    large = made_dataset(20_000, (32, 32, 3), 1)
    launchers = [Steady(20_000), Steady(30_000, slots=2)]
    plan = make_plan(large, launchers, 600.0, Wish())
    assert trained(plan) == [(net, 1) for net in NETS]
    assert plan.slots == 2


def test_fixed_steps_train_the_whole_line_up(dataset):
    plan = make_plan_of_steps(dataset, [Steady(20_000)], 20, Wish())
    assert trained(plan) == [(net, 5) for net in NETS]
    assert {line.steps for line in plan.lines} == {20}


def test_nothing_is_timed_beside_workers_that_start(dataset, tmp_path):
    here = Steady(20_000)
    site = Site(dataset=dataset, expander=None, device=torch.device("cpu"), folder=tmp_path)
    share = Share(clock=Clock(600.0), reserve=0.0)
    plan = plan_nets(site, [here, Starting(here)], share, Wish())
    assert trained(plan) == [(net, 5) for net in NETS]
    assert min(timing.rows_per_second for timing in plan.timings) == 20_000


def test_who_is_hired_goes_by_the_nets_that_a_plan_begins_with(dataset, made_dataset):
    large = made_dataset(20_000, (32, 32, 3), 1)
    assert expected_nets(large, 600.0, Wish()) == 3
    assert expected_nets(dataset, 600.0, Wish()) == 15
    assert expected_nets(dataset, 30.0, Wish()) == 5
    assert expected_nets(dataset, 600.0, Wish(encoder="vgg")) == 5
    assert expected_nets(dataset, 600.0, Wish(nets=4)) == 4
    assert expected_nets(large, 1.0, Wish(steps=10)) == 3
