"""The preview sheet: before and after, one row per change in use, and one with all of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from fivefold.plumbing.sketch import pictured
from fivefold.step3_expand.choose import expander_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Expander
    from fivefold.step3_expand.policies import Policy

    Show = Callable[[NDArray[Any]], NDArray[np.uint8] | str]

_ITEMS = 3  # per row of the sheet
_AFTER = 3  # changed versions of each
_TILE, _WIDEST = 88, 264  # pixels of a shown picture: down, and across at most
_GAP = 6
_CAPTION = 22
_INK, _PALE, _PAPER = (20, 20, 20), (110, 110, 110), (255, 255, 255)


def preview_sheet(expander: Expander, dataset: Dataset, show: Show, *, seed: int) -> Image.Image:
    """Draw what the expander does to items of the data.

    Every row of the sheet shows a few items: each as it is, then changed a few times. Changes
    that mix items take their partner from the items of that row.

    Args:
        expander: Its record says which changes are in use.
        dataset: Where the items come from.
        show: A cached item for people, as a picture or in words.
        seed: Chooses items and changes.
    """
    rng = np.random.default_rng(seed)
    some = rng.choice(len(dataset.rows), min(_ITEMS, len(dataset.rows)), replace=False)
    changed = partial(_changed, items=dataset.rows.take(some), show=show, seed=seed)
    targets = torch.from_numpy(dataset.targets[some])
    record = expander.record
    lines = [
        (_caption(expander.policies[name], name, record.settings[name]), changed(alone, targets))
        for name, alone in _each_alone(expander, dataset).items()
    ]
    everything = expander_of(dataset, record)
    lines.append(("all together", changed(everything, targets)))
    return _drawn(lines)


def _each_alone(expander: Expander, dataset: Dataset) -> dict[str, Expander]:
    """One expander per change in use; what only says how strong another is goes with that."""
    record = expander.record
    alone = {}
    for name, policy in expander.policies.items():
        value = record.settings.get(name, 0.0)
        if not value or policy.of:
            continue
        of = {n: p for n, p in expander.policies.items() if p.of == name}
        settings = {name: value, **{n: record.settings[n] for n in of if n in record.settings}}
        alone[name] = expander_of(dataset, replace(record, settings=settings, why={}))
    return alone


def _caption(policy: Policy, name: str, value: float) -> str:
    number = "" if policy.unit == "on" else f" = {value:g} {policy.unit}"
    return f"{name}{number}: {policy.about}"


def _changed(
    expander: Expander, targets: Tensor, *, items: NDArray[Any], show: Show, seed: int
) -> list[NDArray[np.uint8]]:
    """Pictures (h, w, C): of each item the original, then its changed versions."""
    many = torch.from_numpy(items).repeat_interleave(_AFTER, 0)
    x, _ = expander(
        many,
        targets.repeat_interleave(_AFTER, 0),
        generator=torch.Generator().manual_seed(seed),
        size=tuple(items.shape[1:-1]),  # of pictures and clips; nothing of vectors
        # Half of the shown versions, whatever the seed: a row of unflipped ones shows nothing.
        mirrored=torch.arange(len(many)) % 2 == 0,
    )
    after = iter(expander.cached(x).numpy())
    return [
        pictured(show(one))
        for item in items
        for one in (item, *(next(after) for _ in range(_AFTER)))
    ]


def _tile(pixels: NDArray[np.uint8]) -> Image.Image:
    """A picture at tile size; tiny ones keep their square pixels."""
    shown = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).convert("RGB")
    scale = min(_TILE / shown.height, _WIDEST / shown.width)
    size = (max(1, round(shown.width * scale)), max(1, round(shown.height * scale)))
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return shown.resize(size, method)


def _drawn(lines: list[tuple[str, list[NDArray[np.uint8]]]]) -> Image.Image:
    per_picture = 1 + _AFTER
    rows = [(caption, [_tile(pixels) for pixels in shown]) for caption, shown in lines]
    across = max(_TILE, *(tile.width for _, tiles in rows for tile in tiles))
    count = len(rows[0][1]) // per_picture
    group = per_picture * (across + _GAP) + 3 * _GAP
    line_height = _CAPTION + _TILE + 2 * _GAP
    sheet = Image.new("RGB", (count * group + _GAP, _CAPTION + len(lines) * line_height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font, small = ImageFont.load_default(14), ImageFont.load_default(11)
    for number in range(count):
        left = _GAP + number * group
        draw.text((left, _GAP), "before", _PALE, small)
        draw.text((left + across + 2 * _GAP, _GAP), "after", _PALE, small)
    for row, (caption, tiles) in enumerate(rows):
        top = _CAPTION + row * line_height
        draw.text((_GAP, top), caption, _INK, font)
        for number, tile in enumerate(tiles):
            which, version = divmod(number, per_picture)
            # A wider gap sets the original apart from its changed versions.
            left = _GAP + which * group + version * (across + _GAP) + (_GAP if version else 0)
            sheet.paste(tile, (left, top + _CAPTION))
    return sheet
