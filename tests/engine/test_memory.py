"""Where memory is short, batches are trained and answered for in parts, and it is said."""

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from fivefold.contracts.rows import Held
from fivefold.engine import inference, loop
from fivefold.engine.checkpoints import Checkpoint
from fivefold.engine.loop import Job, TooLargeError, Watch, train
from fivefold.engine.peers import ALONE, Alone
from fivefold.engine.recovery import halving, out_of_memory
from fivefold.engine.schedule import Limit
from fivefold.nets.base import Encoder, Net
from fivefold.nets.heads.crf import CrfHead
from fivefold.nets.heads.tags import TagsHead
from fivefold.nets.intake.array import ArrayIntake

ERRORS = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 64 bytes"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("could not create a primitive"),
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_every_library_is_understood(error):
    def work(size):
        if size > 20:
            raise error
        return "done"

    assert halving(work, 100) == (13, "done")


@pytest.mark.parametrize("error", [RuntimeError("size mismatch"), ValueError("out of memory")])
def test_other_errors_are_raised(error):
    def work(_):
        raise error

    assert not out_of_memory(error)
    with pytest.raises(type(error)):
        halving(work, 100)


def short_of(rows, seen=None):
    """Disturb an expander that has memory for so many rows."""

    def disturb(_, batch):
        if seen is not None:
            seen.append(len(batch))
        if len(batch) > rows:
            raise MemoryError

    return disturb


def test_the_batch_is_halved_until_it_fits(job_of, net_of, recipe, disturbed):
    seen = []
    training = train(net_of(recipe), job_of(40, expander=disturbed(short_of(5, seen))))
    assert training.notes == ("memory was short: batches of 16 rows were trained 4 at a time",)
    assert seen == [16, 8] + 40 * [4, 4, 4, 4]
    assert training.steps == 40
    assert training.curve[-1].loss < training.curve[0].loss


def test_batches_are_changed_one_by_one_before_one_is_halved(
    job_of, net_of, recipe, disturbed, monkeypatch
):
    seen = []
    expander = disturbed(short_of(16, seen))
    monkeypatch.setattr("fivefold.engine.supply.TOGETHER_ROWS", 128)
    training = train(net_of(recipe), job_of(4, expander=expander))
    assert seen == [96, 16, 16, 16, 16]
    assert training.notes == ()


def test_a_resumed_training_remembers_that_batches_are_changed_one_by_one(
    job_of, net_of, recipe, disturbed, monkeypatch, tmp_path
):
    monkeypatch.setattr("fivefold.engine.supply.TOGETHER_ROWS", 128)
    seen, checkpoint, steps = [], Checkpoint(tmp_path / "c"), itertools.count(1)
    stop = Watch(stop=lambda: next(steps) == 2)
    train(net_of(recipe), job_of(4, expander=disturbed(short_of(16, seen))), stop, checkpoint)
    monkeypatch.setattr("fivefold.engine.supply.TOGETHER_ROWS", 128)
    train(net_of(recipe), job_of(4, expander=disturbed(short_of(16, seen))), None, checkpoint)
    assert seen == [96, 16, 16, 16, 16]


def test_uneven_parts_count_by_their_rows(job_of, net_of, recipe, disturbed):
    odd, seen = replace(recipe, batch=13), []
    train(net_of(odd), job_of(2, recipe=odd, expander=disturbed(short_of(7, seen))))
    assert seen == [13, 7, 6, 7, 6]


@pytest.fixture
def calm(recipe, expander, monkeypatch):
    """A recipe in whose training nothing depends on how rows are put together."""
    monkeypatch.setattr(loop, "autocast", lambda device: torch.autocast(device.type, enabled=False))
    monkeypatch.setitem(expander.record.settings, "shift", 0.0)
    monkeypatch.setitem(expander.record.settings, "cutout", 0.0)
    monkeypatch.setattr(nn.Dropout, "forward", lambda _, x: x)
    return replace(recipe, net="fully_connected", optimiser="sgd", rate=0.01, batch=13)


@pytest.mark.parametrize("rows", [7, 4, 1])
def test_parts_give_the_gradient_of_the_whole(calm, job_of, net_of, disturbed, rows):
    whole, parted = net_of(calm), net_of(calm)
    train(whole, job_of(8, recipe=calm))
    training = train(parted, job_of(8, recipe=calm, expander=disturbed(short_of(rows))))
    assert training.notes
    for name, value in whole.state_dict().items():
        assert torch.allclose(parted.state_dict()[name], value, atol=1e-5), name


@pytest.mark.parametrize("head", [TagsHead, CrfHead])
@pytest.mark.parametrize("rows", [7, 1])
def test_parts_count_by_the_tokens_with_a_known_tag(tagged, head, rows):
    """Sentences of 0 to 6 known tags; a mean over rows weighs those of short ones more."""
    (parted, notes), (whole, _) = tagged(head, 8, rows), tagged(head, 8)
    assert notes
    for name, value in whole.state_dict().items():
        assert torch.allclose(parted.state_dict()[name], value, atol=1e-5), name


