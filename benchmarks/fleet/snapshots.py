"""Snapshots of one run: its schedule begins anew several times, what stands at each end answers.

Huang et al. 2017 (arXiv 1704.00109). An ensemble for the price of one net, whose members are
alike; so it is counted apart from nets of their own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import harness
from fivefold.engine.inference import predict
from fivefold.engine.loop import Job, train
from fivefold.engine.schedule import Limit
from fivefold.plumbing.clock import Clock
from fivefold.step4_train import Share, plan_nets
from fivefold.step4_train.build import fresh_net
from fivefold.step4_train.members import choose_views, views_within

if TYPE_CHECKING:
    from benchmarks.harness import Arena, Stand
    from benchmarks.series import Result
    from fivefold.contracts.records import Plan

FOLD = 0  # held out, as it is of the one net beside which this is set


def play(arena: Arena, budget: float, pieces: int, seed: int) -> Result:
    """Plan one net, train it in `pieces` cycles, answer for the sealed rows after each of them.

    Args:
        arena: The data.
        budget: Seconds for planning, training and answering.
        pieces: Cycles of the schedule, and snapshots.
        seed: Of the net.

    Returns:
        The result as it goes into results.jsonl.
    """
    with harness.standing(arena, nets=1, budget=budget, seed=seed) as stand:
        clock = Clock(budget)
        plan = plan_nets(
            stand.site, stand.launchers, Share(clock=clock, reserve=0.0), stand.wish(1)
        )
        planned = clock.used()
        passes, answers = _cycles(stand, plan, clock, pieces)
        facts = {
            "budget_s": budget,
            "plan_s": round(planned, 2),
            "used_s": round(clock.used(), 2),
            "device": stand.site.device.type,
            "recipe": harness.recipe_told(plan.lines[0].recipe),
            "nets": 1,
            "slots": 1,
            "epochs_made": round(passes, 2),
        }
    pooled = np.mean(answers, axis=0)
    return {**facts, **harness.judged(arena, pooled, answers[-1])}


def _cycles(stand: Stand, plan: Plan, clock: Clock, pieces: int) -> tuple[float, list[np.ndarray]]:
    """Passes over the rows, and the answers (N, K) of every snapshot for the sealed rows."""
    site, dataset = stand.site, stand.arena.dataset
    recipe = plan.lines[0].recipe
    rows, held = np.flatnonzero(dataset.folds != FOLD), np.flatnonzero(dataset.folds == FOLD)
    net = fresh_net(dataset, recipe, rows)
    answering = plan.held_seconds + pieces * plan.vault_seconds
    views, passes, answers = None, 0.0, []
    for piece in range(pieces):
        left = clock.left() - answering * (pieces - piece) / pieces
        job = Job(
            rows=dataset.rows.select(rows),
            targets=dataset.targets[rows],
            recipe=replace(recipe, seed=recipe.seed + piece),  # rows come in an order of their own
            expander=site.expander,
            limit=Limit(seconds=left / (pieces - piece)),
            device=site.device,
            fresh=piece == 0,  # filters that come from the data stay under what learned on them
        )
        passes += train(net, job).epochs
        if views is None:
            views = choose_views(
                net, site, held, recipe, views_within(net, site.expander, plan.views)
            )
        answers.append(predict(net, stand.arena.sealed.rows, recipe.size, views))
    return passes, answers
