"""The pictures that loops and decoders are measured on: small JPEG files in class folders."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = 10
SIDE = 32


def write_pictures(folder: Path, archive: Path, per_class: int) -> str:
    """Fill `folder` with JPEG files of 32 x 32 pixels in ten class folders.

    Args:
        folder: Where to; one folder per class is made in it.
        archive: cifar10.tar.gz with `train/CLASS/*.jpg`; pictures are made up where it is absent.
        per_class: Files of each class.

    Returns:
        Where the pictures come from, in words.
    """
    if not archive.exists():
        _made_up(folder, per_class)
        return f"{CLASSES * per_class:,} made-up pictures"
    taken: dict[str, int] = {}
    with tarfile.open(archive) as members:
        for member in members:
            *_, part, name, file = ["", "", *member.name.split("/")]
            if part != "train" or not member.isfile() or taken.get(name, 0) == per_class:
                continue
            content = members.extractfile(member)
            if content is None:
                continue
            taken[name] = taken.get(name, 0) + 1
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / file).write_bytes(content.read())
            if sum(taken.values()) == CLASSES * per_class:
                break
    return f"the first {per_class} training pictures of each class in {archive.name}"


def _made_up(folder: Path, per_class: int) -> None:
    """A few soft blobs per picture, which compress about as photos do."""
    rng = np.random.default_rng(0)
    for label in range(CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
        for number in range(per_class):
            few = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
            picture = Image.fromarray(few).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            picture.save(folder / f"class{label}" / f"{number:04d}.jpg", quality=92)
