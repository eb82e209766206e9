"""The plan: which nets, how wide, at which resolution, how many - from measured throughput.

The rule is one line: take the largest net that can still be shown enough pictures in the time
there is. What "enough" means was measured (lab/LOG.md) and stands in `wanted_epochs`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import Plan, PlanLine, Recipe, Timing
from fivefold.step4_train.members import VIEW_ROWS
from fivefold.step4_train.recipes import (
    Wish,
    candidates,
    least_epochs,
    smaller_batches,
    train_rows,
    wanted_epochs,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.orders import Launcher
    from fivefold.contracts.records import Dataset

VIEWS = (6, 2, 1)  # passes per answer with all test-time views, with the mirrored one, with none
ANSWERING_SHARE = 0.09  # of the time; where all views would take more, it is better spent training
ANSWER_SPEED = 2.0  # a row is answered about that much faster than it is trained on (lab/LOG.md)
MOST_TIMES = 6  # the nets of a fold where time is plenty
MOST_TIMED = 3  # candidates; timing is time not trained
TIMING_SHARE = 0.05  # of the time for nets, after which no further candidate is timed
FREE = 0.95  # of the speed of one net alone, at which a net in company costs nothing
SETUP_SECONDS = 1.0  # of a net: filters from the data, first steps
LEAST_SPEED = 0.01  # rows per second; below, a candidate could not be timed at all
NOT_TIMED = "even the smallest net could not be timed: memory was short, it diverged or failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answering:
    """Seconds that one net needs to answer, beside its training: held-out rows, vault rows.

    `views` is the number of passes per answer that this counts on.
    """

    held: float
    vault: float
    views: int


def plan_encoder(
    dataset: Dataset, launchers: Sequence[Launcher], seconds: float, wish: Wish
) -> Plan:
    """Time candidates of one encoder and fill `seconds` with its nets.

    Args:
        dataset: Open rows.
        launchers: Where nets can run; the first trains one net at a time on the whole machine. One
            of another machine trains them all; the first is then timed for its answers only.
        seconds: For timing and training together.
        wish: What the user asked.
    """
    trial = _Trial(dataset, seconds, wish)
    ladder = candidates(dataset, wish)
    apart = next((launcher for launcher in launchers if launcher.apart), None)
    rung = trial.climb(ladder, apart or launchers[0])
    alone = trial.chosen
    if apart:
        alone = trial.time(trial.chosen.recipe, launchers[0])
    for company in () if apart else launchers[1:]:
        trial.accompany(ladder, rung, company)
    trial.settle_nets()
    best = trial.chosen
    timings = tuple(replace(t, chosen=t is best) for t in trial.timings)
    notes = (NOT_TIMED,) if best.rows_per_second <= LEAST_SPEED else ()
    answering = trial.answering(best.rows_per_second)
    at_the_end = alone.rows_per_second * launchers[0].alone
    return Plan(
        lines=_lines(dataset, best, trial),
        timings=timings,
        notes=notes,
        slots=best.slots,
        alone=trial.alone,
        held_seconds=answering.held * best.slots,
        # By the same views: nets have settled on theirs when they answer for the vault.
        vault_seconds=_answering(dataset, wish, at_the_end, answering.views).vault,
        views=answering.views,
    )


class _Trial:
    """Times rungs of the ladder and climbs as high as the time allows.

    Attributes:
        seconds: What is left for nets.
        nets: How many there will be.
        timings: All that was timed.
        chosen: The timing that the plan is made from.
        single: The best timing without company.
        alone: `Plan.alone`.
        full: `PlanLine.full`.
    """

    chosen: Timing
    single: Timing
    alone = 1.0
    full = False

    def __init__(self, dataset: Dataset, seconds: float, wish: Wish) -> None:
        self.dataset, self.wish = dataset, wish
        self.seconds = seconds
        self.nets = wish.nets or dataset.n_folds
        self.fleet = self.nets + wish.company
        self.least_nets = 1
        self.timings: list[Timing] = []
        self._until = time.monotonic() + TIMING_SHARE * seconds

    def climb(self, ladder: list[Recipe], launcher: Launcher) -> int:
        """The highest rung that can still be shown enough rows.

        Which rung is timed next goes by the cost of the one just timed, so most are not.
        """
        rung, good, too_dear = 0, 0, len(ladder)
        while True:
            timing = self.time(ladder[rung], launcher)
            if rung == 0 or self._enough(timing):
                good, self.chosen = rung, timing
            if not self._enough(timing):
                too_dear = rung
            possible = [
                r for r in range(good + 1, too_dear) if self._enough(_guess(timing, ladder[r]))
            ]
            late = time.monotonic() > self._until
            if not possible or len(self.timings) == MOST_TIMED or late:
                break
            rung = possible[-1]
        self.single = self.chosen
        return good

    def accompany(self, ladder: list[Recipe], rung: int, company: Launcher) -> None:
        """Whether nets side by side are shown more than one after the other; then climb on."""
        if self.fleet < company.slots or time.monotonic() > self._until:
            return
        timing = self.time(ladder[rung], company)
        if self._together(timing) <= self.chosen.rows_per_second:
            return
        each = timing.rows_per_second / timing.slots
        self.alone = min(1.0, each / self.chosen.rows_per_second)
        self.chosen = timing
        higher = ladder[rung + 1 : rung + 2]
        if higher and self._enough(_guess(timing, higher[0])):
            timing = self.time(higher[0], company)
            if self._enough(timing):
                self.chosen = timing

    def _together(self, timing: Timing) -> float:
        """Rows per second over all nets; a last one without company leaves cores idle."""
        full, odd = divmod(self.fleet, timing.slots)
        alone = self.chosen.rows_per_second
        last = 1 / alone if odd == 1 else timing.slots / timing.rows_per_second * bool(odd)
        return self.fleet / (full * timing.slots / timing.rows_per_second + last)

    def seconds_each(self) -> float:
        """Seconds of the whole machine that one net gets, its answers included."""
        return self.seconds / self.nets

    def time(self, recipe: Recipe, launcher: Launcher) -> Timing:
        """What `launcher` makes of a recipe; the time that takes is no longer there for nets."""
        begin = time.monotonic()
        found = launcher.rows_per_second(recipe, seconds=max(0.0, self._until - begin))
        if launcher.apart:  # a machine that is left idle makes no other one faster
            self.least_nets = launcher.slots
            found *= self.nets / (-(-self.nets // launcher.slots) * launcher.slots)
        speed = max(LEAST_SPEED, found)
        self.seconds = max(0.0, self.seconds - (time.monotonic() - begin))
        timing = Timing(
            recipe=replace(recipe, epochs=round(self._epochs(speed), 1)),
            rows_per_second=max(LEAST_SPEED, round(speed, 1)),
            chosen=False,
            slots=launcher.slots,
        )
        self.timings.append(timing)
        return timing

    def answering(self, speed: float) -> Answering:
        """With as many test-time views as the time is good for."""
        return answering_within(self.dataset, self.wish, speed, self.seconds_each())

    def _beside(self, speed: float) -> float:
        """Seconds of a net that it does not train."""
        answering = self.answering(speed)
        return answering.held + answering.vault + SETUP_SECONDS

    def _epochs(self, speed: float) -> float:
        training = max(0.0, self.seconds_each() - self._beside(speed))
        return speed * training / max(1, train_rows(self.dataset))

    def _enough(self, timing: Timing) -> bool:
        wanted = wanted_epochs(self.dataset, timing.recipe)
        least = least_epochs(self.dataset, timing.recipe)
        return self._epochs(timing.rows_per_second) >= max(wanted, least)

    def settle_nets(self) -> None:
        """How many there are, at the speed at which they will be trained."""
        if not self._enough(self.chosen):
            self._fewer_nets()
        elif not self.wish.nets:
            self._more_nets()

    def _fewer_nets(self) -> None:
        """Where even the cheapest net would see far too little, fewer nets see more each."""
        timing = self.chosen
        speed, wanted = timing.rows_per_second, wanted_epochs(self.dataset, timing.recipe)
        enough = max(wanted / 2, least_epochs(self.dataset, timing.recipe))
        least = self.nets if self.wish.nets else max(self.least_nets, self._free_company())
        while self.nets > least and self._epochs(speed) < enough:
            self.nets -= 1
        if self.nets + self.wish.company < timing.slots:  # the company is gone
            timing, self.alone = self.single, 1.0
        self._settle(timing)

    def _free_company(self) -> int:
        """Nets side by side of which each is shown as many rows as one alone would be."""
        company, alone = self.chosen, self.single
        each = company.rows_per_second / company.slots
        same = _cost(company.recipe) == _cost(alone.recipe)
        return company.slots if same and each >= FREE * alone.rows_per_second else 1

    def _more_nets(self) -> None:
        """Where a net would be shown more than it can use, further nets do better (lab/LOG.md).

        Time that even those cannot use is left to other encoders.
        """
        timing = self.chosen
        most = catalog.entry("encoder", timing.recipe.net).facts.get("most", math.inf)
        wanted = most * wanted_epochs(self.dataset, timing.recipe)
        useful = max(wanted, least_epochs(self.dataset, timing.recipe))
        speed = timing.rows_per_second
        times = int(min(self._epochs(speed) / useful, MOST_TIMES))
        if times > 1:
            self.nets, self.fleet = self.nets * times, self.nets * times + self.wish.company
        each = self._beside(speed) + useful * train_rows(self.dataset) / speed
        self.full = self.nets * each < self.seconds
        self.seconds = min(self.seconds, self.nets * each)
        self._settle(timing)

    def _settle(self, timing: Timing) -> None:
        """Take a timing with the passes that a net gets now, and batches that suit them."""
        recipe = replace(timing.recipe, epochs=round(self._epochs(timing.rows_per_second), 1))
        self.chosen = replace(timing, recipe=smaller_batches(self.dataset, recipe))
        self.timings[self.timings.index(timing)] = self.chosen


def _guess(timing: Timing, recipe: Recipe) -> Timing:
    """What `recipe` would give if time went by cost alone."""
    speed = timing.rows_per_second * _cost(timing.recipe) / _cost(recipe)
    return replace(timing, recipe=recipe, rows_per_second=speed)


def _cost(recipe: Recipe) -> float:
    """Time of one row, up to a factor, on the hopeful side: timing tells in the end.

    Arithmetic grows with the square of the width, but narrow nets are bound by memory.
    """
    places = math.prod(recipe.size)  # of clips: frames, too
    return recipe.width * places


def answering_within(dataset: Dataset, wish: Wish, speed: float, seconds: float) -> Answering:
    """Of a net that gets `seconds`: by as many views as such a time is good for."""
    found = [_answering(dataset, wish, speed, views) for views in VIEWS]
    most = ANSWERING_SHARE * seconds
    return next((one for one in found if one.held + one.vault <= most), found[-1])


def _answering(dataset: Dataset, wish: Wish, rows_per_second: float, views: int) -> Answering:
    """What answering by `views` will cost a net that trains `rows_per_second`."""
    held = int((dataset.folds >= 0).sum()) // max(1, dataset.n_folds)
    per_row = views / (ANSWER_SPEED * rows_per_second)
    chosen = 2 * min(held, VIEW_ROWS) if views > 1 else 0  # to find out which views help
    return Answering(held=(held + chosen) * per_row, vault=wish.vault_rows * per_row, views=views)


def _lines(dataset: Dataset, best: Timing, trial: _Trial) -> tuple[PlanLine, ...]:
    recipe, each = best.recipe, trial.seconds_each()
    size = "x".join(map(str, recipe.size)) or "-"
    beside = f" by {best.slots} nets side by side" if best.slots > 1 else ""
    why = (
        f"{best.rows_per_second:,.0f} rows/s measured{beside}: {recipe.epochs:.1f} passes in "
        f"{each * best.slots:.0f} s a net (width {recipe.width:g} wants "
        f"{wanted_epochs(dataset, recipe):.1f}), size {size}"
    )
    lines = lines_of(recipe, trial.nets, dataset.n_folds, seconds=each, why=why)
    return tuple(replace(line, full=trial.full) for line in lines)


def lines_of(
    recipe: Recipe, nets: int, folds: int, *, seconds: float, why: str, steps: int | None = None
) -> tuple[PlanLine, ...]:
    """Members of a net per fold until there are `nets` of them; `seconds` are those of one net."""
    return tuple(
        PlanLine(
            member=f"{recipe.net}-{first // folds + 1}",
            recipe=replace(recipe, seed=recipe.seed + 1000 * (first // folds)),
            seconds=round(seconds * min(folds, nets - first), 1),
            nets=min(folds, nets - first),
            why=why,
            steps=steps,
        )
        for first in range(0, nets, folds)
    )