@pytest.mark.parametrize("head", [TagsHead, CrfHead])
def test_shares_of_peers_count_by_the_tokens_with_a_known_tag(tagged, head):
    first, second, alone = HalfPeers(0), HalfPeers(1), HalfPeers(0, size=1)
    for peers in (first, second, alone):
        tagged(head, 1, peers=peers)
    for one, other, whole in zip(first.told, second.told, alone.told, strict=True):
        assert torch.allclose(one + other, whole, atol=1e-6)


class HalfPeers(Alone):
    """One of `size` peers that notes the loss and the gradients it would tell the others."""

    def __init__(self, rank, size=2):
        self.rank, self.size = rank, size

    def share(self, which):
        return which[self.rank :: self.size]

    def combine(self, net, loss, share):  # noqa: ARG002
        self.told = [loss, *(p.grad.clone() for p in net.parameters())]
        return loss


@pytest.fixture
def tagged(calm, disturbed):
    """Train a net on sentences of 0 to 6 known tags; give it and the notes."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(20, 6, 3)).astype(np.float32)
    targets = rng.integers(0, 4, (20, 6))
    targets[np.arange(6) >= rng.integers(0, 7, (20, 1))] = -1

    def make(head, steps, rows=100, peers=ALONE):
        torch.manual_seed(0)
        net = Net(Steps(), head(5, 4), ArrayIntake(), torch.zeros(0), torch.zeros(0))
        job = Job(
            rows=Held(items),
            targets=targets,
            recipe=replace(calm, size=()),
            expander=disturbed(short_of(rows), Still()),
            limit=Limit(steps=steps),
            device=torch.device("cpu"),
            peers=peers,
        )
        return net, train(net, job).notes

    return make


class Steps(Encoder):
    """Every position for itself."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 5)

    def forward(self, x):
        return self.linear(x)


class Still:
    """Changes nothing."""

    record = None

    def __call__(self, batch, targets, **_):
        return batch, targets

    def blend(self, targets, **_):
        return None, targets


def test_every_part_sees_all_classes(job_of, net_of, recipe, disturbed, monkeypatch):
    """Rows of a folder of class folders lie class by class."""
    job = job_of(6, expander=disturbed(short_of(8)))
    order = np.argsort(job.targets, kind="stable")
    sorted_job = replace(job, rows=job.rows.select(order), targets=job.targets[order])
    seen, honest = [], job.expander.expander.__class__.__call__

    def spy(self, batch, targets, **given):
        seen.append(targets.float().mean().item())
        return honest(self, batch, targets, **given)

    monkeypatch.setattr(job.expander.expander.__class__, "__call__", spy)
    train(net_of(recipe), sorted_job)
    assert len(seen) == 12
    assert all(0.0 < share < 1.0 for share in seen)


def test_a_net_that_does_not_fit_row_by_row_is_given_up(job_of, net_of, recipe, disturbed):
    with pytest.raises(TooLargeError, match="does not fit into memory"):
        train(net_of(recipe), job_of(6, expander=disturbed(short_of(0))))


def test_a_resumed_training_goes_on_in_parts(job_of, net_of, recipe, disturbed, tmp_path):
    whole, resumed, seen = net_of(recipe), net_of(recipe), []
    wanted = train(whole, job_of(6, expander=disturbed(short_of(8))))
    checkpoint = Checkpoint(tmp_path / "c")
    train(
        net_of(recipe),
        job_of(6, expander=disturbed(short_of(8))),
        Watch(stop=lambda: True),
        checkpoint,
    )
    job = job_of(6, expander=disturbed(short_of(8, seen)))
    training = train(resumed, job, None, checkpoint)
    assert max(seen) == 8
    assert training.notes == wanted.notes
    state = resumed.state_dict()
    assert all(torch.equal(state[k], v) for k, v in whole.state_dict().items())


def test_answers_are_given_in_parts(net_of, recipe, halves, monkeypatch):
    rows, _ = halves
    net, sizes, honest = net_of(recipe), [], inference.answer
    whole = inference.predict(net, rows, recipe.size, ("mirror",))

    def short(net, items, size, names):
        sizes.append(len(items))
        if len(items) > 40:
            raise MemoryError
        return honest(net, items, size, names)

    monkeypatch.setattr(inference, "answer", short)
    monkeypatch.setattr(inference, "BATCH", 100)
    ticks = []
    parted = inference.predict(net, rows, recipe.size, ("mirror",), tick=ticks.append)
    assert sizes == [96, 50, 25, 25, 25, 21]
    assert ticks[-1] == 1.0
    assert np.allclose(whole, parted, atol=2e-2)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory otherwise")
def test_a_real_limit():
    """In a process of its own: a batch that does not fit whole, and does in parts."""
    script = Path(__file__).parent / "short_of_memory.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    steps, notes = done.stdout.strip().split(" ", 1)
    assert steps == "2"
    assert "memory was short: batches of 512 rows were trained" in notes
