"""report.json: a promise to scripts. Every key is explained in docs/report.md."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.plumbing.files import printable
from fivefold.targets import target_of
from fivefold.win_.views import view_of

if TYPE_CHECKING:
    from fivefold.contracts.ensembles import Ensemble
    from fivefold.contracts.records import Dataset, Fleet, Member, Recipe
    from fivefold.win_.circumstances import Circumstances
    from fivefold.win_.judge import Verdict

SCHEMA = 1


def report(
    dataset: Dataset,
    fleet: Fleet,
    ensemble: Ensemble,
    verdict: Verdict,
    circumstances: Circumstances,
) -> dict[str, Any]:
    """The whole run as strict JSON values: text that prints anywhere, None for NaN and infinity."""
    kind = target_of(dataset.problem)
    priced = (kind.metrics[0], kind.calibration)
    found = {
        "schema": SCHEMA,
        "problem": _problem(dataset),
        "command": circumstances.command,
        "seed": circumstances.seed,
        "budget_s": circumstances.budget_s,
        "used_s": circumstances.used_s(),
        "phases": [{"name": name, "seconds": spent} for name, spent in circumstances.phases],
        **_judged(verdict, dataset),
        "vault": {
            "opened": verdict.opened,
            "openings": [*circumstances.opened_before, verdict.opened],
            "origin": verdict.origin,
            "groups": verdict.groups,
            "caution": verdict.caution or None,
        },
        "suspects": asdict(ensemble.suspects) if ensemble.suspects else None,
        "members": [_member(member, ensemble) for member in fleet.members],
        "ensemble": {**_ensemble(ensemble), "loss": kind.loss},
        **_plan(fleet),
        "expansion": asdict(circumstances.expansion) if circumstances.expansion else None,
        "prices": {
            word: {
                **{w: verdict.systems[word].scores[w].value for w in priced},
                **asdict(price),
            }
            for word, price in circumstances.prices.items()
            if word in verdict.systems
        },
        "data": _data(dataset, verdict),
        "quarantine": [asdict(file) for file in dataset.quarantine],
        "duplicates": [asdict(pair) for pair in dataset.duplicates],
        "degraded": [*fleet.degraded, *circumstances.degraded],
        "versions": circumstances.versions,
    }
    return strict(found)


def strict(value: Any) -> Any:  # noqa: ANN401 - any value of a record
    """Bring a value into strict JSON: plain numbers, printable text, None for NaN and infinity."""
    if isinstance(value, dict):
        return {printable(str(key)): strict(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [strict(inner) for inner in value]
    if isinstance(value, np.ndarray | np.generic):
        return strict(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return printable(value) if isinstance(value, str) else value


def _problem(dataset: Dataset) -> dict[str, Any]:
    problem = dataset.problem
    return {
        "source": problem.source,
        "inputs": [asdict(each) for each in problem.inputs],
        "target": asdict(problem.target),
        "metric": problem.metric,
        "layout": problem.layout,
        "guesses": [asdict(guess) for guess in problem.guesses],
    }


def _judged(verdict: Verdict, dataset: Dataset) -> dict[str, Any]:
    return {
        "verdict": asdict(verdict.words),
        "systems": {word: system.name for word, system in verdict.systems.items()},
        "scores": {
            word: {
                metric: {"value": score.value, "low": score.low, "high": score.high}
                for metric, score in system.scores.items()
            }
            for word, system in verdict.systems.items()
        },
        "tests": [asdict(test) for test in verdict.tests],
        **view_of(dataset.problem.target.kind).judged(verdict, dataset.classes),
    }


def _member(member: Member, ensemble: Ensemble) -> dict[str, Any]:
    return {
        "name": member.name,
        "kind": member.kind,
        "net": member.net,
        "recipe": _recipe(member.recipe),
        "parameters": member.parameters,
        "score": member.score,
        "weight": ensemble.weights.get(member.name, 0.0),
        "temperature": ensemble.temperatures.get(member.name),
        "seconds": member.seconds,
        "views": sorted({view for part in member.parts for view in part.views}),
        "parts": [
            {
                "part": f"{member.name}/{part.fold}",
                "score": part.score,
                "seconds": part.seconds,
                "epochs": part.epochs,
                "views": part.views,
                "curve": [asdict(point) for point in part.curve],
            }
            for part in member.parts
        ],
    }


def _recipe(recipe: Recipe | None) -> dict[str, Any] | None:
    return asdict(recipe) if recipe else None


def _ensemble(ensemble: Ensemble) -> dict[str, Any]:
    return {
        "score": ensemble.score,
        "log_loss": ensemble.log_loss,
        "temperature": ensemble.temperature,
        "best_single": ensemble.best_single,
        "best_traditional": ensemble.best_traditional,
        "sure_above": ensemble.sure_above,
        "shift": ensemble.shift,
        "path": [{"added": name, "score": score} for name, score in ensemble.path],
    }


def _plan(fleet: Fleet) -> dict[str, Any]:
    plan = fleet.plan
    return {
        "plan": [
            {
                "member": line.member,
                "recipe": _recipe(line.recipe),
                "seconds": line.seconds,
                "nets": line.nets,
                "steps": line.steps,
                "why": line.why,
            }
            for line in plan.lines
        ],
        "plan_notes": plan.notes,
        "timings": [asdict(timing) for timing in plan.timings],
    }


def _data(dataset: Dataset, verdict: Verdict) -> dict[str, Any]:
    return {
        "fingerprint": dataset.fingerprint,
        "listed": dataset.total,
        "rows": len(dataset.targets),
        "vault_rows": len(verdict.content.targets),
        "item_shape": dataset.rows.item_shape,
        "classes": view_of(dataset.problem.target.kind).balance(
            dataset.targets, verdict.content.targets, dataset.classes
        ),
        "folds": dataset.n_folds,
        "split": dataset.split,
        "sizes": [{"size": size, "files": count} for size, count in dataset.seen_sizes],
        "notes": dataset.notes,
        "cache_hit": dataset.cache_hit,
    }
