"""Bundles of no members: what they do before and after nets answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from fivefold.bundle import Bundle, Facts
from fivefold.contracts import saving
from fivefold.contracts.ensembles import Ensemble
from fivefold.contracts.records import Input, Problem, Target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENSEMBLE = Ensemble(
    weights={},
    temperature=1.0,
    score=0.0,
    log_loss=0.0,
    best_single=None,
    best_traditional=None,
    temperatures={},
    sure_above=0.5,
    path=(),
)


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """`bundle("image", "class", ("a", "b"), {...})` saves one and loads it again."""

    def make(
        kind: str, target: str, classes: tuple[str, ...], shape: dict[str, Any], *, column: str = ""
    ) -> Bundle:
        problem = Problem(
            source="here",
            inputs=(Input(kind=kind, column=column or None),),
            target=Target(kind=target),
            metric="accuracy",
            layout="",
            guesses=(),
        )
        facts = Facts(problem=problem, classes=classes, shape=shape, members=(), ensemble=ENSEMBLE)
        saving.save(facts, tmp_path, "bundle")
        return Bundle(tmp_path, device="cpu")

    return make
