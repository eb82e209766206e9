"""Step 4, train: several deep nets on the same rows, inside their share of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold.contracts import saving
from fivefold.contracts.orders import Launcher, Order
from fivefold.contracts.records import Fleet, Member, Plan, PlanLine
from fivefold.step4_train.foreman import LEAST_SECONDS, Audience, PlanForeman, Share
from fivefold.step4_train.line_up import expected_nets, make_plan, make_plan_of_steps
from fivefold.step4_train.members import Site, TrainedFold, join_folds
from fivefold.step4_train.recipes import Wish, check_net, train_rows
from fivefold.step4_train.staff import help_train, hire

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "LEAST_SECONDS",
    "Audience",
    "Launcher",
    "Share",
    "Site",
    "Wish",
    "check_net",
    "expected_nets",
    "help_train",
    "hire",
    "plan_nets",
    "train_nets",
]

FULL = 1.2  # times its planned passes are the most for a net that more would do no good


def plan_nets(site: Site, launchers: Sequence[Launcher], share: Share, wish: Wish) -> Plan:
    """The plan of the deep nets, or the one this run already made.

    A resumed run keeps its plan, so that half-trained nets go on as they began.
    """
    if saving.exists(site.folder, "plan"):
        return saving.load(Plan, site.folder, "plan")
    for launcher in launchers:
        launcher.get_ready()  # what is timed beside workers that start comes out far too slow
    if wish.steps is None:
        plan = make_plan(site.dataset, launchers, share.left(), wish)
    else:
        plan = make_plan_of_steps(site.dataset, launchers, wish.steps, wish)
    saving.save(plan, site.folder, "plan")
    return plan


def train_nets(
    site: Site, launchers: Sequence[Launcher], plan: Plan, share: Share, audience: Audience
) -> Fleet:
    """Train the planned nets, `plan.slots` side by side; each takes its part of what is left.

    A net that fails is recorded and the others go on.
    """
    # A resumed run may find another number of cores than the plan was made for, or a cluster.
    launcher = min(launchers, key=lambda one: (not one.apart, abs(one.slots - plan.slots)))
    foreman = PlanForeman(plan, launcher.slots, site.folder, share, audience)
    rows = train_rows(site.dataset)
    launcher.run([order for line in plan.lines for order in _orders(line, rows)], foreman)
    members: list[Member] = []
    degraded = list(foreman.lost)
    for line in plan.lines:
        folds = _results(site, line)
        for done in folds:
            net = f"net {line.member}/{done.fold.fold}"
            degraded += [f"{net}: {note}" for note in done.notes]
            if done.stopped:
                degraded.append(f"{net} was interrupted after {done.fold.epochs:.1f} passes")
        if folds:
            members.append(join_folds(site.dataset, line.member, line.recipe, folds))
    return Fleet(members=tuple(members), plan=plan, degraded=tuple(degraded))


def _orders(line: PlanLine, rows: int) -> list[Order]:
    """The orders of a line; nets that can use no more than their passes, of `rows`, end there."""
    most = round(FULL * line.recipe.epochs * rows / line.recipe.batch) if line.full else None
    return [
        Order(member=line.member, fold=fold, recipe=line.recipe, steps=line.steps, most=most)
        for fold in range(line.nets)
    ]


def _results(site: Site, line: PlanLine) -> list[TrainedFold]:
    """What stands in the folder of a member."""
    folder = site.folder / line.member
    return [
        saving.load(TrainedFold, folder, f"{fold}")
        for fold in range(line.nets)
        if saving.exists(folder, f"{fold}")
    ]
