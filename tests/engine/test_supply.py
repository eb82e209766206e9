"""Small batches are changed together, and each is the batch that was drawn."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from fivefold.contracts.records import ExpansionRecord
from fivefold.contracts.rows import Held
from fivefold.engine import loop, supply
from fivefold.engine.batches import Batches, Position
from fivefold.engine.checkpoints import Checkpoint
from fivefold.engine.feed import Feed
from fivefold.engine.loop import Watch, train
from fivefold.engine.supply import Blocks, Supply
from fivefold.step3_expand.audio import AudioExpander
from fivefold.step3_expand.draws import Draws

SIZE = (12, 12)
STEPS = 25


class Plain:
    """Gives rows as they are, or as two parts; notes how many it was given, and what it drew."""

    def __init__(self, parts=1):
        self.parts, self.calls, self.drawn = parts, [], []

    def __call__(self, batch, targets, *, generator, size, mirrored):
        assert len(batch) == len(targets) == len(mirrored)
        self.calls.append((len(batch), size))
        self.drawn.append(float(torch.rand((), generator=generator)))
        return (batch if self.parts == 1 else (batch, -batch)), targets


@pytest.fixture
def supply_of():
    """Make a supply of batches of rows 0, 1, 2 and so on, whose targets are ten times as much."""

    def make(expander, *, rows=90, batch=20, share=lambda which: which):
        items = np.arange(rows)
        feed = Feed(Held(items), items * 10, torch.device("cpu"))
        batches = Batches(rows, batch, seed=3)
        generator, seed = torch.Generator(), lambda step: 1000 + step
        return batches, Supply(feed, batches, expander, generator=generator, share=share, seed=seed)

    return make


@pytest.mark.parametrize(
    ("rows", "row_bytes", "found"),
    [(32, 100, 4), (33, 100, 3), (128, 100, 1), (500, 100, 1), (32, 8 << 20, 1), (1, 8 << 20, 3)],
)
def test_few_rows_are_changed_together_many_or_large_ones_are_not(rows, row_bytes, found):
    assert Blocks.of(rows, row_bytes, per_pass=10).length == found


def test_every_batch_is_the_one_that_was_drawn(supply_of):
    expander = Plain()
    batches, ahead = supply_of(expander, rows=190)
    for ends, which in itertools.islice(batches.start(Position()), 20):
        x, targets = ahead.batch(ends, SIZE)
        assert x.tolist() == which.tolist()
        assert targets.tolist() == (which * 10).tolist()
    # Nine batches a pass, of which six are changed together: 128 rows at most.
    assert expander.calls == [(120, SIZE), (60, SIZE), (120, SIZE), (60, SIZE), (120, SIZE)]


def test_each_of_several_parts_is_split(supply_of):
    batches, ahead = supply_of(Plain(parts=2))
    for ends, which in itertools.islice(batches.start(Position()), 5):
        (one, other), targets = ahead.batch(ends, SIZE)
        assert one.tolist() == which.tolist()
        assert other.tolist() == (-which).tolist()
        assert targets.tolist() == (which * 10).tolist()


def test_a_share_of_every_batch(supply_of):
    batches, ahead = supply_of(Plain(), share=lambda which: which[1::3])
    for ends, which in itertools.islice(batches.start(Position()), 9):
        x, _ = ahead.batch(ends, SIZE)
        assert x.tolist() == which[1::3].tolist()


def test_what_is_drawn_depends_on_the_place_alone(supply_of):
    whole, later = Plain(), Plain()
    batches, ahead = supply_of(whole)
    places = [ends for ends, _ in itertools.islice(batches.start(Position()), 12)]
    for ends in places:
        ahead.batch(ends, SIZE)
    _, ahead = supply_of(later)
    for ends in places[6:]:  # in the middle of a block
        ahead.batch(ends, SIZE)
    assert later.drawn == whole.drawn[1:]
    assert len(set(whole.drawn)) == 3


def test_where_memory_is_short_one_batch_is_changed_at_a_time(supply_of):
    expander = Plain()
    batches, ahead = supply_of(expander)
    places = batches.start(Position())
    ahead.batch(next(places)[0], SIZE)
    assert ahead.spare()
    assert not ahead.spare()
    ends, which = next(places)
    x, _ = ahead.batch(ends, SIZE)
    assert expander.calls == [(80, SIZE), (20, SIZE)]
    assert x.tolist() == which.tolist()


def test_clips_of_a_batch_keep_their_variety(supply_of):
    """A ramp moved by a whole number of steps: what stands in the middle tells how far."""
    record = ExpansionRecord(kind="audio", settings={"shift": 0.5}, why={})
    clips = AudioExpander(record, classes=2)

    def moved(batch, targets, *, generator, size, mirrored):
        del mirrored
        x = torch.zeros((len(batch), *size))
        return clips._played(x + torch.arange(400), Draws(generator, x.device)), targets

    batches, ahead = supply_of(moved, rows=256, batch=32)
    for ends, _ in itertools.islice(batches.start(Position()), 8):
        x, _ = ahead.batch(ends, (400,))
        assert len(set(x[:, 200].tolist())) >= 9  # 14 of 16 groups on average


def test_another_size_is_given_at_once(supply_of):
    expander = Plain()
    batches, ahead = supply_of(expander)
    places = batches.start(Position())
    ahead.batch(next(places)[0], SIZE)
    ends, which = next(places)
    x, _ = ahead.batch(ends, (8, 8))
    assert expander.calls[-1] == (80, (8, 8))
    assert x.tolist() == which.tolist()


def test_a_training_stopped_within_a_block_goes_on_to_the_same_bits(
    job_of, net_of, recipe, tmp_path
):
    """Six batches of 16 rows a pass, changed together; 13 steps end in the middle of them."""
    changed = replace(recipe, low_size=(8, 8), low_share=0.45)
    whole, first, second = (net_of(changed) for _ in range(3))
    train(whole, job_of(STEPS, recipe=changed))
    steps = itertools.count(1)
    stop = Watch(stop=lambda: next(steps) == 13)
    train(first, job_of(STEPS, recipe=changed), stop, Checkpoint(tmp_path / "c"))
    train(second, job_of(STEPS, recipe=changed), None, Checkpoint(tmp_path / "c"))
    for name, value in whole.state_dict().items():
        assert torch.equal(second.state_dict()[name], value), name


def test_together_it_learns_as_one_by_one(job_of, net_of, recipe, monkeypatch):
    found = []
    for rows in (1, 128):
        monkeypatch.setattr(supply, "TOGETHER_ROWS", rows)
        found.append(train(net_of(recipe), job_of(60)).curve[-1].loss)
    assert found[0] != found[1]  # other changes were drawn,
    assert found == pytest.approx([0.35, 0.35], abs=0.05)  # the same was learned


def test_no_two_seeds_of_trainings_agree(job_of, net_of, recipe):
    """Of dropout, steps and blocks: chance of one is no chance of another."""
    seeds = []
    for seed in (0, 1):
        trainer = loop._Trainer(
            net_of(recipe), job_of(1, recipe=replace(recipe, seed=seed)), Watch(), None
        )
        purposes = (loop.DROPOUT, loop.STEP, loop.BLOCK)
        seeds += [trainer._seed(step, purpose) for step in range(500) for purpose in purposes]
    assert len(set(seeds)) == len(seeds) == 3000
