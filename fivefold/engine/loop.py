"""The one training loop. READ THIS to know how a net learns.

Axes: N rows, C channels, H W picture.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from fivefold.contracts.records import CurvePoint, Recipe
from fivefold.contracts.roles import Expander
from fivefold.contracts.rows import IntArray, Rows
from fivefold.engine.average import Lookahead
from fivefold.engine.batches import Batches, Position
from fivefold.engine.checkpoints import Checkpoint, optimiser_tensors, restore_optimisers
from fivefold.engine.optimisers import build_optimisers, rise_of, set_rate
from fivefold.engine.precision import autocast, channels_last
from fivefold.engine.schedule import Limit, rate
from fivefold.nets.base import Net
from fivefold.nets.blocks.pictures import plain

INITIAL_ROWS = 2000  # rows that data-driven initialisation sees
POINTS = 60  # of a learning curve
LOOKS = 5  # at the validation rows while training


class DivergedError(Exception):
    """The loss is not a number; the member has failed."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one net is trained on, and for how long.

    Attributes:
        rows: (N) training rows.
        targets: (N,) class numbers.
        recipe: How.
        expander: Label-preserving changes.
        limit: Seconds or steps.
        device: Where.
    """

    rows: Rows
    targets: IntArray
    recipe: Recipe
    expander: Expander
    limit: Limit
    device: torch.device


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who looks on: a validation score, a progress bar, a reason to stop early."""

    look: Callable[[Net], float] | None = None
    tick: Callable[[float, str], None] | None = None
    stop: Callable[[], bool] | None = None


@dataclass(kw_only=True)
class Training:
    """What came of it."""

    seconds: float
    epochs: float
    steps: int
    stopped: bool
    curve: tuple[CurvePoint, ...]


@final
@dataclass
class _State:
    """Where a training stands; what a checkpoint holds beside the tensors."""

    step: int = 0
    position: Position = field(default_factory=Position)
    curve: list[CurvePoint] = field(default_factory=list)
    seconds: float = 0.0
    progress: float = 0.0


def train(
    net: Net, job: Job, watch: Watch | None = None, checkpoint: Checkpoint | None = None
) -> Training:
    """Train `net` in place until its limit; it ends as the average of its weights.

    Args:
        net: Fresh or restored; moved to the job's device.
        job: Data, recipe and limit.
        watch: Looks on; may stop the training early.
        checkpoint: Saved to now and then, and resumed from where it stands.

    Raises:
        DivergedError: The loss stopped being a number.
    """
    return _Trainer(net, job, watch or Watch(), checkpoint).run()


