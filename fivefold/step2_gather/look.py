"""What `fivefold look` shows: the data in numbers, and a sheet of example pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fivefold.plumbing.files import printable
from fivefold.plumbing.sketch import pictured
from fivefold.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.rows import IntArray

    Show = Callable[[NDArray[np.generic]], NDArray[np.uint8] | str]

# Pixels: side of a picture, gap between pictures, width of the column of class names.
_CELL, _GAP, _NAMES = 96, 4, 176
_WIDE, _WIDEST = 1.6, 2.75  # in terms of a cell's height: wider pictures widen it, up to that
_INK, _PAPER = (20, 20, 20), (255, 255, 255)


def summary(dataset: Dataset, *, vault_size: int) -> dict[str, Any]:
    """The data in plain JSON values.

    Returns:
        `source`, `input`, `target`, `metric`, `layout`, `items`, `open_rows`, `vault_rows`,
        `split`, `folds`, `shape`, `sizes` and `classes` (word or name -> rows), `quarantine`,
        `duplicates`, `notes`, `fingerprint`, `cache_hit`.
    """
    problem = dataset.problem
    counts, names, _ = _strata(dataset)
    return {
        "source": printable(problem.source),
        "input": [one.kind for one in problem.inputs],
        "target": problem.target.kind,
        "metric": problem.metric,
        "layout": problem.layout,
        "items": dataset.total,
        "open_rows": len(dataset.targets),
        "vault_rows": vault_size,
        "split": dataset.split,
        "folds": dataset.n_folds,
        "shape": list(dataset.rows.item_shape),
        "sizes": dict(dataset.seen_sizes),
        "classes": {printable(name): int(count) for name, count in zip(names, counts, strict=True)},
        "quarantine": [{"path": one.path, "reason": one.reason} for one in dataset.quarantine],
        "duplicates": [
            {
                "first": one.first,
                "second": one.second,
                "exact": one.exact,
                "across": one.across,
                "same_label": one.same_label,
                "action": one.action,
            }
            for one in dataset.duplicates
        ],
        "notes": list(dataset.notes),
        "fingerprint": dataset.fingerprint,
        "cache_hit": dataset.cache_hit,
    }


def contact_sheet(
    dataset: Dataset, show: Show, *, columns: int = 8, classes: int = 12
) -> Image.Image:
    """Examples of open rows, one line per class, the largest classes first.

    Targets that are no classes are shown by what they have of alike rows (`strata`).

    Args:
        dataset: The open rows.
        show: A cached item for people, as a picture or in words.
        columns: Examples per class.
        classes: Classes shown at most.

    Returns:
        The sheet.
    """
    lines = [
        (name, [pictured(show(item)) for item in dataset.rows.take(_spread(rows, columns))], rows)
        for name, rows in _lines(dataset, classes)
    ]
    wide = max(picture.shape[1] / picture.shape[0] for _, shown, _ in lines for picture in shown)
    across = round(_CELL * min(wide, _WIDEST)) if wide > _WIDE else _CELL
    columns = max(1, columns * _CELL // across)  # the sheet stays as wide
    step, down = across + _GAP, _CELL + _GAP
    sheet = Image.new("RGB", (_NAMES + columns * step + _GAP, len(lines) * down + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = _font()
    for line, (name, shown, rows) in enumerate(lines):
        top = _GAP + line * down
        draw.text((_GAP, top), _fitting(printable(name), font), fill=_INK, font=font)
        draw.text((_GAP, top + 18), f"{len(rows):,}", fill=_INK, font=font)
        for column, picture in enumerate(shown[:columns]):
            sheet.paste(_cell(picture, across), (_NAMES + column * step, top))
    return sheet


def _strata(dataset: Dataset) -> tuple[IntArray, tuple[str, ...], IntArray]:
    """(k) rows of each class, or of what the target has of alike rows; its names; (n) which."""
    kind = target_of(dataset.problem)
    strata = kind.strata(dataset.targets)
    names = kind.stratum_names(dataset.targets, dataset.classes)
    return np.bincount(strata, minlength=len(names)), names, strata


def _lines(dataset: Dataset, most: int) -> list[tuple[str, IntArray]]:
    """Name and rows of each line: a line per class, or per stratum of other targets."""
    counts, names, strata = _strata(dataset)
    shown = np.argsort(-counts, kind="stable")[:most]
    return [(names[n], np.flatnonzero(strata == n)) for n in shown if counts[n]]


def _spread(rows: IntArray, count: int) -> IntArray:
    """At most `count` of the rows, from the first to the last."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, count).round().astype(np.int64))]


def _cell(picture: NDArray[np.uint8], across: int) -> Image.Image:
    """One picture (H, W, C) in a cell `across` pixels wide; small ones keep their pixels."""
    plain = picture[..., 0] if picture.shape[2] == 1 else picture
    image = Image.fromarray(plain).convert("RGB")
    scale = min(_CELL / image.height, across / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    way = Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS
    cell = Image.new("RGB", (across, _CELL), _PAPER)
    cell.paste(image.resize(size, way), ((across - size[0]) // 2, (_CELL - size[1]) // 2))
    return cell


def _font() -> ImageFont.FreeTypeFont:
    """A font that has more than Latin letters: the one matplotlib ships."""
    import matplotlib  # noqa: PLC0415 - half a second that only a sheet needs

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(str(path), 13)


def _fitting(name: str, font: ImageFont.FreeTypeFont) -> str:
    """The name, cut where it would run into the pictures."""
    if font.getlength(name) <= _NAMES - 2 * _GAP:
        return name
    while name and font.getlength(name + "…") > _NAMES - 2 * _GAP:
        name = name[:-1]
    return name + "…"
