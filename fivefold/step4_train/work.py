"""What is done for an order, wherever it runs: this process, a worker beside it, a cluster."""

from __future__ import annotations

import importlib
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, final

import torch
from joblib import cpu_count

from fivefold import catalog
from fivefold.contracts import saving
from fivefold.contracts.records import Dataset, ExpansionRecord
from fivefold.engine.loop import DivergedError, TooLargeError
from fivefold.engine.peers import ALONE, Peers
from fivefold.engine.precision import wake
from fivefold.engine.schedule import Limit
from fivefold.step4_train.measure import Ground, rows_per_second
from fivefold.step4_train.members import Site, train_fold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fivefold.contracts.orders import Order
    from fivefold.contracts.records import Recipe


@final
class Trainer:
    """Trains and times nets on one site.

    Args:
        site: Data, changes, device and folder.
        lead: Seconds that others beside it may need to begin, before anything is timed.
    """

    def __init__(self, site: Site, *, lead: float = 0.0) -> None:
        self._site, self._lead = site, lead

    @classmethod
    def open(
        cls, run: Path, device: torch.device, peers: Peers = ALONE, *, lead: float = 0.0
    ) -> Trainer:
        """The trainer of a run on disk, from what steps 2 and 3 saved."""
        dataset = saving.load(Dataset, run / "gather", "dataset")
        record = saving.load(ExpansionRecord, run / "expand", "expansion")
        build = catalog.load("expansion", record.kind)
        expander = build(record, classes=len(dataset.classes), shape=dataset.shape)
        folder = run / "train"
        site = Site(dataset=dataset, expander=expander, device=device, folder=folder, peers=peers)
        trainer = cls(site, lead=lead)
        trainer.prepare()
        return trainer

    def prepare(self) -> None:
        """What a process imports at its first optimiser: two seconds of a net, or of a timing.

        A GPU's libraries are loaded by their first use.
        """
        importlib.import_module("torch._dynamo")
        if self._site.device.type == "cuda":
            with suppress(RuntimeError):  # what is wrong with it, its use will tell
                wake(self._site.device)

    def train(
        self, order: Order, tick: Callable[[float, str], None], stop: Callable[[], bool]
    ) -> None:
        """Train the net of an order; its result stands in the run folder."""
        site = replace(self._site, tick=tick, stop=stop)
        threads = torch.get_num_threads()
        if order.alone:
            torch.set_num_threads(cpu_count(only_physical_cores=True))
        try:
            limit = Limit(seconds=order.seconds, steps=order.steps, most=order.most)
            train_fold(site, order, limit)
        finally:
            torch.set_num_threads(threads)

    def rows_per_second(self, recipe: Recipe, *, seconds: float) -> float:
        """Training rows per second of a net of `recipe`, timed for at most about `seconds`.

        0 where memory is too short for it, or it diverges at once.
        """
        site = self._site
        ground = Ground(
            dataset=site.dataset,
            expander=site.expander,
            device=site.device,
            peers=site.peers,
            lead=self._lead,
        )
        try:
            return rows_per_second(ground, recipe, seconds=seconds)
        except (DivergedError, TooLargeError):
            if site.peers.size > 1:
                raise  # the others wait for this process until they hear of it
            return 0.0
        finally:
            if site.device.type == "cuda":
                torch.cuda.empty_cache()  # a worker may train there next
