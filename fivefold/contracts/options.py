"""What was asked of a run; the words are those of the command line."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from fivefold.plumbing.errors import OptionError

MOST_SEED = 2**31 - 1  # scikit-learn takes twice that, but nets and folds add to it
Data = Any  # a path, a pair (X, y), a table in memory, or None for the embedded digits


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What was asked; the words are those of the command line.

    Attributes:
        budget: Seconds for the whole command.
        seed: Of every random choice.
        nets: Number of deep nets; None leaves it to the plan.
        steps: Fixed number of steps of every net, whatever the budget; None goes by the clock.
        net: Encoder word; None takes the kind's default.
        input: Input kind; None recognises it.
        target: Target kind; None recognises it.
        metric: Metric that decides; None takes the target's default.
        device: `auto`, `cpu` or `cuda`.
        test: The test part: other data, a column, or a condition such as `index<5`.
        label: The label: a column, several (`a,b`), a field or pattern of file names, a condition.
        path: Path column of a table, or the pattern that names the fields of file names.
        group: What says which rows belong together, a column or pattern; `none` for no groups.
        time: What says when a row was, a column or pattern; rows are split by it.
        launch: Where nets are trained: `here`, `ray`, `ray:ADDRESS` or `ray://HOST:PORT`.
        member_cpus: Cores that each net asks a cluster for; None leaves it to the cluster's size.
        member_gpus: GPUs that each net asks a cluster for, also a part of one; None asks for one
            where there are any.
        mirror: Whether left-right mirrored pictures keep their label; None tests it on the data.
        noisy_labels: Many labels are wrong: those that are believed are learned from.
    """

    budget: float = 600.0
    seed: int = 0
    nets: int | None = None
    steps: int | None = None
    net: str | None = None
    input: str | None = None
    target: str | None = None
    metric: str | None = None
    device: str = "auto"
    test: str | None = None
    label: str | None = None
    path: str | None = None
    group: str | None = None
    time: str | None = None
    launch: str = "here"
    member_cpus: float | None = None
    member_gpus: float | None = None
    mirror: bool | None = None
    noisy_labels: bool = False


def asked_for(**options: Any) -> Options:  # noqa: ANN401 - the fields of Options
    """Options by their names.

    Raises:
        OptionError: There is none of such a name.
    """
    known = [one.name for one in fields(Options)]
    for name in (one for one in options if one not in known):
        near = get_close_matches(name, [*known, "out", "resume"], n=1)
        raise OptionError(
            found=f"option {name!r}",
            wanted=f"one of {', '.join(known)}",
            hint=f"try {near[0]}" if near else "see help(fivefold.win)",
        )
    return Options(**options)


def check_seed(asked: Options) -> None:
    """Refuse a seed that some generator does not take.

    Raises:
        OptionError: It is below zero, or above MOST_SEED.
    """
    if not 0 <= asked.seed <= MOST_SEED:
        raise OptionError(
            found=f"--seed {asked.seed}", wanted=f"0 to {MOST_SEED}", hint="try --seed 0"
        )


def normal(asked: Options) -> Options:
    """The same options in plain types: numpy's integers and paths are welcome."""
    return replace(
        asked,
        seed=int(asked.seed),
        nets=None if asked.nets is None else int(asked.nets),
        steps=None if asked.steps is None else int(asked.steps),
        test=None if asked.test is None else str(asked.test),
    )
