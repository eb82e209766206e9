"""One file per target kind: parse, learn the vocabulary, decode, the chance level. Numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivefold import catalog

if TYPE_CHECKING:
    from fivefold.catalog import Entry
    from fivefold.contracts.records import Problem
    from fivefold.contracts.target_kind import TargetKind


def target_of(problem: Problem) -> TargetKind:
    """The kind of what a problem asks for."""
    kind: TargetKind = catalog.load("target", problem.target.kind)()
    return kind


def head_of(problem: Problem, vocabulary: tuple[str, ...]) -> Entry:
    """The head of nets that answer a problem with such a vocabulary."""
    named = target_of(problem).head(vocabulary)
    return catalog.entry("head", named) if named else catalog.head_of(problem.target.kind)
