"""What a GPU does by itself ends as what it is told step by step; run where there is one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fivefold.contracts.records import ExpansionRecord
from fivefold.contracts.rows import Held
from fivefold.engine import loop
from fivefold.engine.checkpoints import Checkpoint
from fivefold.engine.feed import Feed
from fivefold.engine.inference import predict
from fivefold.engine.keeper import Keeper
from fivefold.engine.loop import DivergedError, Job, Watch, train
from fivefold.engine.optimisers import Muon
from fivefold.engine.replay import Replay
from fivefold.engine.schedule import Limit
from fivefold.nets.build import build
from fivefold.step3_expand.image import ImageExpander

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
LOW = {"low_size": (8, 8), "low_share": 0.45}
STEPS = 30


@pytest.fixture
def gpu_job(job_of):
    """A job of the tiny world, on the GPU."""
    return lambda *args, **changes: replace(job_of(*args, **changes), device=torch.device("cuda"))


@pytest.fixture
def recordings(monkeypatch):
    """Counts how often a step was recorded."""
    found = []
    record = Replay._record

    def counted(self, work, given, *settings):
        if len(given) > 1:  # a batch; an optimiser is given its rate
            found.append(settings)
        return record(self, work, given, *settings)

    monkeypatch.setattr(Replay, "_record", counted)
    return found


def told_step_by_step(monkeypatch):
    """The same work and the same chance, without a recording."""
    monkeypatch.setattr(loop, "Replay", lambda *_: lambda work, *given: work(*given))
    monkeypatch.setattr("fivefold.engine.replay.MOST", 0)


def same(one, other):
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0.02, atol=0.002)


def test_replayed_steps_are_those_told_one_by_one(gpu_job, net_of, recipe, recordings, monkeypatch):
    changed = replace(recipe, **LOW)
    replayed, told = net_of(changed), net_of(changed)
    train(replayed, gpu_job(STEPS, recipe=changed))
    assert len(recordings) == 2  # one for each size
    told_step_by_step(monkeypatch)
    train(told, gpu_job(STEPS, recipe=changed))
    assert len(recordings) == 2
    same(replayed, told)


@pytest.mark.parametrize(
    "settings",
    [{"mirror": 1.0, "flip_vertical": 1.0, "shift": 2.0}, {"rotate": 10.0, "zoom": 0.1}],
)
def test_changes_that_no_batch_decides_are_recorded(
    gpu_job, net_of, recipe, recordings, monkeypatch, settings
):
    changes = ImageExpander(ExpansionRecord(kind="image", settings=settings, why={}), classes=2)
    replayed, told = net_of(recipe), net_of(recipe)
    train(replayed, gpu_job(STEPS, expander=changes))
    assert len(recordings) == 1
    told_step_by_step(monkeypatch)
    train(told, gpu_job(STEPS, expander=changes))
    same(replayed, told)


def test_a_net_that_goes_back_after_a_recording_goes_on_as_one_told_step_by_step(
    gpu_job, net_of, recipe, monkeypatch
):
    """Its momentum then lies elsewhere; the loss of one step is spoiled."""
    keep = Keeper.keep

    def spoiled(self, loss, *, due):
        wild = self._learner.state.step == 28 and not self.mishaps.returns
        return keep(self, loss * float("nan") if wild else loss, due=due)

    monkeypatch.setattr(Keeper, "keep", spoiled)
    monkeypatch.setattr("fivefold.engine.keeper.WAIT_STEPS", 1)
    replayed, told = net_of(recipe), net_of(recipe)
    assert "went back to step 25" in " ".join(train(replayed, gpu_job(36)).notes)
    told_step_by_step(monkeypatch)
    train(told, gpu_job(36))
    same(replayed, told)


def test_muon_is_recorded_too(gpu_job, net_of, recipe, monkeypatch):
    replays = []
    replay = torch.cuda.CUDAGraph.replay

    def counted(self):
        replays.append(self)
        replay(self)

    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", counted)
    train(net_of(recipe), gpu_job(STEPS))
    assert len(set(map(id, replays))) == 2  # gradients, and moves


def test_what_depends_on_the_batch_is_not_recorded(gpu_job, net_of, recipe, recordings, disturbed):
    train(net_of(recipe), gpu_job(STEPS, expander=disturbed(lambda *_: None)))
    assert not recordings


def test_it_learns_and_answers(gpu_job, net_of, recipe, halves):
    rows, targets = halves
    net = net_of(recipe)
    train(net, gpu_job(60))
    answers = predict(net, rows, recipe.size, ("shift",))
    assert (answers.argmax(1) == targets).mean() > 0.95


def test_a_stopped_training_goes_on_to_the_same_end(gpu_job, net_of, recipe, tmp_path):
    whole, parts = net_of(recipe), net_of(recipe)
    train(whole, gpu_job(STEPS))
    calls = iter(range(STEPS))
    stopped = train(
        parts, gpu_job(STEPS), Watch(stop=lambda: next(calls) == 14), Checkpoint(tmp_path / "c")
    )
    assert stopped.stopped
    assert stopped.steps == 15
    parts = net_of(recipe)
    train(parts, gpu_job(STEPS), None, Checkpoint(tmp_path / "c"))
    same(whole, parts)


def test_a_wild_rate_is_told(gpu_job, net_of, recipe):
    wild = replace(recipe, optimiser="sgd", rate=1e12)
    with pytest.raises(DivergedError, match="it diverged at step"):
        train(net_of(wild), gpu_job(200, recipe=wild))


def test_held_rows_are_those_of_the_cache(halves, monkeypatch):
    rows, targets = halves
    which = np.array([3, 5, 90])
    held = Feed(rows, targets, torch.device("cuda"))
    assert held._held is not None
    monkeypatch.setattr("fivefold.engine.feed.HELD_BYTES", 10)
    read = Feed(rows, targets, torch.device("cuda"))
    assert read._held is None
    for feed in (held, read):
        items, labels = feed.batch(which)
        assert items.is_cuda
        np.testing.assert_array_equal(items.cpu().numpy(), rows.take(which))
        np.testing.assert_array_equal(labels.cpu().numpy(), targets[which])


def test_filters_of_one_shape_move_as_each_by_itself():
    rng = torch.Generator("cuda").manual_seed(0)
    shapes = [(16, 8, 3, 3), (16, 16, 3, 3), (16, 8, 3, 3), (16, 8, 3, 3)]
    filters = [torch.randn(shape, generator=rng, device="cuda") for shape in shapes]
    gradients = [torch.randn(shape, generator=rng, device="cuda") for shape in shapes]

    def moved(groups):
        own = [f.clone().requires_grad_() for f in filters]
        for p, gradient in zip(own, gradients, strict=True):
            p.grad = gradient.clone()
        for some in groups(own):
            Muon(some, lr=0.1).step()
        return own

    together, apart = moved(lambda own: [own]), moved(lambda own: [[p] for p in own])
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other, rtol=0.01, atol=0.002)


def test_short_memory_halves_the_batch(recipe, expander):
    """As much is free as lies between what a whole batch takes and what half of it does."""
    rng = np.random.default_rng(0)
    rows = Held(rng.integers(0, 256, (4096, 32, 32, 3), dtype=np.uint8))
    targets = rng.integers(0, 2, 4096)

    def trained(steps):
        wide = replace(recipe, width=2.0, size=(32, 32), batch=4096)
        ones = torch.ones(3, 1, 1)
        net = build(wide, (3, 32, 32), 2, 100 * ones, 60 * ones)
        limit, gpu = Limit(steps=steps), torch.device("cuda")
        job = Job(
            rows=rows, targets=targets, recipe=wide, expander=expander, limit=limit, device=gpu
        )
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return train(net, job), torch.cuda.max_memory_allocated()

    _, needed = trained(2)  # told step by step
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    ballast = torch.empty(int(free - 0.7 * needed), dtype=torch.uint8, device="cuda")
    try:
        training, _ = trained(8)
    finally:
        del ballast
    assert training.steps == 8
    assert "batches of 4096 rows were trained 2048 at a time" in " ".join(training.notes)


def test_where_a_recording_has_no_room_steps_are_told_one_by_one(
    gpu_job, net_of, recipe, recordings, monkeypatch
):
    monkeypatch.setattr("fivefold.engine.replay.ROOM", 1e9)  # times what a step takes
    training = train(net_of(recipe), gpu_job(STEPS))
    assert training.steps == STEPS
    assert not recordings
