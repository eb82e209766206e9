"""Several arrays in one file, .npz or HDF5: what there is, and one of them by its name."""

from __future__ import annotations

import math
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold.plumbing.extras import need
from fivefold.plumbing.number_files import (
    HDF5,
    MOST_BYTES,
    REAL,
    check_place,
    check_size,
    damage,
    read_header,
    read_npy,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Shape = tuple[int, ...]
_KINDS = REAL + "US"  # of types, as numpy has them: numbers and words
MOST_ARRAYS = 1_000  # in one file; further ones are not looked at


def shapes_in(path: Path) -> dict[str, Shape]:
    """Name -> shape of every array of numbers or words.

    Raises:
        BadItem: The file is damaged.
    """
    if _is_hdf5(path):
        return {name: data.shape for name, data in _hdf5(path).items()}
    found = {}
    with damage("an .npz"), zipfile.ZipFile(path) as archive:
        for info in archive.infolist()[:MOST_ARRAYS]:
            if not info.filename.endswith(".npy"):
                continue
            with archive.open(info) as member:
                shape, dtype = read_header(member)
            if dtype.kind in _KINDS:
                found[info.filename.removesuffix(".npy")] = shape
    return found


def read_from(path: Path, name: str) -> NDArray[np.generic]:
    """One array of numbers or words.

    Raises:
        BadItem: It is damaged or too large.
    """
    if _is_hdf5(path):
        data = _hdf5(path)[name]
        check_place(data)
        check_size(math.prod(data.shape) * data.dtype.itemsize)
        with damage("HDF5"):
            if data.dtype.kind == "O":  # words of any length
                return np.asarray(data.asstr()[()], dtype=np.str_)
            return np.asarray(data[()])
    with damage("an .npz"), zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"{name}.npy")
        check_size(info.file_size)
        with archive.open(info) as member:
            return read_npy(member.read(MOST_BYTES + 1), kinds=_KINDS)


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(HDF5)) == HDF5


def _hdf5(path: Path) -> dict[str, Any]:
    """Name -> h5py's data set; the file is closed with the last of them."""
    h5py = need("h5py", extra="hdf5")
    found: dict[str, Any] = {}

    def note(name: str, node: Any) -> None:  # noqa: ANN401 - of h5py
        if isinstance(node, h5py.Dataset) and len(found) < MOST_ARRAYS:
            words = h5py.check_string_dtype(node.dtype) is not None
            if words or node.dtype.kind in _KINDS:
                found[name] = node

    with damage("HDF5"):
        h5py.File(path, "r").visititems(note)  # follows no link, which could lead elsewhere
    return found
