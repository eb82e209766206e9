"""Freed memory stays for the next step, and goes back to the system at the end."""

import json
import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fivefold.contracts.rows import Held
from fivefold.engine import inference, loop
from fivefold.engine.loop import train
from fivefold.engine.memory import SET_BY_USER

glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has rules for what is freed"
)


def told(**environment):
    """What the use of large blocks cost in a process of its own."""
    usual = {k: v for k, v in os.environ.items() if k not in SET_BY_USER}
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.keeping_memory"],
        env={**usual, **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@glibc
def test_large_blocks_are_handed_out_once_and_go_back_when_the_last_user_leaves():
    found = told()
    assert 4 * found["kept"] < found["free"]
    assert found["others_gave_back"] < found["size"] / 2
    assert found["gave_back"] > found["size"] / 2
    assert found["left_gave_back"] > found["size"] / 2


@glibc
def test_rules_that_a_user_set_stay():
    found = told(MALLOC_MMAP_THRESHOLD_="1000000")
    assert found["kept"] > found["free"] / 2


@pytest.fixture
def entered(monkeypatch):
    """Where memory was kept, in sequence."""
    seen = []

    for room in (loop, inference):

        @contextmanager
        def kept(name=room.__name__):
            seen.append(name)
            yield

        monkeypatch.setattr(room, "kept_memory", kept)
    return seen


def test_training_and_many_answers_keep_memory(entered, job_of, net_of, recipe):
    net = net_of(recipe)
    train(net, job_of(1))
    assert entered == ["fivefold.engine.loop"]
    few = np.zeros((inference.BATCH, 12, 12, 3), np.uint8)
    inference.predict(net, Held(few), recipe.size)
    assert entered == ["fivefold.engine.loop"]
    inference.predict(net, Held(np.concatenate([few, few[:1]])), recipe.size)
    assert entered == ["fivefold.engine.loop", "fivefold.engine.inference"]
