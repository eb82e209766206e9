"""Who holds on to good states of a training, on disk too, and goes back to them.

Two rhythms: a checkpoint goes by the clock. A good state goes with it, except where the number of
steps is fixed: there it goes by steps, so that a run that was killed and resumed goes back to the
very state that an undisturbed one goes back to, and ends in the same bits.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.engine.checkpoints import Checkpoint, DamagedError, Rhythm, Saved
from fivefold.engine.recovery import MOST_RETURNS, TOLERATED, WILD, DivergedError, Mishaps

if TYPE_CHECKING:
    from torch import Tensor

    from fivefold.engine.checkpoints import Moment
    from fivefold.engine.learner import Learner
    from fivefold.engine.schedule import Limit

KEEP_STEPS = 25  # between two good states where the number of steps is fixed
WAIT_STEPS = 25  # between two waits for a GPU, to see whether the loss is still a number


@final
class Keeper:
    """Keeps a learner's good states and its checkpoint; resumes from that where it can.

    Args:
        learner: As it is before its first step.
        limit: Of the training; begins where the checkpoint ended.
        batch: Rows per step.
        checkpoint: Where to save; None keeps good states in memory alone.
        of: What has to agree between this training and one that is resumed, as JSON values.

    Attributes:
        mishaps: What went wrong so far.
    """

    def __init__(
        self,
        learner: Learner,
        limit: Limit,
        batch: int,
        *,
        checkpoint: Checkpoint | None,
        of: dict[str, Any],
    ) -> None:
        self.mishaps = Mishaps(batch=batch, rows=batch)
        self._learner, self._limit = learner, limit
        self._checkpoint, self._of = checkpoint, of
        self._rhythm = checkpoint.rhythm if checkpoint else Rhythm()
        self._device = next(learner.net.parameters()).device
        # What is no number stays in a maximum, so nobody has to look at every loss.
        self._worst = torch.zeros((), device=self._device)
        with self._rhythm.timed():  # the first save waits as long as this copy is dear
            self._good = self._resumed() or learner.moment()

    def due(self) -> bool:
        """Whether it is time to save."""
        return self._rhythm.due()

    def keep(self, loss: Tensor, *, due: bool) -> bool:
        """Call after every step.

        Args:
            loss: Of the step, a scalar on the device.
            due: Whether to save now, if all is well.

        Returns:
            Whether all is well, as far as was looked; if not, call `go_back`.
        """
        self._worst = torch.maximum(self._worst, loss)
        step = self._learner.state.step
        good = due if self._limit.steps is None else step % KEEP_STEPS == 0
        if not (due or good):
            # A look waits for all that a GPU still has to do; on a CPU it costs nothing.
            looks = self._device.type == "cpu" or step % WAIT_STEPS == 0
            return not looks or self._loss_is_sound()
        with self._rhythm.timed() if due else nullcontext():
            sound = self.is_sound()
            if sound:
                self._hold(loss, good=good, save=due)
        return sound

    def is_sound(self) -> bool:
        """Whether losses are in bounds, weights and statistics numbers; waits for the device."""
        return self._loss_is_sound() and self._learner.finite()

    def go_back(self) -> None:
        """Put the learner back to the last good state, from where it goes on at a lower rate.

        Raises:
            DivergedError: It went back often enough.
        """
        if len(self.mishaps.returns) == MOST_RETURNS:
            step = self._learner.state.step
            raise DivergedError(
                f"it diverged at step {step}, after {MOST_RETURNS} returns to a good state, "
                "each at a lower rate"
            )
        self._learner.go_to(self._good)
        self._worst.zero_()
        self.mishaps.went_back(self._learner.state.step)

    def save(self) -> None:
        """Save the present state, for whoever goes on with it."""
        if self._checkpoint is not None:
            self._save(self._learner.moment())

    def _hold(self, loss: Tensor, *, good: bool, save: bool) -> None:
        now = self._learner.moment()
        mean, _ = self._learner.net.head.untrained()
        if good and float(loss) <= TOLERATED * self._at_first(mean):
            self._good = now
        if save:
            self._save(now)

    def _loss_is_sound(self) -> bool:
        worst = float(self._worst)
        _, most = self._learner.net.head.untrained()
        return math.isfinite(worst) and worst <= WILD * self._at_first(most)

    def _at_first(self, untrained: float) -> float:
        """The first loss of the training, or `untrained` where that is more."""
        curve = self._learner.state.curve
        return max(curve[0].loss, untrained) if curve else untrained

    def _save(self, now: Moment) -> None:
        if self._checkpoint is not None:
            saved = Saved(now=now, good=self._good, mishaps=asdict(self.mishaps))
            self._checkpoint.save(saved, self._of)

    def _resumed(self) -> Moment | None:
        """The good state of the checkpoint whose present one the learner goes on from."""
        if self._checkpoint is None:
            return None
        try:
            saved = self._checkpoint.load(self._of)
        except DamagedError as cause:
            self.mishaps.refused = str(cause)
            return None
        if saved is None:
            return None
        self._learner.go_to(saved.now)
        self.mishaps = Mishaps(**saved.mishaps)
        self._limit.begun = self._learner.state.progress
        return saved.good
