"""A checkpoint is whole, its own, and cheap; any other is refused with one clear note."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fivefold.engine import checkpoints
from fivefold.engine.checkpoints import Checkpoint, Rhythm
from fivefold.engine.loop import Watch, train
from fivefold.plumbing.files import atomic, litter


@pytest.fixture
def half(job_of, net_of, recipe, tmp_path):
    """The checkpoint of a training that was stopped after 3 of 6 steps."""
    checkpoint, seen = Checkpoint(tmp_path / "0.checkpoint"), []

    def stop():
        seen.append(1)
        return len(seen) == 3

    train(net_of(recipe), job_of(6), Watch(stop=stop), checkpoint)
    return checkpoint


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-100])


def cut_in_the_head(path):
    path.write_bytes(path.read_bytes()[:50])


def emptied(path):
    path.write_bytes(b"")


def noise(path):
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def of_other_software(path):
    save_file({"a": torch.zeros(3)}, path)


def without_words(path):
    save_file(load_file(path), path, metadata={"training": "{}"})


@pytest.mark.parametrize(
    "damage", [cut_off, cut_in_the_head, emptied, noise, of_other_software, without_words]
)
def test_a_damaged_one_is_refused_and_the_net_begins_anew(half, damage, job_of, net_of, recipe):
    damage(half.path)
    resumed, fresh = net_of(recipe), net_of(recipe)
    training = train(resumed, job_of(6), None, half)
    train(fresh, job_of(6))
    (note,) = training.notes
    assert "could not be used (it is damaged" in note
    assert "\n" not in note
    state = resumed.state_dict()
    assert all(torch.equal(state[k], v) for k, v in fresh.state_dict().items())


@pytest.mark.parametrize("change", [{"width": 0.5}, {"optimiser": "adamw"}, {"seed": 1}])
def test_one_of_another_training_is_refused(half, change, job_of, net_of, recipe):
    other = replace(recipe, **change)
    training = train(net_of(other), job_of(6, recipe=other), None, half)
    assert training.notes == (
        "its checkpoint could not be used (it is one of another training): it began anew",
    )
    assert training.steps == 6


def test_the_note_of_a_refusal_outlives_the_next_resumption(half, job_of, net_of, recipe):
    emptied(half.path)
    train(net_of(recipe), job_of(6), Watch(stop=lambda: True), half)
    (note,) = train(net_of(recipe), job_of(6), None, half).notes
    assert "began anew" in note


def test_what_a_killed_save_left_behind_is_removed(half, tmp_path, job_of, net_of, recipe):
    with atomic(half.path) as temporary:
        temporary.write_bytes(half.path.read_bytes())
        shutil.copy(temporary, temporary.with_suffix(".abcdef12"))  # as if it had ended here
    assert litter(half.path)
    train(net_of(recipe), job_of(6), None, half)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless it is moved."""
    now = [100.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    return now


def test_what_takes_long_is_done_seldom(clock):
    rhythm, spent = Rhythm(every=15.0, share=0.02), 0.0
    for _ in range(10_000):
        clock[0] += 1.0
        if rhythm.due():
            with rhythm.timed():
                clock[0] += 2.0
                spent += 2.0
    assert 0.015 < spent / (clock[0] - 100.0) < 0.02


def test_what_is_quick_is_done_every_so_often(clock):
    rhythm, times = Rhythm(every=15.0, share=0.02), 0
    for _ in range(1500):
        clock[0] += 1.0
        if rhythm.due():
            with rhythm.timed():
                times += 1
    assert times == 100
