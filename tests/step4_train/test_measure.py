"""Timing survives candidates that do not fit into memory, or diverge at once."""

import math
from dataclasses import replace

import pytest
import torch

from fivefold.contracts.records import ExpansionRecord, Recipe
from fivefold.engine.supply import Blocks
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train import measure
from fivefold.step4_train.line_up import make_plan
from fivefold.step4_train.members import Site
from fivefold.step4_train.plan import LEAST_SPEED, NOT_TIMED
from fivefold.step4_train.recipes import Wish
from fivefold.step4_train.work import Trainer

RECIPE = Recipe(net="convnet", width=0.25, size=(12, 12), batch=8, optimiser="muon", rate=0.05)


@pytest.fixture
def trainer(made_dataset, monkeypatch, tmp_path):
    """Who times a small net on 40 pictures."""
    monkeypatch.setattr(measure, "ENOUGH_SECONDS", 0.0)
    expander = ImageExpander(ExpansionRecord(kind="image", settings={}, why={}), classes=2)
    dataset = made_dataset(40, (12, 12, 3), 2)
    device = torch.device("cpu")
    return Trainer(Site(dataset=dataset, expander=expander, device=device, folder=tmp_path))


def short_of(rows, monkeypatch):
    """Make pictures of more rows at a time than that not fit into memory."""
    honest = ImageExpander.__call__

    def short(self, batch, targets, **given):
        if len(batch) > rows:
            raise MemoryError
        return honest(self, batch, targets, **given)

    monkeypatch.setattr(ImageExpander, "__call__", short)


def test_a_candidate_that_fits_in_parts_is_timed_in_parts(trainer, monkeypatch):
    short_of(3, monkeypatch)
    assert trainer.rows_per_second(RECIPE, seconds=60.0) > 0.0


def test_a_candidate_that_does_not_fit_at_all_has_no_speed(trainer, monkeypatch):
    short_of(0, monkeypatch)
    low = replace(RECIPE, low_size=(8, 8), low_share=0.45)
    assert trainer.rows_per_second(low, seconds=60.0) == 0.0


def test_a_net_that_cannot_even_be_built_has_no_speed(trainer, monkeypatch):
    def too_large(dataset, recipe):
        del dataset, recipe
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 7 bytes")

    monkeypatch.setattr(measure, "fresh_net", too_large)
    assert trainer.rows_per_second(RECIPE, seconds=60.0) == 0.0


def test_a_candidate_that_diverges_has_no_speed(trainer, monkeypatch):
    honest = ImageExpander.__call__

    def spoiled(self, batch, targets, **given):
        x, targets = honest(self, batch, targets, **given)
        return x * float("nan"), targets

    monkeypatch.setattr(ImageExpander, "__call__", spoiled)
    assert trainer.rows_per_second(RECIPE, seconds=60.0) == 0.0


class Short:
    """A launcher with memory for nets up to a width."""

    slots, apart, alone = 1, False, 1.0

    def __init__(self, width, slots=1):
        self.width, self.slots = width, slots

    def rows_per_second(self, recipe, *, seconds):
        del seconds
        return 1e5 / recipe.width if recipe.width <= self.width else 0.0


def test_the_plan_takes_what_fits(made_dataset):
    dataset = made_dataset(20_000, (32, 32, 3), 1)
    plan = make_plan(dataset, [Short(1.0)], 3600.0, Wish())
    assert plan.lines[0].recipe.width <= 1.0
    assert plan.notes == ()
    assert any(t.rows_per_second == LEAST_SPEED for t in plan.timings)


@pytest.mark.parametrize("company", [[], [Short(0.0, slots=2)]], ids=["alone", "beside others"])
def test_where_nothing_fits_there_is_a_plan_that_says_so(made_dataset, company):
    dataset = made_dataset(1000, (32, 32, 3), 5)
    plan = make_plan(dataset, [Short(0.0), *company], 600.0, Wish())
    assert plan.notes == (NOT_TIMED,)
    assert plan.lines


def test_company_for_which_memory_is_short_is_declined(made_dataset):
    dataset = made_dataset(1000, (32, 32, 3), 5)
    plan = make_plan(dataset, [Short(9.0), Short(0.0, slots=2)], 600.0, Wish())
    assert plan.slots == 1


@pytest.mark.parametrize(("seconds", "timed"), [(1.0, 1), (2.5, 1), (3.5, 2)])
def test_the_lower_resolution_is_timed_where_that_fits(trainer, monkeypatch, seconds, timed):
    now, calls = [0.0], []

    def two_seconds(ground, recipe, seconds):
        del ground, seconds
        calls.append(recipe.low_share)
        now[0] += 2.0
        return 1000.0

    monkeypatch.setattr(measure, "_timed", two_seconds)
    monkeypatch.setattr(measure.time, "perf_counter", lambda: now[0])
    low = replace(RECIPE, low_size=(8, 8), low_share=0.5)
    speed = trainer.rows_per_second(low, seconds=seconds)
    assert calls == [0.0, 1.0][:timed]
    faster = 1.0 if timed == 2 else 0.5 + 0.5 * (math.prod(RECIPE.size) / 64) ** measure.BY_PIXELS
    assert speed == pytest.approx(1000.0 * faster)


