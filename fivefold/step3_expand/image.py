"""Expansion of pictures: mirror, shift, crop, turn, recolour, cut out and mix whole batches.

Axes: N pictures, H W raw size, h w wanted size, C channels, K classes. Values in 0..255.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.contracts.roles import Expander
from fivefold.nets.blocks.pictures import reflected, resize
from fivefold.step3_expand import mixing
from fivefold.step3_expand.colour import recolour
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.geometry import flipped, gather, random_crops, rotation, warp
from fivefold.step3_expand.image_choices import image_choices
from fivefold.step3_expand.policies import IMAGE_POLICIES, check
from fivefold.step3_expand.random_ops import random_operations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice


# What cannot be done without a look at what was drawn, or brings numbers from the host.
DRAWN = ("crop", "colour", "rand", "mixup", "cutmix")


@final
class ImageExpander(Expander):
    """Changes batches of pictures as its record says; see `policies` for the settings.

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = IMAGE_POLICIES

    def __init__(
        self,
        record: ExpansionRecord,
        *,
        classes: int,
        shape: Mapping[str, Any] | None = None,  # noqa: ARG002 - nothing of it is needed
    ) -> None:
        check(record.settings, IMAGE_POLICIES)
        self.record = record
        self.classes = classes
        self._tables = {
            name: mixing.beta_table(record.settings[name])
            for name in ("mixup", "cutmix")
            if self._setting(name)
        }

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """By size, by number of rows and by the flip tests."""
        return image_choices(dataset, seed=seed, given=given)

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...],
        mirrored: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Change a batch: uint8 (N, H, W, C) -> float32 (N, C, h, w), channels last, in 0..255.

        Args:
            batch: Raw rows as they lie in the cache.
            targets: Class numbers (N,); they come back as probabilities (N, K) where pictures
                are mixed.
            generator: All randomness comes from it.
            size: (h, w) wanted.
            mirrored: (N,) bool, which pictures to mirror, for alternating flip (arXiv
                2404.00498); drawn when left out, without effect where `mirror` is off.
        """
        draws = Draws(generator, batch.device)
        x = self._placed(batch, size, mirrored, draws).to(torch.float32)
        x = self._turned(x, draws)
        x = self._recoloured(x, draws)
        if count := int(self._setting("rand")):
            magnitude = self.record.settings.get("magnitude", 0.5)
            x = random_operations(x, count, magnitude, draws)
        if share := self._setting("cutout"):
            x = mixing.cutout(x, share, draws)
        mixture = self._mixture(x, draws)
        if mixture is None:
            return x, targets
        return mixture.pictures(x), mixture.targets(targets, self.classes)

    def cached(self, x: Tensor) -> Tensor:
        """Pictures as bytes, (N, H, W, C)."""
        return x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)

    @property
    def steady(self) -> bool:
        """Unless sizes, operations, colours or partners are drawn."""
        return not any(self._setting(name) for name in DRAWN)

    def _setting(self, name: str) -> float:
        return self.record.settings.get(name, 0.0)

    def _placed(
        self, batch: Tensor, size: tuple[int, ...], mirrored: Tensor | None, draws: Draws
    ) -> Tensor:
        """Crop, mirror, shift and resize bytes: (N, C, h, w), channels last."""
        if least := self._setting("crop"):
            batch = random_crops(batch, least, size, draws)
        across = self._flips("mirror", len(batch), draws, mirrored)
        down = self._flips("flip_vertical", len(batch), draws, None)
        if self._setting("shift"):
            batch = self._gathered(batch, across, down, draws)
        else:
            for axis, flips in ((2, across), (1, down)):
                batch = batch if flips is None else flipped(batch, flips, axis)
        return resize(batch.permute(0, 3, 1, 2), size).contiguous(memory_format=torch.channels_last)

    def _flips(self, name: str, n: int, draws: Draws, given: Tensor | None) -> Tensor | None:
        """(N,) which pictures are flipped; None where that is no change of these data."""
        if not self._setting(name):
            return None
        return draws.uniform(n) < 0.5 if given is None else given.to(draws.device)

    def _gathered(
        self, batch: Tensor, across: Tensor | None, down: Tensor | None, draws: Draws
    ) -> Tensor:
        """Shift and flip pictures in one pass."""
        n, height, width, _ = batch.shape
        rows, columns = (
            reflected(self._steps(n, length, draws), length) for length in (height, width)
        )
        if across is not None:
            columns = torch.where(across[:, None], columns.flip(1), columns)
        if down is not None:
            rows = torch.where(down[:, None], rows.flip(1), rows)
        return gather(batch, rows, columns)

    def _steps(self, n: int, length: int, draws: Draws) -> Tensor:
        """(N,) whole pixels to shift by; no further than there is picture to reflect."""
        most = min(int(self._setting("shift")), length)
        return draws.below(2 * most + 1, n) - most

    def _turned(self, x: Tensor, draws: Draws) -> Tensor:
        degrees, zoom = self._setting("rotate"), self._setting("zoom")
        if not degrees and not zoom:
            return x
        angle = draws.spread(len(x)) * math.radians(degrees)
        scale = torch.exp(draws.spread(len(x)) * zoom)
        return warp(x, rotation(angle, scale), x.new_zeros(len(x), 2))

    def _recoloured(self, x: Tensor, draws: Draws) -> Tensor:
        strength = self._setting("colour")
        if not strength:
            return x
        brightness, contrast, saturation = 1 + strength * draws.spread(3, len(x))
        return recolour(x, brightness, contrast, saturation)

    def _mixture(self, x: Tensor, draws: Draws) -> mixing.Mixture | None:
        n, _, h, w = x.shape
        made = [
            mix(n, (h, w), self._tables[name], draws)
            for name, mix in (("mixup", mixing.mixup), ("cutmix", mixing.cutmix))
            if name in self._tables
        ]
        if len(made) == 2:
            return mixing.either(made[0], made[1], draws)
        return made[0] if made else None
