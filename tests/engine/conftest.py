"""A tiny world to train in: pictures whose class is the brighter half."""

from typing import final

import numpy as np
import pytest
import torch

from fivefold.contracts.records import ExpansionRecord, Recipe
from fivefold.contracts.roles import Expander
from fivefold.contracts.rows import Rows
from fivefold.engine.loop import Job
from fivefold.engine.schedule import Limit
from fivefold.nets.build import build
from fivefold.step3_expand.image import ImageExpander


@pytest.fixture
def halves(tmp_path):
    """(rows, targets): 96 pictures of 12 x 12; class 1 is bright on the right."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 96)
    pictures = rng.integers(0, 100, (96, 12, 12, 3)).astype(np.uint8)
    for picture, target in zip(pictures, targets, strict=True):
        picture[:, 6:] += np.uint8(100 * target)
        picture[:, :6] += np.uint8(100 * (1 - target))
    file = tmp_path / "pictures.u8"
    pictures.tofile(file)
    rows = Rows(file=file, dtype="uint8", item_shape=(12, 12, 3), total=96, index=np.arange(96))
    return rows, targets.astype(np.int64)


@pytest.fixture
def recipe():
    return Recipe(net="convnet", width=0.25, size=(12, 12), batch=16, optimiser="muon", rate=0.1)


@final
class Disturbed(Expander):
    """The changes of `expander`, times what `disturb(call, batch)` gives; it may also raise."""

    def __init__(self, expander, disturb):
        self.record, self.expander, self.disturb = expander.record, expander, disturb
        self.calls = 0

    @classmethod
    def choose(cls, dataset, *, seed, given):  # noqa: ARG003
        raise AssertionError("what it changes was chosen before it was disturbed")

    def __call__(self, batch, targets, **given):
        self.calls += 1
        factor = self.disturb(self.calls, batch)
        x, targets = self.expander(batch, targets, **given)
        return (x if factor is None else x * factor), targets


@pytest.fixture
def disturbed(expander, monkeypatch):
    """Make an expander that is disturbed now and then; it is given one batch at a time."""
    monkeypatch.setattr("fivefold.engine.supply.TOGETHER_ROWS", 1)
    return lambda disturb, of=expander: Disturbed(of, disturb)


@pytest.fixture
def expander():
    """What the tiny world changes in its pictures."""
    record = ExpansionRecord(kind="image", settings={"shift": 1.0, "cutout": 0.2}, why={})
    return ImageExpander(record, classes=2)


@pytest.fixture
def job_of(halves, recipe, expander):
    """Make a job of a number of steps."""
    rows, targets = halves

    def make(steps=None, **changes):
        return Job(
            rows=rows,
            targets=targets,
            recipe=changes.get("recipe", recipe),
            expander=changes.get("expander", expander),
            limit=changes.get("limit") or Limit(steps=steps),
            device=torch.device("cpu"),
        )

    return make


@pytest.fixture
def net_of():
    """Make a fresh net of a recipe."""

    def make(recipe):
        return build(
            recipe, (3, 12, 12), 2, torch.full((3, 1, 1), 100.0), torch.full((3, 1, 1), 60.0)
        )

    return make
