"""The preview sheet: before and after, one row per change in use, and one with all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from fivefold.contracts.records import ExpansionRecord
from fivefold.step3_expand.image import ImageExpander
from fivefold.step3_expand.policies import IMAGE_POLICIES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Expander

_PICTURES = 3  # per row of the sheet
_AFTER = 3  # changed versions of each
_TILE = 88  # pixels of a shown picture's longer side
_GAP = 6
_CAPTION = 22
_INK, _PALE, _PAPER = (20, 20, 20), (110, 110, 110), (255, 255, 255)


def preview_sheet(expander: Expander, dataset: Dataset, *, seed: int) -> Image.Image:
    """Draw what the expander does to pictures of the data.

    Every row of the sheet shows a few pictures: each as it is, then changed a few times. Changes
    that mix pictures take their partner from the pictures of that row.

    Args:
        expander: Its record says which changes are in use; `image` kind only.
        dataset: Where the pictures come from.
        seed: Chooses pictures and changes.
    """
    record = expander.record
    rng = np.random.default_rng(seed)
    some = rng.choice(len(dataset.rows), min(_PICTURES, len(dataset.rows)), replace=False)
    pictures = torch.from_numpy(dataset.rows.take(some))
    targets = torch.from_numpy(dataset.targets[some])
    lines = [
        (_caption(name, record.settings[name]), _changed(alone, pictures, targets, seed))
        for name, alone in _each_alone(record, len(dataset.classes)).items()
    ]
    everything = ImageExpander(record, classes=len(dataset.classes))
    lines.append(("all together", _changed(everything, pictures, targets, seed)))
    return _drawn(lines)


def _each_alone(record: ExpansionRecord, classes: int) -> dict[str, ImageExpander]:
    """One expander per change in use; how strong `rand` is goes with it."""
    alone = {}
    for name in IMAGE_POLICIES:
        value = record.settings.get(name, 0.0)
        if not value or name == "magnitude":
            continue
        settings = {name: value}
        if name == "rand" and "magnitude" in record.settings:
            settings["magnitude"] = record.settings["magnitude"]
        one = ExpansionRecord(kind=record.kind, settings=settings, why={})
        alone[name] = ImageExpander(one, classes=classes)
    return alone


def _caption(name: str, value: float) -> str:
    policy = IMAGE_POLICIES[name]
    number = "" if policy.unit == "on" else f" = {value:g} {policy.unit}"
    return f"{name}{number}: {policy.about}"


def _changed(
    expander: ImageExpander, pictures: Tensor, targets: Tensor, seed: int
) -> list[NDArray[np.uint8]]:
    """Tiles (h, w, C): of each picture the original, then its changed versions."""
    n, height, width, _ = pictures.shape
    generator = torch.Generator().manual_seed(seed)
    many = pictures.repeat_interleave(_AFTER, 0)
    x, _ = expander(
        many,
        targets.repeat_interleave(_AFTER),
        generator=generator,
        size=(height, width),
        # Half of the shown versions, whatever the seed: a row of unflipped ones shows nothing.
        mirrored=torch.arange(n * _AFTER) % 2 == 0,
    )
    after = x.round().to(torch.uint8).permute(0, 2, 3, 1).reshape(n, _AFTER, height, width, -1)
    tiles = torch.cat([pictures[:, None], after], 1).flatten(0, 1)
    return list(tiles.numpy())


def _tile(pixels: NDArray[np.uint8]) -> Image.Image:
    """A picture at tile size; tiny ones keep their square pixels."""
    shown = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    scale = _TILE / max(shown.size)
    size = (max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return shown.resize(size, method)


def _drawn(lines: list[tuple[str, list[NDArray[np.uint8]]]]) -> Image.Image:
    per_picture = 1 + _AFTER
    count = len(lines[0][1]) // per_picture
    group = per_picture * (_TILE + _GAP) + 3 * _GAP
    line_height = _CAPTION + _TILE + 2 * _GAP
    sheet = Image.new("RGB", (count * group + _GAP, _CAPTION + len(lines) * line_height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(14), ImageFont.load_default(11)
    for number in range(count):
        left = _GAP + number * group
        draw.text((left, _GAP), "before", _PALE, small)
        draw.text((left + _TILE + 2 * _GAP, _GAP), "after", _PALE, small)
    for row, (caption, tiles) in enumerate(lines):
        top = _CAPTION + row * line_height
        draw.text((_GAP, top), caption, _INK, font)
        for number, pixels in enumerate(tiles):
            which, version = divmod(number, per_picture)
            # A wider gap sets the original apart from its changed versions.
            left = _GAP + which * group + version * (_TILE + _GAP) + (_GAP if version else 0)
            sheet.paste(_tile(pixels), (left, top + _CAPTION))
    return sheet