@final
class _Trainer:
    """The loop with its state at hand."""

    def __init__(self, net: Net, job: Job, watch: Watch, checkpoint: Checkpoint | None) -> None:
        self.net = channels_last(net.to(job.device))
        self.job, self.watch, self.checkpoint = job, watch, checkpoint
        recipe = job.recipe
        self.batches = Batches(len(job.rows), recipe.batch, recipe.seed)
        self.generator = torch.Generator(job.device).manual_seed(recipe.seed)
        self.state = _State()
        saved = checkpoint.load() if checkpoint else None
        if saved is None:
            self._initialise()
        self.optimisers = build_optimisers(net, recipe)
        self.lookahead = Lookahead(net)
        if saved is not None:
            self._restore(*saved)

    def run(self) -> Training:
        """Batches until the limit, or until someone says stop."""
        limit, state, before = self.job.limit, self.state, self.state.seconds
        limit.restart()
        saved_at = time.monotonic()
        stopped = False
        stream = self.batches.start(state.position)
        while (progress := limit.progress(state.step)) < 1.0 and not stopped:
            state.progress = progress
            state.position, which = next(stream)
            with self._dropout_of_step():
                loss = self._step(which)
            state.step += 1
            state.seconds = before + limit.elapsed()
            self._note(loss)
            stopped = self.watch.stop is not None and self.watch.stop()
            if self.checkpoint and time.monotonic() - saved_at > self.checkpoint.every:
                self._save()
                saved_at = time.monotonic()
        if stopped:
            self._save()
        self.lookahead.finish(self.net)
        if not self._finite():
            raise DivergedError(f"a weight was no number after step {state.step}")
        return Training(
            seconds=state.seconds,
            epochs=state.step / self.batches.per_epoch,
            steps=state.step,
            stopped=stopped,
            curve=tuple(state.curve),
        )

    @contextmanager
    def _dropout_of_step(self) -> Iterator[None]:
        """Dropout draws from torch's global stream: make it depend on seed and step alone."""
        device = self.job.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(self.job.recipe.seed * 1_000_003 + self.state.step)
            yield

    def _step(self, which: IntArray) -> Tensor:
        recipe, progress = self.job.recipe, self.state.progress
        set_rate(self.optimisers, rate(progress, rise=rise_of(recipe)))
        x, target = self._batch(which)
        self.net.train()
        with autocast(self.job.device):
            output = self.net(x)
        loss = self.net.head.loss(output.float(), target, smoothing=recipe.smoothing)
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        torch.autograd.backward(loss)
        for optimiser in self.optimisers:
            optimiser.step()
        self.lookahead.after_step(self.net, step=self.state.step, progress=progress)
        return loss.detach()

    def _batch(self, which: IntArray) -> tuple[Tensor, Tensor]:
        recipe, device = self.job.recipe, self.job.device
        low = recipe.low_size and self.state.progress < recipe.low_share
        mirrored = self.batches.mirrored(which, self.state.position.epoch)
        return self.job.expander(
            torch.from_numpy(self.job.rows.take(which)).to(device),
            torch.from_numpy(self.job.targets[which]).to(device),
            generator=self.generator,
            size=recipe.low_size if low else recipe.size,
            mirrored=torch.from_numpy(mirrored).to(device),
        )

    def _note(self, loss: Tensor) -> None:
        """A point of the curve now and then; the only place that waits for the device."""
        state, curve = self.state, self.state.curve
        if len(curve) > state.progress * POINTS:
            return
        value = float(loss)
        if not np.isfinite(value):
            raise DivergedError(f"the loss became {value} at step {state.step}")
        epoch = state.step / self.batches.per_epoch
        looked = sum(point.validation is not None for point in curve)
        score = None
        if self.watch.look is not None and state.progress * (LOOKS + 1) > looked + 1:
            score = self.watch.look(self.net)
        share = rate(state.progress, rise=rise_of(self.job.recipe))
        curve.append(
            CurvePoint(
                seconds=round(state.seconds, 2),
                epoch=round(epoch, 3),
                loss=round(value, 5),
                rate=round(share * self.job.recipe.rate, 6),
                validation=score,
            )
        )
        if self.watch.tick is not None:
            self.watch.tick(state.progress, f"epoch {epoch:.1f}, loss {value:.3f}")

    def _initialise(self) -> None:
        some = np.random.default_rng(self.job.recipe.seed).permutation(len(self.job.rows))
        items = self.job.rows.take(np.sort(some[:INITIAL_ROWS]))
        x = torch.from_numpy(items).to(self.job.device)
        x = plain(x, self.job.recipe.size) if self.job.recipe.size else x.float()
        self.net.encoder.initialise(self.net.normalise(x))

    def _finite(self) -> bool:
        return all(bool(p.isfinite().all()) for p in self.net.parameters())

    def _save(self) -> None:
        if self.checkpoint is None or not self._finite():
            return  # a net that diverged must not be resumed from
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.lookahead.average.items()}
        tensors |= optimiser_tensors(self.optimisers)
        tensors["generator"] = self.generator.get_state()
        self.checkpoint.save(tensors, asdict(self.state))

    def _restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        def part(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        self.net.load_state_dict(part("net."))
        for name, value in part("average.").items():
            self.lookahead.average[name].copy_(value)
        restore_optimisers(self.optimisers, tensors)
        self.generator.set_state(tensors["generator"])
        self.state = _State(
            step=facts["step"],
            position=Position(**facts["position"]),
            curve=[CurvePoint(**point) for point in facts["curve"]],
            seconds=facts["seconds"],
            progress=facts["progress"],
        )
        self.job.limit.begun = self.state.progress
