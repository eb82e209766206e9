"""The pictures that both loops train on: small JPEG files in class folders."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

CLASSES, PER_CLASS = 10, 400
SIDE = 32


def write_pictures(folder: Path, archive: Path) -> str:
    """Fill `folder` with 4,000 JPEG files of 32 x 32 pixels in ten class folders.

    Args:
        folder: Where to; one folder per class is made in it.
        archive: cifar10.tar.gz with `train/CLASS/*.jpg`; pictures are made up where it is absent.

    Returns:
        Where the pictures come from, in words.
    """
    if not archive.exists():
        _made_up(folder)
        return f"{CLASSES * PER_CLASS:,} made-up pictures"
    taken: dict[str, int] = {}
    with tarfile.open(archive) as members:
        for member in members:
            *_, part, name, file = ["", "", *member.name.split("/")]
            if part != "train" or not member.isfile() or taken.get(name, 0) == PER_CLASS:
                continue
            content = members.extractfile(member)
            if content is None:
                continue
            taken[name] = taken.get(name, 0) + 1
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / file).write_bytes(content.read())
            if sum(taken.values()) == CLASSES * PER_CLASS:
                break
    return f"the first {PER_CLASS} training pictures of each class in {archive.name}"


def _made_up(folder: Path) -> None:
    """A few soft blobs per picture, which compress about as photos do."""
    rng = np.random.default_rng(0)
    for label in range(CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(PER_CLASS):
            few = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            picture = Image.fromarray(few).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            picture.save(folder / f"class{label}" / f"{number:04d}.jpg", quality=92)
