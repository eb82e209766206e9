"""One deep member: a net per fold, its out-of-fold answers, the test-time views that help it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import save_file

from fivefold.contracts import saving
from fivefold.contracts.records import Dataset, Fold, Member
from fivefold.contracts.roles import Expander
from fivefold.contracts.rows import FloatArray, IntArray, answered
from fivefold.engine.checkpoints import Checkpoint
from fivefold.engine.inference import predict
from fivefold.engine.loop import Job, Watch, train
from fivefold.engine.peers import ALONE, Peers
from fivefold.engine.recovery import within_memory
from fivefold.nets.build import count_parameters
from fivefold.plumbing.files import atomic
from fivefold.scores.metrics import metric
from fivefold.step4_train.build import fresh_net
from fivefold.targets import target_of

if TYPE_CHECKING:
    from fivefold.contracts.orders import Order
    from fivefold.contracts.records import Recipe
    from fivefold.engine.schedule import Limit
    from fivefold.nets.base import Net, Views

LOOK_ROWS = 500  # validation rows looked at while training
VIEW_ROWS = 1500  # validation rows on which the test-time views are chosen


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where members are trained: data, changes, device, folder, who looks on, who takes part."""

    dataset: Dataset
    expander: Expander
    device: torch.device
    folder: Path
    tick: Callable[[float, str], None] = lambda *_: None
    stop: Callable[[], bool] = lambda: False
    peers: Peers = ALONE


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainedFold:
    """One trained net with its answers on the rows it was validated on.

    Attributes:
        fold: What a member tells of it.
        rows: (n,) rows it was not trained on.
        answers: (n, ...) its answers for them, as the target has them.
        parameters: Number of parameters.
        stopped: It was asked to end early, and can go on.
        notes: What went wrong in its training and was made good, in sentences.
    """

    fold: Fold
    rows: IntArray
    answers: FloatArray
    parameters: int
    stopped: bool
    notes: tuple[str, ...] = ()


def train_fold(site: Site, order: Order, limit: Limit) -> TrainedFold:
    """Train the net of an order, or read it back where it is already done.

    All peers of the site do the same; the first one alone writes what comes of it.

    Args:
        site: Data, device, folder and peers.
        order: Member, recipe and fold; each fold has a seed of its own.
        limit: Seconds or steps.

    Raises:
        DivergedError: It diverged again and again.
        TooLargeError: It cannot be trained in the memory there is.
    """
    name, number = order.member, order.fold
    folder = site.folder / name
    checkpoint = Checkpoint(folder / f"{number}.checkpoint", peers=site.peers)
    known = _known(folder, number, checkpoint, limit)
    (done_already,) = site.peers.agree(known is not None)
    if done_already:
        return known or saving.load(TrainedFold, folder, f"{number}")
    dataset = site.dataset
    train_rows = np.flatnonzero(dataset.folds != number)
    held_rows = np.flatnonzero(dataset.folds == number)
    recipe = replace(order.recipe, seed=order.recipe.seed + 100 * number)
    with within_memory():
        net = fresh_net(dataset, recipe, train_rows)
    job = Job(
        rows=dataset.rows.select(train_rows),
        targets=dataset.targets[train_rows],
        recipe=recipe,
        expander=site.expander,
        limit=limit,
        device=site.device,
        peers=site.peers,
    )
    watch = Watch(
        look=lambda net: _look(net, site, held_rows, recipe),
        tick=site.tick,
        stop=site.stop,
    )
    training = train(net, job, watch, checkpoint)
    trained = time.monotonic()
    candidates = views_within(net, site.expander, order.views)
    views = choose_views(net, site, held_rows, recipe, candidates)
    answers = _answers(net, site, held_rows, recipe, views)
    score = metric(dataset.problem.metric, dataset.classes).function(
        answers, dataset.targets[held_rows]
    )
    done = TrainedFold(
        fold=Fold(
            fold=number,
            file=f"{name}/{number}.weights.safetensors",
            score=float(score),
            seconds=round(training.seconds + time.monotonic() - trained, 2),
            epochs=round(training.epochs, 2),
            curve=training.curve,
            views=views,
        ),
        rows=held_rows,
        answers=answers,
        parameters=count_parameters(net),
        stopped=training.stopped,
        notes=training.notes,
    )
    if not site.peers.rank:
        _write(done, net, folder, checkpoint)
    return done


