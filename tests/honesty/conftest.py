"""Steps 3 to 5 without a dependence on the clock: equal data give equal numbers."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from fivefold.contracts.ensembles import Ensemble
from fivefold.contracts.orders import Order
from fivefold.contracts.records import Fleet, Plan, Recipe
from fivefold.engine.schedule import Limit
from fivefold.plumbing.clock import Clock
from fivefold.step1_pick import pick
from fivefold.step2_gather.gather import gather
from fivefold.step3_expand import expand
from fivefold.step4_train.members import Site, join_folds, train_fold
from fivefold.step5_ensemble import ensemble
from fivefold.traditional.fit import fit_within


class Ticking(Clock):
    """A clock that a fixed time passes on whenever it is asked; what it counts is plenty.

    Costs are measured by the true clock: were they to decide, numbers would depend on the machine.
    """

    def __init__(self, budget):
        super().__init__(budget)
        self._asked = 0

    def used(self):
        self._asked += 1
        return 0.01 * self._asked


@dataclass
class Learned:
    """What steps 3 to 5 made of a data set."""

    folder: Path
    settings: dict[str, float]
    fleet: Fleet
    ensemble: Ensemble


def learn_from(dataset, folder, *, seed=0, steps=8):
    """Expansion, traditional members, one net per fold with a fixed number of steps, ensemble."""
    expander = expand(dataset, seed=seed, overrides={})
    opponents = fit_within(dataset, Ticking(60.0), seed=seed, folder=folder)
    site = Site(
        dataset=dataset,
        expander=expander,
        device=torch.device("cpu"),
        folder=folder,
    )
    recipe = Recipe(net="convnet", width=0.25, size=(16, 16), batch=32, rate=0.1, seed=seed)
    folds = [
        train_fold(site, order, Limit(steps=steps))
        for order in (
            Order(member="convnet-1", recipe=replace(recipe, seed=seed + n), fold=n)
            for n in range(dataset.n_folds)
        )
    ]
    deep = join_folds(dataset, "convnet-1", recipe, folds)
    fleet = Fleet(members=(*opponents.members, deep), plan=Plan(), degraded=())
    return Learned(folder, expander.record.settings, fleet, ensemble(dataset, fleet, seed=seed))


@pytest.fixture
def learn(few_trees):
    """Run steps 3 to 5: learn(dataset, folder, seed=, steps=)."""
    del few_trees
    return learn_from


@pytest.fixture
def gathered(tmp_path):
    """Write clouds in two classes and gather them: gathered(name, per_class, tint)."""

    def make(name, per_class, tint):
        root = tmp_path / "data"
        if not root.exists():
            rng = np.random.default_rng(7)
            for number in range(2):
                (root / "ab"[number]).mkdir(parents=True)
                for i in range(per_class):
                    clouds = rng.integers(0, 200, (5, 5, 3), np.uint8)
                    clouds[..., 2 * number] += tint
                    picture = PIL.Image.fromarray(clouds)
                    picture = picture.resize((16, 16), PIL.Image.Resampling.BICUBIC)
                    picture.save(root / "ab"[number] / f"{i:03d}.png")
        picked = pick(root, scratch=tmp_path / "scratch")
        return gather(
            picked.problem, picked.listing, picked.source, cache_root=tmp_path / name, seed=0
        )

    return make
