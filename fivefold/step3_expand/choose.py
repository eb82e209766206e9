"""Step 3 for any input kind: its expander chooses, what the user settled wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Expander


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
    kind = dataset.problem.kind
    wanted = {name: (float(v), "asked for") for name, v in (overrides or {}).items()}
    expander_class: type[Expander] = catalog.load("expansion", kind)
    chosen = {**expander_class.choose(dataset, seed=seed, given=frozenset(wanted)), **wanted}
    record = ExpansionRecord(
        kind=kind,
        settings={name: value for name, (value, _) in chosen.items()},
        why={name: why for name, (_, why) in chosen.items()},
    )
    return expander_of(dataset, record)


def expander_of(dataset: Dataset, record: ExpansionRecord) -> Expander:
    """The expander of a record, for the classes and the cached shape of the data."""
    build = catalog.load("expansion", record.kind)
    expander: Expander = build(record, classes=len(dataset.classes), shape=dataset.shape)
    return expander