def join_folds(dataset: Dataset, name: str, recipe: Recipe, folds: list[TrainedFold]) -> Member:
    """A member from its trained folds; it has answers to the rows they were validated on."""
    held = np.concatenate([done.rows for done in folds])
    order = np.argsort(held)
    answers, rows = np.concatenate([done.answers for done in folds])[order], held[order]
    has = answered(answers)
    return Member(
        name=name,
        kind="deep",
        net=recipe.net,
        recipe=recipe,
        parts=tuple(done.fold for done in folds),
        parameters=folds[0].parameters,
        score=float(
            metric(dataset.problem.metric, dataset.classes).function(
                answers[has], dataset.targets[rows[has]]
            )
        ),
        seconds=round(sum(done.fold.seconds for done in folds), 2),
        answers=answers,
        rows=rows,
    )


def choose_views(
    net: Net, site: Site, rows: IntArray, recipe: Recipe, candidates: Sequence[Views]
) -> Views:
    """The test-time views with the lowest loss on validation rows (never on the vault)."""
    if len(candidates) == 1:
        return ()
    some = rows[:: max(1, len(rows) // VIEW_ROWS)]
    loss = metric(target_of(site.dataset.problem).loss).function
    return min(
        candidates,
        key=lambda views: loss(
            _answers(net, site, some, recipe, views), site.dataset.targets[some]
        ),
    )


def views_within(net: Net, expander: Expander, most: int) -> list[Views]:
    """Sets of views that keep labels and take at most `most` passes per answer."""
    mirrored = expander.record.settings.get("mirror", 0) > 0
    return [
        views
        for views, passes in net.intake.views.items()
        if passes <= most and (mirrored or "mirror" not in views)
    ]


def _known(folder: Path, number: int, checkpoint: Checkpoint, limit: Limit) -> TrainedFold | None:
    """What is done already, unless it was interrupted and can go on now."""
    if not saving.exists(folder, f"{number}"):
        return None
    known = saving.load(TrainedFold, folder, f"{number}")
    if not known.stopped:
        checkpoint.clear()  # where a kill came between the two
        return known
    spent = limit.steps is None and limit.seconds <= 0
    return known if spent or not checkpoint.path.exists() else None


def _write(done: TrainedFold, net: Net, folder: Path, checkpoint: Checkpoint) -> None:
    """The weights, then the record that says they are there."""
    # Copies, for weights that two layers share are refused by the format.
    weights = {k: v.to("cpu", copy=True).contiguous() for k, v in net.state_dict().items()}
    with atomic(folder / f"{done.fold.fold}.weights.safetensors") as file:
        save_file(weights, file)
    saving.save(done, folder, f"{done.fold.fold}")
    if not done.stopped:  # an interrupted net can go on from its checkpoint
        checkpoint.clear()


def _answers(net: Net, site: Site, rows: IntArray, recipe: Recipe, views: Views) -> FloatArray:
    """Answers (n, ...) for rows of the data set; every peer answers for some of them."""

    def some(rows: IntArray) -> FloatArray:
        return predict(net, site.dataset.rows.select(rows), recipe.size, views)

    return site.peers.spread(some, rows)


def _look(net: Net, site: Site, rows: IntArray, recipe: Recipe) -> float:
    dataset, some = site.dataset, rows[:: max(1, len(rows) // LOOK_ROWS)]
    answers = _answers(net, site, some, recipe, ())
    return float(
        metric(dataset.problem.metric, dataset.classes).function(answers, dataset.targets[some])
    )
