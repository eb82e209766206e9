"""What the nets of a plan are told when they begin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fivefold.contracts.records import Plan, PlanLine, Recipe
from fivefold.plumbing.clock import Clock
from fivefold.step4_train import FULL, train_nets
from fivefold.step4_train.foreman import Audience, Share


class Scribe:
    """A launcher that begins every net and trains none."""

    slots, apart, alone = 1, False, 1.0

    def run(self, orders, foreman):
        self.begun = [foreman.begin(order) for order in orders]


@pytest.fixture
def begun(made_dataset, tmp_path):
    """The orders of two nets of two encoders, the second planned three times as long."""

    def begin(**changes):
        recipe = Recipe(net="resnet", batch=100, epochs=10.0)
        first = PlanLine(member="a", recipe=recipe, seconds=20.0, nets=2, why="")
        second = PlanLine(member="b", recipe=recipe, seconds=60.0, nets=2, why="")
        plan = Plan(lines=(replace(first, **changes), second))
        scribe = Scribe()
        site = type("Site", (), {"dataset": made_dataset(1000, (8, 8, 3), 5), "folder": tmp_path})
        share = Share(clock=Clock(100.0), reserve=0.0)
        train_nets(site, [scribe], plan, share, Audience())
        return scribe.begun

    return begin


def test_time_is_shared_out_as_planned(begun):
    first, _, _, last = begun()
    assert first.seconds == pytest.approx(100.0 * 10 / 80, rel=0.05)
    assert last.seconds == pytest.approx(100.0, rel=0.05)  # none of the others used any
    assert {order.most for order in begun()} == {None}


def test_a_net_that_can_use_no_more_is_told_where_to_end(begun):
    orders = begun(full=True)
    assert [order.most for order in orders] == [round(FULL * 80)] * 2 + [None] * 2
