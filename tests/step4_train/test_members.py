"""A net of a fold: trained, stopped, gone on with, read back, and lost without harm to others."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fivefold.contracts.orders import Order
from fivefold.contracts.records import ExpansionRecord, Plan, PlanLine, Recipe
from fivefold.contracts.rows import Rows
from fivefold.engine.loop import DivergedError
from fivefold.engine.schedule import Limit
from fivefold.launch.here import Here
from fivefold.plumbing.clock import Clock
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train import Audience, Share, Site, train_nets
from fivefold.step4_train import members as members_room
from fivefold.step4_train.members import join_folds, train_fold
from fivefold.step4_train.work import Trainer

RECIPE = Recipe(net="convnet", width=0.25, size=(12, 12), batch=8, optimiser="muon", rate=0.05)


@pytest.fixture
def site(tmp_path, made_dataset):
    """Where a small net trains on 40 pictures in two folds."""
    dataset = made_dataset(40, (12, 12, 3), 2)
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (40, 12, 12, 3)).astype(np.uint8)
    file = tmp_path / "noise.u8"
    pictures.tofile(file)
    rows = Rows(file=file, dtype="uint8", item_shape=(12, 12, 3), total=40, index=np.arange(40))
    dataset = replace(dataset, rows=rows, targets=rng.integers(0, 2, 40))
    return Site(
        dataset=dataset,
        expander=ImageExpander(ExpansionRecord(kind="image", settings={}, why={}), classes=2),
        device=torch.device("cpu"),
        folder=tmp_path / "train",
    )


def test_a_fold_answers_for_the_rows_it_did_not_see(site):
    done = train_fold(site, Order(member="a", recipe=RECIPE, fold=1), Limit(steps=3))
    assert np.array_equal(done.rows, np.flatnonzero(site.dataset.folds == 1))
    assert np.allclose(done.answers.sum(1), 1.0, atol=1e-5)
    member = join_folds(site.dataset, "a", RECIPE, [done])
    assert np.array_equal(member.rows, np.flatnonzero(site.dataset.folds == 1))
    assert np.array_equal(member.answers, done.answers)


def test_what_is_done_is_read_back(site):
    first = train_fold(site, Order(member="a", recipe=RECIPE, fold=0), Limit(steps=3))
    again = train_fold(site, Order(member="a", recipe=RECIPE, fold=0), Limit(steps=500))
    assert np.array_equal(first.answers, again.answers)
    assert again.fold == first.fold


def test_an_interrupted_net_goes_on_from_where_it_was(site):
    seen = []

    def stop_after_three():
        seen.append(1)
        return len(seen) >= 3

    order = Order(member="a", recipe=RECIPE, fold=0)
    half = train_fold(replace(site, stop=stop_after_three), order, Limit(steps=10))
    assert half.stopped
    whole = train_fold(site, order, Limit(steps=10))
    assert not whole.stopped
    assert whole.fold.seconds >= whole.fold.curve[-1].seconds
    assert whole.fold.epochs == pytest.approx(10 * 8 / 20)
    fresh = train_fold(site, Order(member="b", recipe=RECIPE, fold=0), Limit(steps=10))
    assert np.array_equal(whole.answers, fresh.answers)
    assert not (site.folder / "a" / "0.checkpoint").exists()


@pytest.mark.parametrize("error", [DivergedError("nan"), RuntimeError("out of memory")])
def test_a_net_that_fails_is_recorded_and_the_others_go_on(site, monkeypatch, error):
    honest = members_room.train

    def fails_first(net, job, watch, checkpoint):
        if job.recipe.seed == RECIPE.seed:
            raise error
        return honest(net, replace(job, limit=Limit(steps=2)), watch, checkpoint)

    monkeypatch.setattr(members_room, "train", fails_first)
    line = PlanLine(member="a", recipe=RECIPE, seconds=4.0, nets=2, why="made")
    share = Share(clock=Clock(1000.0), reserve=0.0)
    launchers = (Here(Trainer(site)),)
    fleet = train_nets(site, launchers, Plan(lines=(line,)), share, Audience())
    assert [part.fold for part in fleet.members[0].parts] == [1]
    assert len(fleet.degraded) == 1
    assert str(error) in fleet.degraded[0]


def test_what_a_net_recovered_from_is_told(site, monkeypatch):
    honest, calls = ImageExpander.__call__, []

    def spoiled_once(self, batch, targets, **given):
        calls.append(len(batch))
        if len(batch) > 4:
            raise MemoryError
        x, targets = honest(self, batch, targets, **given)
        return x * (float("nan") if len(calls) == 4 else 1.0), targets

    monkeypatch.setattr(ImageExpander, "__call__", spoiled_once)
    line = PlanLine(member="a", recipe=RECIPE, seconds=4.0, nets=1, why="made", steps=6)
    share = Share(clock=Clock(1000.0), reserve=0.0)
    plan, launchers = Plan(lines=(line,)), (Here(Trainer(site)),)
    fleet = train_nets(site, launchers, plan, share, Audience())
    assert fleet.degraded == (
        "net a/0: it diverged, went back to step 0, and on at 0.3 of the rate",
        "net a/0: memory was short: batches of 8 rows were trained 4 at a time",
    )
    again = train_nets(site, launchers, plan, share, Audience())
    assert again.degraded == fleet.degraded
