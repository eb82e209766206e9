"""Several encoders in one plan: who is in the line-up, and who may use how much of the time.

Nets that see the data differently err differently, so an ensemble of them gains more than one of
equal nets. But every net has to make enough steps: with little time only the best encoder is left.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from fivefold.step4_train.plan import plan_encoder
from fivefold.step4_train.recipes import least_epochs, line_up
from fivefold.step4_train.stepped import plan_of_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.contracts.orders import Launcher
    from fivefold.contracts.records import Dataset, Plan
    from fivefold.step4_train.recipes import Wish

ENCODER_SECONDS = 40.0  # with less time for each, fewer encoders do better


def make_plan(dataset: Dataset, launchers: Sequence[Launcher], seconds: float, wish: Wish) -> Plan:
    """Time candidates of every encoder in the line-up and fill `seconds` with their nets.

    Args:
        dataset: Open rows.
        launchers: As for `plan_encoder`.
        seconds: For timing and training together.
        wish: What the user asked.
    """
    words = _fitting(dataset, wish, int(seconds / ENCODER_SECONDS))
    until = time.monotonic() + seconds
    while True:
        plans = _plans(words, dataset, launchers, until, wish)
        if len(plans) == len(words):
            return _joined(plans)
        words = words[: max(1, len(plans))]


def _plans(
    words: Sequence[str],
    dataset: Dataset,
    launchers: Sequence[Launcher],
    until: float,
    wish: Wish,
) -> list[Plan]:
    """The plans of encoders that share the time, up to the first that it would not do for.

    A net that is not trained on every fold leaves few rows that all members answer, and the
    ensemble is chosen by those.
    """
    plans: list[Plan] = []
    for number, word in enumerate(words):
        nets = _nets_of(number, len(words), wish.nets)
        company = (len(words) - 1) * (nets or dataset.n_folds)
        own = replace(wish, encoder=word, nets=nets, company=company)
        # What the encoders before it were given is not timed away, it stands in their plans.
        left = until - time.monotonic() - sum(_seconds(plan) for plan in plans)
        plan = plan_encoder(dataset, launchers, left / (len(words) - number), own)
        if len(words) > 1 and _starved(plan, dataset, own):
            break
        plans.append(plan)
    return plans


def expected_nets(dataset: Dataset, seconds: float, wish: Wish) -> int:
    """How many nets a plan of `seconds` begins with: one for each fold and encoder, or as asked."""
    most = None if wish.steps else int(seconds / ENCODER_SECONDS)
    return wish.nets or dataset.n_folds * len(_fitting(dataset, wish, most))


def make_plan_of_steps(
    dataset: Dataset, launchers: Sequence[Launcher], steps: int, wish: Wish
) -> Plan:
    """The plan of every encoder in the line-up with a fixed number of steps of each net."""
    words = _fitting(dataset, wish, None)
    nets = [_nets_of(number, len(words), wish.nets) for number in range(len(words))]
    wishes = [replace(wish, encoder=w, nets=n) for w, n in zip(words, nets, strict=True)]
    return _joined([plan_of_steps(dataset, launchers, steps, own) for own in wishes])


def _fitting(dataset: Dataset, wish: Wish, most: int | None) -> tuple[str, ...]:
    """The encoders in use: the one asked for, or as many of the line-up as there is room for."""
    if wish.encoder is not None:
        return (wish.encoder,)
    words = line_up(dataset)
    room = len(words) if most is None else most
    return words[: max(1, min(room, wish.nets or len(words)))]


def _nets_of(number: int, encoders: int, nets: int | None) -> int | None:
    """The part of `nets` that encoder `number` trains."""
    return None if nets is None else nets // encoders + (number < nets % encoders)


def _starved(plan: Plan, dataset: Dataset, wish: Wish) -> bool:
    """Whether an encoder had to give up nets, or steps, for want of time."""
    recipe = plan.lines[0].recipe
    fewer = sum(line.nets for line in plan.lines) < (wish.nets or dataset.n_folds)
    return fewer or recipe.epochs < least_epochs(dataset, recipe)


def _seconds(plan: Plan) -> float:
    return sum(line.seconds for line in plan.lines)


def _joined(plans: list[Plan]) -> Plan:
    """One plan of them all; the first, of the best encoder, says how many nets run side by side."""
    nets = [sum(line.nets for line in plan.lines) for plan in plans]
    vault = sum(n * plan.vault_seconds for n, plan in zip(nets, plans, strict=True)) / sum(nets)
    return replace(
        plans[0],
        lines=tuple(chain.from_iterable(plan.lines for plan in plans)),
        timings=tuple(chain.from_iterable(plan.timings for plan in plans)),
        notes=tuple(dict.fromkeys(chain.from_iterable(plan.notes for plan in plans))),
        held_seconds=max(plan.held_seconds for plan in plans),
        vault_seconds=vault,
        views=min(plan.views for plan in plans),
    )
