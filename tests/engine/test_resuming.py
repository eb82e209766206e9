"""Stopped or killed at any step and resumed, a training ends in the bits of an undisturbed one."""

import json
from dataclasses import asdict, replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from fivefold.engine import keeper
from fivefold.engine.checkpoints import Checkpoint
from fivefold.engine.loop import Watch, train

STEPS = 16
EVER = float("inf")
DENSE = {"net": "fully_connected", "width": 0.125}  # has dropout
LOW = {"low_size": (8, 8), "low_share": 0.45}
# Rates in the second half make the training diverge, go back and end well.
COURSES = {
    "muon, two resolutions": {"optimiser": "muon", **LOW},
    "sgd, dropout": {"optimiser": "sgd", "rate": 0.01, **DENSE},
    "adamw, dropout": {"optimiser": "adamw", "rate": 1e-3, **DENSE},
    "adamw": {"optimiser": "adamw", "rate": 0.01},
    "muon, diverges": {"optimiser": "muon", "rate": 3e18, **LOW},
    "sgd, diverges": {"optimiser": "sgd", "rate": 100.0},
    "sgd, dropout, diverges": {"optimiser": "sgd", "rate": 1.0, **DENSE},
    "adamw, diverges": {"optimiser": "adamw", "rate": 100.0},
}


class KilledError(Exception):
    """As kill -9 would, without a last save."""


@pytest.fixture(autouse=True)
def _good_states_often(monkeypatch):
    monkeypatch.setattr(keeper, "KEEP_STEPS", 4)


@pytest.fixture(params=COURSES)
def course(request, job_of, net_of, recipe, tmp_path):
    """Train a course as far as it is let; with what became of it in one go."""
    changed = replace(recipe, **COURSES[request.param])

    def sitting(stop=None, every=0.0):
        checkpoint = Checkpoint(tmp_path / "c", every=every, share=EVER)
        net = net_of(changed)
        return net, train(net, job_of(STEPS, recipe=changed), Watch(stop=stop), checkpoint)

    whole = net_of(changed)
    training = train(whole, job_of(STEPS, recipe=changed))
    assert bool(training.notes) == ("diverges" in request.param)
    return sitting, whole, training


def stop_after(asked, error=None):
    """Stop, or fail, when asked so often."""
    seen = []

    def stop():
        seen.append(1)
        if len(seen) == asked and error is not None:
            raise error
        return len(seen) == asked

    return stop


def same(first, second):
    """Nets and courses equal to the bit, wall-clock aside."""
    (net, training), (other, wanted) = first, second
    state, expected = net.state_dict(), other.state_dict()
    assert [k for k in expected if not torch.equal(state[k], expected[k])] == []
    assert training.steps == wanted.steps
    assert training.notes == wanted.notes
    curves = [[{**asdict(p), "seconds": 0} for p in t.curve] for t in (training, wanted)]
    assert curves[0] == curves[1]


@pytest.mark.parametrize("asked", [1, 4, 6, 11, 15])
def test_stopped_and_resumed(course, asked):
    sitting, *whole = course
    _, half = sitting(stop_after(asked), every=1e9)
    assert half.stopped
    same(sitting(), whole)


@pytest.mark.parametrize("asked", [2, 7, 9, 13])
def test_killed_and_resumed(course, asked):
    sitting, *whole = course
    with pytest.raises(KilledError):
        sitting(stop_after(asked, KilledError()))
    same(sitting(), whole)


def test_stopped_after_every_single_step(course):
    sitting, *whole = course
    for _ in range(10 * STEPS):
        ended = sitting(stop_after(1), every=1e9)
        if not ended[1].stopped or ended[1].steps == STEPS:
            break
    same(sitting(), whole)


def test_a_checkpoint_holds_no_randomness_so_any_device_can_go_on_from_it(
    job_of, net_of, recipe, tmp_path
):
    checkpoint = Checkpoint(tmp_path / "c")
    train(net_of(recipe), job_of(STEPS), Watch(stop=stop_after(5)), checkpoint)
    names = {name.split(".")[1] for name in load_file(checkpoint.path)}
    assert names == {"net", "average", "optimiser"}


def test_a_checkpoint_of_an_earlier_version_is_gone_on_from(job_of, net_of, recipe, tmp_path):
    """It holds the state of a generator, and the kind of device that this was for."""
    checkpoint, first, second = Checkpoint(tmp_path / "c"), net_of(recipe), net_of(recipe)
    train(net_of(recipe), job_of(STEPS), Watch(stop=stop_after(5)), checkpoint)
    held = checkpoint.path.read_bytes()
    whole = train(first, job_of(STEPS), None, checkpoint)
    checkpoint.path.write_bytes(held)
    with safe_open(checkpoint.path, framework="pt") as file:
        told = json.loads(file.metadata()["training"])
    tensors = load_file(checkpoint.path)
    for moment, facts in told["facts"].items():
        facts["device"] = "cuda"
        tensors[f"{moment}.generator"] = torch.zeros(16, dtype=torch.uint8)
    save_file(tensors, checkpoint.path, metadata={"training": json.dumps(told)})
    same((second, train(second, job_of(STEPS), None, checkpoint)), (first, whole))
