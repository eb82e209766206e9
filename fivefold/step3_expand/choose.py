"""Step 3 for any input kind: its expander chooses, what the user settled wins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord
from fivefold.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Expander
    from fivefold.contracts.target_kind import TargetKind

_MIXTURES = ("mixup", "cutmix")  # settings that mix rows, whatever their kind of input


def expand(
    dataset: Dataset, *, seed: int, overrides: Mapping[str, float] | None = None
) -> Expander:
    """Choose label-preserving changes for the data.

    Args:
        dataset: The open rows.
        seed: Of the sample that the flip tests look at.
        overrides: Settings a person wants; they win over what was chosen, and skip its test.

    Returns:
        The expander; its `record` holds every setting and why.

    Raises:
        OptionError: An override is unknown or out of its range.
    """
    kind, target = dataset.problem.kind, target_of(dataset.problem)
    wanted = {name: (float(v), "asked for") for name, v in (overrides or {}).items()}
    expander_class: type[Expander] = catalog.load("expansion", kind)
    seen = as_classes(dataset, target)
    chosen = {**expander_class.choose(seen, seed=seed, given=frozenset(wanted)), **wanted}
    if not target.mixes:
        why = f"{dataset.problem.target.kind} cannot be mixed"
        chosen |= {name: (0.0, why) for name in _MIXTURES if name in chosen}
    record = ExpansionRecord(
        kind=kind,
        settings={name: value for name, (value, _) in chosen.items()},
        why={name: why for name, (_, why) in chosen.items()},
    )
    return expander_of(dataset, record)


def as_classes(dataset: Dataset, target: TargetKind) -> Dataset:
    """The data with rows that are alike as classes: a flip that keeps those keeps the target."""
    if target.classes:
        return dataset
    names = target.stratum_names(dataset.targets, dataset.classes)
    return replace(dataset, targets=target.strata(dataset.targets), classes=names)


def expander_of(dataset: Dataset, record: ExpansionRecord) -> Expander:
    """The expander of a record, for the classes and the cached shape of the data."""
    build = catalog.load("expansion", record.kind)
    expander: Expander = build(record, classes=len(dataset.classes), shape=dataset.shape)
    return expander
