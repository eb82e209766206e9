"""Labels of open rows that the members who have not seen them do not believe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.ensembles import Suspect, Suspects
from fivefold.plumbing.files import printable
from fivefold.scores.suspects import doubts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.rows import FloatArray

LISTED = 50


def suspects_among(dataset: Dataset, rows: NDArray[np.bool_], answers: FloatArray) -> Suspects:
    """Rows whose class looks wrong.

    Args:
        dataset: The open rows.
        rows: (N,) those that are answered by members that were not trained on them.
        answers: (V, K) the ensemble's calibrated answers to those.
    """
    given = dataset.targets if dataset.given is None else dataset.given
    where, targets = np.flatnonzero(rows), given[rows]
    found = doubts(answers, targets)
    pairs = zip(found.rows[:LISTED], found.believed[:LISTED], strict=True)
    return Suspects(
        judged=len(targets),
        found=len(found.rows),
        estimated=found.estimated,
        how=(
            "confident learning (arXiv 1911.00068): members that were not trained on a row give "
            "another class at least the probability that rows of that class get on average"
        ),
        worst=tuple(
            Suspect(
                item=printable(dataset.names[where[row]]),
                given=printable(dataset.classes[targets[row]]),
                believed=printable(dataset.classes[other]),
                given_probability=float(answers[row, targets[row]]),
                believed_probability=float(answers[row, other]),
            )
            for row, other in pairs
        ),
    )
