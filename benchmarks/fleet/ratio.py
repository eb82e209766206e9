"""The time of K equal nets, over K times the time of one net on the whole machine."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks import harness, plans
from fivefold.contracts.records import Plan
from fivefold.plumbing.clock import Clock
from fivefold.step4_train import Audience, Share, train_nets

if TYPE_CHECKING:
    from benchmarks.harness import Arena, Stand
    from benchmarks.plans import Choice
    from fivefold.contracts.orders import Launcher
    from fivefold.contracts.records import Recipe

NETS = 4
ONE_SECONDS = 8.0  # about what one net takes; its steps follow from that, and are then fixed
ROUNDS = 3
FOREVER = 1e6  # seconds; steps are counted here, not time


def measure(
    arena: Arena,
    choice: Choice,
    *,
    slots: int | None = None,
    one_seconds: float = ONE_SECONDS,
    rounds: int = ROUNDS,
) -> dict[str, Any]:
    """Time one net and NETS equal nets in turn, with every launcher there is.

    Training and answering for the held-out rows count; starting workers does not, for a run
    starts them while other work is done.

    Args:
        arena: The data.
        choice: Size of the nets.
        slots: Nets side by side at most; None for one per core, or a few per GPU.
        one_seconds: About how long one net should take.
        rounds: How often; medians are reported.
    """
    with harness.standing(arena, nets=slots or NETS, budget=FOREVER, seed=0) as stand:
        recipe = plans.hand_recipe(arena, choice)
        here = stand.launchers[0]
        plans.get_ready(stand)
        speeds = [launcher.rows_per_second(recipe, seconds=1.0) for launcher in stand.launchers]
        steps = max(2, round(speeds[0] * one_seconds / recipe.batch))
        one: list[float] = []
        several: dict[int, list[float]] = {launcher.slots: [] for launcher in stand.launchers}
        for _ in range(rounds):
            one.append(_timed(stand, here, recipe, steps, 1))
            for launcher in stand.launchers:
                several[launcher.slots].append(_timed(stand, launcher, recipe, steps, NETS))
        device = stand.site.device.type
    facts = {"recipe": str(choice), "batch": recipe.batch, "steps": steps, "device": device}
    return {**facts, **_ratios(one, several)}


def _timed(stand: Stand, launcher: Launcher, recipe: Recipe, steps: int, nets: int) -> float:
    """Seconds until `nets` nets stand in the run folder."""
    folds = stand.arena.dataset.n_folds
    # A member that stands there already would not be trained again.
    member = f"timed-{time.monotonic_ns()}"
    lines = plans.lines(recipe, nets, folds, seconds=FOREVER, member=member, steps=steps)
    plan = Plan(lines=lines, slots=launcher.slots)
    share = Share(clock=Clock(FOREVER), reserve=0.0)
    begin = time.perf_counter()
    fleet = train_nets(stand.site, [launcher], plan, share, Audience())
    spent = time.perf_counter() - begin
    if fleet.degraded:
        raise SystemExit(f"a net was lost, so no time can be told: {fleet.degraded}")
    return spent


def _ratios(one: list[float], several: dict[int, list[float]]) -> dict[str, Any]:
    """Medians over rounds; a ratio is taken within its round, which met the same machine."""
    return {
        "one_s": round(statistics.median(one), 3),
        "launchers": [
            {
                "slots": slots,
                "all_s": round(statistics.median(spent), 3),
                "ratio": round(statistics.median(_over(spent, one)), 3),
                "low": round(min(_over(spent, one)), 3),
                "high": round(max(_over(spent, one)), 3),
            }
            for slots, spent in several.items()
        ],
    }


def _over(spent: list[float], one: list[float]) -> list[float]:
    return [all_ / (NETS * single) for all_, single in zip(spent, one, strict=True)]
