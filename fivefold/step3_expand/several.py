"""Expansion of rows of several inputs: each part by its own kind's expander.

Rows are not mixed: every kind would draw other partners. Settings are named `part.setting`.

Axes: N rows, B bytes of a row.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, final

import numpy as np
import torch
from torch.nn import functional as F

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord
from fivefold.contracts.roles import Expander
from fivefold.contracts.rows import PartRows
from fivefold.nets.blocks.joining import part_tensor, size_of
from fivefold.plumbing.errors import OptionError
from fivefold.plumbing.parts import Part, parts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Choice
    from fivefold.contracts.rows import Rows
    from fivefold.step3_expand.policies import Policy


@final
class SeveralExpander(Expander):
    """Changes each part of a batch as its own expander would.

    Args:
        record: Which changes are used, by `part.setting`.
        classes: K; no target is mixed.
        shape: What was learned of the parts.

    Raises:
        OptionError: A setting is unknown, out of its range, or mixes rows.
    """

    def __init__(
        self, record: ExpansionRecord, *, classes: int, shape: Mapping[str, Any] | None = None
    ) -> None:
        self.record = record
        self._parts = parts_of(shape or {"parts": ()})
        self._expanders = tuple(_expander(part, record, classes) for part in self._parts)
        self.policies: Mapping[str, Policy] = {
            f"{part.name}.{name}": policy
            for part, expander in zip(self._parts, self._expanders, strict=True)
            for name, policy in expander.policies.items()
            if not _mixes(name)
        }
        unknown = sorted(set(record.settings) - set(self.policies))
        if unknown:
            raise OptionError(
                found=f"expansion setting {unknown[0]!r}",
                wanted=f"one of {', '.join(self.policies)}",
                hint="settings of several inputs are named part.setting",
            )

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """What each part's kind chooses, but for mixing."""
        found: dict[str, Choice] = {}
        for part in parts_of(dataset.shape):
            own = replace(
                dataset,
                rows=cast("Rows", PartRows(dataset.rows, part)),  # read in the same ways
                shape=part.shape,
                problem=replace(dataset.problem, inputs=(_input(dataset, part),)),
            )
            expander: type[Expander] = catalog.load("expansion", part.kind)
            settled = frozenset(n.removeprefix(f"{part.name}.") for n in given)
            chosen = expander.choose(own, seed=seed, given=settled)
            found |= {f"{part.name}.{n}": choice for n, choice in chosen.items() if not _mixes(n)}
        return found

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...] = (),  # noqa: ARG002 - each part has its own
        mirrored: Tensor | None = None,
    ) -> tuple[Any, Tensor]:
        """Rows (N, B) -> the parts, each as its kind's expander gives it; targets as they are."""
        found = []
        for part, expander in zip(self._parts, self._expanders, strict=True):
            x, _ = expander(
                part_tensor(batch, part),
                targets,
                generator=generator,
                size=size_of(part),
                mirrored=mirrored,
            )
            found.append(x)
        return tuple(found), targets

    def cached(self, x: Any) -> Tensor:  # noqa: ANN401 - the parts
        """The parts as bytes (N, B)."""
        flat = []
        for part, expander, one in zip(self._parts, self._expanders, x, strict=True):
            items = expander.cached(one)
            if items.shape[1:] != part.item_shape:  # a picture at the net's size
                items = _resized(items, part.item_shape)
            items = items.cpu().numpy().astype(part.shape["dtype"])
            flat.append(np.ascontiguousarray(items).view(np.uint8).reshape(len(items), -1))
        return torch.from_numpy(np.concatenate(flat, 1))


def _expander(part: Part, record: ExpansionRecord, classes: int) -> Expander:
    own = f"{part.name}."
    chosen = {n.removeprefix(own): v for n, v in record.settings.items() if n.startswith(own)}
    build = catalog.load("expansion", part.kind)
    expander: Expander = build(
        ExpansionRecord(kind=part.kind, settings=chosen, why={}), classes=classes, shape=part.shape
    )
    return expander


def _mixes(setting: str) -> bool:
    return "mix" in setting


def _input(dataset: Dataset, part: Part) -> Any:  # noqa: ANN401 - an Input
    """The part as the only input of a problem."""
    return replace(dataset.problem.inputs[0], kind=part.kind, column=part.name)


def _resized(items: Tensor, shape: tuple[int, ...]) -> Tensor:
    moved = items.permute(0, 3, 1, 2).float()
    return F.interpolate(moved, size=shape[:2], mode="nearest").permute(0, 2, 3, 1)
