"""Step 4, train: the traditional opponent, then several deep nets, inside their share of time."""

from __future__ import annotations

from dataclasses import dataclass

from fivefold.contracts import saving
from fivefold.contracts.records import Fleet, Member, Plan, PlanLine
from fivefold.engine.schedule import Limit
from fivefold.plumbing.clock import Clock
from fivefold.step4_train.members import Site, TrainedFold, join_folds, train_fold
from fivefold.step4_train.plan import Wish, answering_seconds, make_plan

__all__ = ["Share", "Site", "Wish", "plan_nets", "train_nets"]

LEAST_SECONDS = 1.0  # a net that would get less is not begun


@dataclass(frozen=True, kw_only=True)
class Share:
    """The time that step 4 may use.

    Attributes:
        clock: The budget of the whole command.
        reserve: Seconds that later steps need.
    """

    clock: Clock
    reserve: float

    def left(self) -> float:
        """Seconds left for training."""
        return self.clock.left() - self.reserve


def plan_nets(site: Site, share: Share, wish: Wish) -> Plan:
    """The plan of the deep nets, or the one this run already made.

    A resumed run keeps its plan, so that half-trained nets go on as they began.
    """
    if saving.exists(site.folder, "plan"):
        return saving.load(Plan, site.folder, "plan")
    plan = make_plan(site.dataset, site.expander, share.left(), wish, site.device)
    saving.save(plan, site.folder, "plan")
    return plan


def train_nets(
    site: Site, plan: Plan, wish: Wish, share: Share, opponents: tuple[Member, ...]
) -> Fleet:
    """Train the planned nets one after the other; each takes an equal part of what is left.

    A net that fails is recorded and the others go on.
    """
    members: list[Member] = []
    degraded: list[str] = []
    todo = sum(line.nets for line in plan.lines)
    speed = next((t.rows_per_second for t in plan.timings if t.chosen), 1.0)
    answering = answering_seconds(site.dataset, wish, speed)
    for_vault = todo * answering.vault
    for line in plan.lines:
        folds: list[TrainedFold] = []
        for number in range(line.nets):
            seconds = (share.left() - for_vault) / todo - answering.held
            todo -= 1
            done = _one(site, line, number, seconds, folds, degraded)
            if done is not None:
                folds.append(done)
        if folds and line.recipe is not None:
            members.append(join_folds(site.dataset, line.member, line.recipe, folds))
    return Fleet(members=(*opponents, *members), plan=plan, degraded=tuple(degraded))


def _one(
    site: Site,
    line: PlanLine,
    number: int,
    seconds: float,
    before: list[TrainedFold],
    degraded: list[str],
) -> TrainedFold | None:
    title = f"{line.member}/{number}"
    begun = any((site.folder / line.member).glob(f"{number}.*"))
    if line.recipe is None or (not begun and (site.stop() or seconds < LEAST_SECONDS)):
        reason = "the run was interrupted" if site.stop() else "no time was left"
        degraded.append(f"net {title} was not trained: {reason}")
        return None
    views = before[0].views if before else None
    try:
        done = train_fold(site, line.member, line.recipe, number, Limit(seconds=seconds), views)
    except Exception as cause:  # noqa: BLE001 - whatever one net dies of, the others go on
        degraded.append(f"net {title} failed: {type(cause).__name__}: {cause}")
        return None
    if done.stopped:
        degraded.append(f"net {title} was interrupted after {done.fold.epochs:.1f} passes")
    return done
