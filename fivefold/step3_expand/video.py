"""Expansion of clips: what is done to one frame is done to all of them, and time is changed too.

Axes: N clips, F frames in the cache, f frames wanted, H W raw size, h w wanted size, K classes.
Values in 0..255.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.contracts.roles import Expander
from fivefold.nets.blocks.pictures import resize
from fivefold.step3_expand import mixing
from fivefold.step3_expand.colour import recolour
from fivefold.step3_expand.draws import Draws
from fivefold.step3_expand.geometry import random_crops
from fivefold.step3_expand.policies import VIDEO_POLICIES, check
from fivefold.step3_expand.video_choices import video_choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor

    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Choice


@final
class VideoExpander(Expander):
    """Changes batches of clips as its record says; see `policies` for the settings.

    Args:
        record: Which changes are used.
        classes: K, the width of mixed targets.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """

    policies = VIDEO_POLICIES

    def __init__(
        self,
        record: ExpansionRecord,
        *,
        classes: int,
        shape: Mapping[str, Any] | None = None,  # noqa: ARG002 - nothing of it is needed
    ) -> None:
        check(record.settings, VIDEO_POLICIES)
        self.record = record
        self.classes = classes
        alpha = self._setting("mixup")
        self._table = mixing.beta_table(alpha) if alpha else None

    @classmethod
    def choose(cls, dataset: Dataset, *, seed: int, given: frozenset[str]) -> dict[str, Choice]:
        """By the number of clips, and by what a quick classifier makes of mirrored ones."""
        return video_choices(dataset, seed=seed, given=given)

    def __call__(
        self,
        batch: Tensor,
        targets: Tensor,
        *,
        generator: Generator,
        size: tuple[int, ...],
        mirrored: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Change a batch: uint8 (N, F, H, W, 3) -> float32 (N, 3, f, h, w), channels last.

        Args:
            batch: Raw rows as they lie in the cache.
            targets: As the role says; they come back mixed where clips are.
            generator: All randomness comes from it.
            size: (f, h, w) wanted.
            mirrored: (N,) bool, which clips to mirror; drawn when left out.
        """
        draws = Draws(generator, batch.device)
        n, (f, h, w) = len(batch), size or tuple(batch.shape[1:4])
        clips = batch[torch.arange(n, device=batch.device)[:, None], self._frames(batch, f, draws)]
        frames = self._placed(clips, (h, w), mirrored, draws)
        # A clip as one tall picture, its frames below each other: what holds for a picture, one
        # colour change or one partner, then holds for the clip.
        tall = frames.permute(0, 2, 3, 1).reshape(n, f * h, w, -1).permute(0, 3, 1, 2)
        tall = self._recoloured(tall.to(torch.float32), draws)
        if self._table is not None:
            mixture = mixing.mixup(n, (f * h, w), self._table, draws)
            tall, targets = mixture.pictures(tall), mixture.targets(targets, self.classes)
        x = tall.permute(0, 2, 3, 1).reshape(n, f, h, w, -1)
        return x.permute(0, 4, 1, 2, 3), targets

    def cached(self, x: Tensor) -> Tensor:
        """Clips as bytes, (N, f, h, w, 3)."""
        return x.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 4, 1)

    def _setting(self, name: str) -> float:
        return self.record.settings.get(name, 0.0)

    def _frames(self, batch: Tensor, f: int, draws: Draws) -> Tensor:
        """(N, f) which frames to take: even steps over the clip, or over a part of it.

        A clip that is played faster than it lasts stands still at its end.
        """
        n, last = len(batch), batch.shape[1] - 1
        share = torch.ones(n, device=batch.device)
        if least := self._setting("trim"):
            share = least + (1 - least) * draws.uniform(n)
        if speed := self._setting("speed"):
            share = share * torch.exp(speed * draws.spread(n))
        if not self._setting("trim") and not self._setting("speed"):
            start = torch.zeros(n, device=batch.device)
        else:
            start = draws.uniform(n) * (1 - share).clamp(min=0)
        along = torch.linspace(0, 1, f, device=batch.device)
        at = (start[:, None] + share[:, None] * along) * last
        return at.round().long().clamp(max=last)

    def _placed(
        self, clips: Tensor, size: tuple[int, int], mirrored: Tensor | None, draws: Draws
    ) -> Tensor:
        """Crop, mirror and resize bytes (N, f, H, W, 3): (N f, 3, h, w), channels last."""
        n, f = clips.shape[:2]
        frames = clips.flatten(0, 1)
        if least := self._setting("crop"):
            frames = random_crops(frames, least, size, draws, alike=f)
        if self._setting("mirror"):
            flip = draws.uniform(n) < 0.5 if mirrored is None else mirrored.to(clips.device)
            frames = frames.clone() if frames.data_ptr() == clips.data_ptr() else frames
            flip = flip.repeat_interleave(f)
            frames[flip] = frames[flip].flip(2)
        x = resize(frames.permute(0, 3, 1, 2), size)
        return x.contiguous(memory_format=torch.channels_last)

    def _recoloured(self, x: Tensor, draws: Draws) -> Tensor:
        strength = self._setting("colour")
        if not strength:
            return x
        brightness, contrast, saturation = 1 + strength * draws.spread(3, len(x))
        return recolour(x, brightness, contrast, saturation)
