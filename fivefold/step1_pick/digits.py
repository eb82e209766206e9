"""The embedded default: scikit-learn's 1,797 handwritten digits, written out as picture files."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image


def write_digits(scratch: Path) -> Path:
    """Write the digits as 8 x 8 grey PNG files in ten class folders, once; give their folder.

    The folder is filled beside its place and then moved there, so it is whole or not there.
    """
    folder = scratch / "digits"
    if folder.is_dir():
        return folder
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second that only this needs

    digits = load_digits()
    pixels = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    scratch.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".digits-", dir=scratch))
    try:
        for word in digits.target_names:
            (beside / str(word)).mkdir()
        for number, (picture, target) in enumerate(zip(pixels, digits.target, strict=True)):
            Image.fromarray(picture).save(beside / str(target) / f"{number:04d}.png")
        beside.chmod(0o755)
        if not folder.is_dir():
            beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder
