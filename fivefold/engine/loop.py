"""The one training loop. READ THIS to know how a net learns.

Axes: N rows, C channels, H W picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from torch import Tensor

from fivefold.contracts.records import CurvePoint, Recipe
from fivefold.contracts.roles import Expander
from fivefold.contracts.rows import IntArray, Rows, Targets
from fivefold.engine.batches import Batches
from fivefold.engine.feed import Feed
from fivefold.engine.keeper import Keeper
from fivefold.engine.learner import Learner
from fivefold.engine.memory import kept_memory
from fivefold.engine.optimisers import rise_of, set_rate
from fivefold.engine.peers import ALONE, Peers
from fivefold.engine.precision import autocast, channels_last, seed_all
from fivefold.engine.recovery import DivergedError, TooLargeError, halving, within_memory
from fivefold.engine.replay import Replay, Tensors
from fivefold.engine.schedule import Limit, rate
from fivefold.engine.supply import Changed, Raw, Supply
from fivefold.nets.base import Net

if TYPE_CHECKING:
    from fivefold.engine.checkpoints import Checkpoint

__all__ = ["DivergedError", "Job", "TooLargeError", "Training", "Watch", "train"]

INITIAL_ROWS = 2000  # rows that data-driven initialisation sees,
INITIAL_PIXELS = INITIAL_ROWS * 32 * 32  # fewer where pictures are large: patches are what counts
POINTS = 60  # of a learning curve
LOOKS = 5  # at the validation rows while training
PURPOSES = 3  # that chance is drawn for, each from its own seed
DROPOUT, STEP, BLOCK = range(PURPOSES)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one net is trained on, and for how long.

    Attributes:
        rows: (N) training rows.
        targets: (N, ...) as the head reads them: (N,) class numbers say.
        recipe: How.
        expander: Label-preserving changes.
        limit: Seconds or steps.
        device: Where.
        peers: The processes that train it together, each on its share of every batch.
        fresh: Whether weights that come from the data are still to be set; False for a net that
            was trained before.
    """

    rows: Rows
    targets: Targets
    recipe: Recipe
    expander: Expander
    limit: Limit
    device: torch.device
    peers: Peers = ALONE
    fresh: bool = True


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who looks on: a validation score, a progress bar, a reason to stop early."""

    look: Callable[[Net], float] | None = None
    tick: Callable[[float, str], None] | None = None
    stop: Callable[[], bool] | None = None


@dataclass(kw_only=True)
class Training:
    """What came of it.

    Attributes:
        seconds: Wall-clock, earlier sittings included.
        epochs: Passes over the rows.
        steps: Of the optimisers.
        stopped: Somebody asked it to end early.
        curve: Points of the learning curve.
        notes: What went wrong and what was done about it, in sentences.
    """

    seconds: float
    epochs: float
    steps: int
    stopped: bool
    curve: tuple[CurvePoint, ...]
    notes: tuple[str, ...]


def train(
    net: Net, job: Job, watch: Watch | None = None, checkpoint: Checkpoint | None = None
) -> Training:
    """Train `net` in place until its limit; it ends as the average of its weights.

    When the loss grows without bound, or a weight is no number, training goes back to the last good
    state and on at a lower rate. When memory is short, a batch is trained in parts whose gradients
    are averaged: steps are as before, but batch norms then see, and count, a part at a time, and
    rows are mixed (mixup, cutmix) within a part.

    Args:
        net: Fresh, unless the job says otherwise; moved to the job's device.
        job: Data, recipe and limit.
        watch: Looks on; may stop the training early.
        checkpoint: Saved to now and then, and resumed from where it stands.

    Raises:
        DivergedError: It diverged again and again.
        TooLargeError: It cannot be trained in the memory there is.
    """
    with within_memory(), kept_memory():
        return _Trainer(net, job, watch or Watch(), checkpoint).run()


@final
class _Trainer:
    """The loop with its state at hand."""

    def __init__(self, net: Net, job: Job, watch: Watch, checkpoint: Checkpoint | None) -> None:
        self.job, self.watch, self.peers = job, watch, job.peers
        self.net = channels_last(net.to(job.device))
        self.batches = Batches(len(job.rows), job.recipe.batch, job.recipe.seed)
        job.limit.restart()  # what follows takes time as well
        if job.fresh:
            pixels = math.prod(job.recipe.size) or 1
            halving(self._initialise, min(INITIAL_ROWS, max(1, INITIAL_PIXELS // pixels)))
        self.peers.level(self.net.state_dict().values())
        self.learner = Learner(net, job.recipe, job.device)
        feed = Feed(job.rows, job.targets, job.device)
        self.supply = Supply(
            feed,
            self.batches,
            job.expander,
            generator=self.learner.generator,
            share=self.peers.share,
            seed=lambda step: self._seed(step, BLOCK),
        )
        self.trained = [p for p in net.parameters() if p.requires_grad]
        steady = job.device.type == "cuda" and job.expander.steady
        steady = steady and net.encoder.steady and net.head.steady
        self.replay = Replay(self.learner.generator) if steady else None
        self.keeper = Keeper(
            self.learner, job.limit, self.batches.size, checkpoint=checkpoint, of=self._identity()
        )
        if self.keeper.mishaps.alone:
            self.supply.spare()
        self.stream = self.batches.start(self.learner.state.position)
        self.before = self.learner.state.seconds

    def run(self) -> Training:
        """Batches until the limit, or until someone says stop; what comes out is sound."""
        stopped = self._learn()
        while not self.keeper.is_sound():
            self._go_back()
            stopped = stopped or self._learn()
        if stopped:
            self.keeper.save()
        state = self.learner.state
        self.learner.lookahead.finish(self.net, steps=state.step)
        return Training(
            seconds=state.seconds,
            epochs=self.batches.passes(state.step),
            steps=state.step,
            stopped=stopped,
            curve=tuple(state.curve),
            notes=self.keeper.mishaps.notes(),
        )

    def _learn(self) -> bool:
        """Steps until the limit; True where somebody stopped it before."""
        stop = self.watch.stop
        self.net.train()
        progress, _, due = self._agreed(stop=False)
        while progress < 1.0:
            loss = self._step(progress)
            self._note(loss)
            if not self.keeper.keep(loss, due=due):
                self._go_back()
            progress, stopped, due = self._agreed(stop=stop is not None and stop())
            if stopped:
                return True
        return False

    def _agreed(self, *, stop: bool) -> tuple[float, bool, bool]:
        """Progress, whether to stop, and whether to save after the next step: alike on all peers.

        They go by the clock or a signal, of which every process has its own.
        """
        progress = self.job.limit.progress(self.learner.state.step)
        progress, stopped, due = self.peers.agree(progress, stop, self.keeper.due())
        return progress, bool(stopped), bool(due)

    def _go_back(self) -> None:
        self.keeper.go_back()
        self.supply.let_go()  # what spoiled the net may lie in there
        self.stream = self.batches.start(self.learner.state.position)

    def _step(self, progress: float) -> Tensor:
        """One batch, one step of the optimisers; the mean loss stays on the device."""
        learner, mishaps = self.learner, self.keeper.mishaps
        learner.state.progress = progress
        learner.state.position, batch = next(self.stream)
        set_rate(learner.optimisers, self._rate())
        own = self.peers.share(batch)
        most = min(mishaps.rows, max(1, len(own)))  # one of several processes has a share
        rows, loss = halving(partial(self._gradients, own, self._count(batch)), most, self._spare)
        if rows < most:
            mishaps.rows = rows
        loss = self.peers.combine(self.net, loss, len(own) / len(batch))
        for optimiser in learner.optimisers:
            optimiser.step()
        learner.lookahead.after_step(self.net, step=learner.state.step, progress=progress)
        learner.state.step += 1
        learner.state.seconds = self.before + self.job.limit.elapsed()
        return loss

    def _spare(self) -> bool:
        """Give up changing several batches at once, for good: others are drawn alone."""
        self.keeper.mishaps.alone = True
        return self.supply.spare()

    def _rate(self) -> float:
        """Share of the recipe's peak rate at which the next step is made."""
        planned = rate(self.learner.state.progress, rise=rise_of(self.job.recipe))
        return planned * self.keeper.mishaps.rate

    def _gradients(self, own: IntArray, whole: int, rows: int) -> Tensor:
        """Leave in the net what this process's rows of a batch add to its mean gradient.

        Args:
            own: Those rows.
            whole: What the batch's mean loss is a mean over.
            rows: Most that are computed at a time.

        Returns:
            What they add to the mean loss, on the device.
        """
        self._forget_gradients()
        if len(own) > rows:
            return self._in_parts(own, whole, -(-len(own) // rows))
        share = self._count(own) / whole
        if self.replay is not None:
            with self._chance_of_step():
                return self._replayed(self.replay, own, share)
        changed = self.supply.batch(self.learner.state.position, self._size())
        with self._chance_of_step():
            return self._add_gradients(changed, share)

    def _in_parts(self, own: IntArray, whole: int, parts: int) -> Tensor:
        self.replay = None  # memory is short, and a recording holds that of a whole batch
        total = torch.zeros((), device=self.job.device)
        with self._chance_of_step():
            for first in range(parts):
                # Rows come sorted, often by class: in strides every part sees them all.
                some = own[first::parts]
                changed = self.supply.changed(self._raw(some), self._size())
                total += self._add_gradients(changed, self._count(some) / whole)
        return total

    def _count(self, which: IntArray) -> int:
        """How many the mean loss of rows is a mean over; at least 1."""
        return max(1, self.net.head.count(torch.from_numpy(self.job.targets[which])))

    def _add_gradients(self, changed: Changed, share: float) -> Tensor:
        """Add `share` of a batch's gradients to those of the net; gives that share of the loss."""
        x, target = changed
        blend, target = self.job.expander.blend(target, generator=self.learner.generator)
        with autocast(self.job.device):
            output = self.net(x, blend)
        loss = self.net.head.loss(output.float(), target, smoothing=self.job.recipe.smoothing)
        torch.autograd.backward(loss, torch.full_like(loss, share))
        return share * loss.detach()

    def _replayed(self, replay: Replay, which: IntArray, share: float) -> Tensor:
        """Changes of a batch and `_add_gradients` to none, without Python where it can."""

        def work(raw: Raw, size: tuple[int, ...], share: float) -> Tensors:
            self._forget_gradients()
            loss = self._add_gradients(self.supply.changed(raw, size), share)
            return loss, *(p.grad for p in self.trained if p.grad is not None)

        loss, *gradients = replay(work, self._raw(which), self._size(), share)
        for p, gradient in zip(self.trained, gradients, strict=True):
            p.grad = gradient
        return loss.clone()

    def _forget_gradients(self) -> None:
        for p in self.trained:
            p.grad = None

    def _raw(self, which: IntArray) -> Raw:
        return self.supply.raw(which, self.learner.state.position.epoch)

    def _size(self) -> tuple[int, ...]:
        recipe = self.job.recipe
        low = recipe.low_size and self.learner.state.progress < recipe.low_share
        return recipe.low_size if low else recipe.size

    @contextmanager
    def _chance_of_step(self) -> Iterator[None]:
        """All that is drawn depends on seed and step alone; dropout draws from torch's stream."""
        device, step = self.job.device, self.learner.state.step
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            seed_all(device, self._seed(step, DROPOUT))
            self.learner.generator.manual_seed(self._seed(step, STEP))
            yield

    def _seed(self, step: int, purpose: int) -> int:
        return self.peers.seed((self.job.recipe.seed * 1_000_003 + step) * PURPOSES + purpose)

    def _note(self, loss: Tensor) -> None:
        """A point of the curve now and then; there it waits for the device."""
        state = self.learner.state
        if len(state.curve) > state.progress * POINTS or not np.isfinite(value := float(loss)):
            return
        epoch = self.batches.passes(state.step)
        looked = sum(point.validation is not None for point in state.curve)
        score = None
        if self.watch.look is not None and state.progress * (LOOKS + 1) > looked + 1:
            score = self.watch.look(self.net)
            self.net.train()
        state.curve.append(
            CurvePoint(
                seconds=round(state.seconds, 2),
                epoch=round(epoch, 3),
                loss=round(value, 5),
                rate=round(self._rate() * self.job.recipe.rate, 6),
                validation=score,
            )
        )
        if self.watch.tick is not None:
            self.watch.tick(state.progress, f"epoch {epoch:.1f}, loss {value:.3f}")

    def _initialise(self, rows: int) -> None:
        some = np.random.default_rng(self.job.recipe.seed).permutation(len(self.job.rows))
        items = self.job.rows.take(np.sort(some[:rows]))
        x = torch.from_numpy(items).to(self.job.device)
        x = self.net.intake.plain(x, self.job.recipe.size)
        self.net.encoder.initialise(self.net.normalise(x))

    def _identity(self) -> dict[str, Any]:
        """What has to agree between a checkpoint and the training that goes on from it."""
        shapes = {name: list(value.shape) for name, value in self.net.state_dict().items()}
        return {"recipe": asdict(self.job.recipe), "rows": len(self.job.rows), "shapes": shapes}