class Gpu:
    """A GPU in name: `steps` seconds each, and the times it was waited for."""

    def __init__(self, monkeypatch, step):
        self.now, self.waits = 0.0, 0
        self.step = step
        monkeypatch.setattr(measure.torch.cuda, "synchronize", self.wait)
        monkeypatch.setattr(measure.time, "perf_counter", lambda: self.now)

    def wait(self, device):
        assert device.type == "cuda"
        self.waits += 1

    def run(self, watch, steps):
        read = []
        for number in range(steps):
            self.now += self.step(number)
            read.append(watch.read())
        return read


def test_a_gpu_is_waited_for_now_and_then_when_it_is_set_up(monkeypatch):
    gpu = Gpu(monkeypatch, lambda number: 3.0 if number < 7 else 0.001)
    watch = measure._StopWatch(torch.device("cuda"), 0.0, Blocks())
    read = gpu.run(watch, 50)
    assert [number + 1 for number, one in enumerate(read) if one] == [10, 20, 30, 40, 50]
    assert gpu.waits == 9 + 5
    assert watch.per_step() == pytest.approx(0.001)
    assert watch.spent == pytest.approx(0.04)


def test_slow_steps_of_a_gpu_are_all_waited_for(monkeypatch):
    gpu = Gpu(monkeypatch, lambda _: 0.2)
    watch = measure._StopWatch(torch.device("cuda"), 0.0, Blocks())
    assert sum(gpu.run(watch, 15)) == 6
    assert watch.per_step() == pytest.approx(0.2)


def test_in_company_no_step_counts_before_the_others_have_begun(monkeypatch):
    gpu = Gpu(monkeypatch, lambda number: 0.03 if number < 33 else 0.01)
    watch = measure._StopWatch(torch.device("cuda"), 0.995, Blocks())
    read = gpu.run(watch, 100)
    assert read.index(True) == 33  # the first that ends after that moment
    assert watch.per_step() == pytest.approx(0.01)


def test_every_step_of_a_cpu_is_looked_at_but_the_first(monkeypatch):
    gpu = Gpu(monkeypatch, lambda _: 0.1)
    watch = measure._StopWatch(torch.device("cpu"), 0.0, Blocks())
    assert gpu.run(watch, 5) == [False, True, True, True, True]
    assert gpu.waits == 0
    assert watch.per_step() == pytest.approx(0.1)


def in_blocks(monkeypatch, steps, *, per_pass=100, hiccup=None):
    """Seconds of a step where every fourth takes 0.5 s and the others 0.1 s."""

    def seconds(number):
        first = number % per_pass % 4 == 0
        return 9.0 if number == hiccup else 0.5 if first else 0.1

    gpu = Gpu(monkeypatch, seconds)
    watch = measure._StopWatch(torch.device("cpu"), 0.0, Blocks(length=4, per_pass=per_pass))
    gpu.run(watch, steps)
    return watch.per_step()


@pytest.mark.parametrize("steps", [6, 7, 9, 14, 40, 41, 43])
def test_a_step_that_changes_the_data_of_several_counts_as_one_of_them(monkeypatch, steps):
    assert in_blocks(monkeypatch, steps) == pytest.approx(0.2)


def test_a_pass_ends_a_block(monkeypatch):
    """Of six steps in a pass two change data: those of four, and those of two."""
    assert in_blocks(monkeypatch, 40, per_pass=6) == pytest.approx((2 * 0.5 + 4 * 0.1) / 6)


def test_a_hiccup_does_not_count(monkeypatch):
    assert in_blocks(monkeypatch, 14, hiccup=13) == pytest.approx(0.2)
    assert in_blocks(monkeypatch, 14, hiccup=12) == pytest.approx(0.2)


def test_slow_steps_count_as_they_are_where_no_block_began(monkeypatch):
    assert in_blocks(monkeypatch, 4) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("length", "steps", "fair"), [(4, 4, False), (4, 5, True), (61, 61, False), (62, 5, True)]
)
def test_nobody_waits_for_a_block_that_begins_too_late(monkeypatch, length, steps, fair):
    gpu = Gpu(monkeypatch, lambda _: 0.1)
    blocks = Blocks(length=length, per_pass=1000)
    watch = measure._StopWatch(torch.device("cpu"), 0.0, blocks)
    gpu.run(watch, steps)
    assert watch.fair == fair


@pytest.mark.parametrize(
    ("seconds", "step"), [(60.0, 0.2 * 1.0 + 0.8 * 0.1), (1.35, 0.1)], ids=["enough", "too little"]
)
def test_timing_goes_on_until_a_block_began_where_there_is_time(
    trainer, monkeypatch, seconds, step
):
    """Passes of five steps, of which the first takes ten times as long as the others."""
    gpu = Gpu(monkeypatch, lambda number: 0.1 if number % 5 else 1.0)

    def train(net, job, watch):
        del net
        for number in range(job.limit.most):
            gpu.now += gpu.step(number)
            if watch.stop():
                break

    monkeypatch.setattr(measure, "train", train)
    speed = trainer.rows_per_second(RECIPE, seconds=seconds)
    assert speed == pytest.approx(RECIPE.batch / step)
