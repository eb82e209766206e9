"""Arrays in binary files: .npy, .npz, HDF5. Nothing in them is run, no header is believed."""

from __future__ import annotations

import math
import zipfile
from contextlib import contextmanager
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.extras import need
from fivefold.plumbing.files import printable, size_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NPY, HDF5, ZIP = b"\x93NUMPY", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
REAL = "biuf"  # kinds of real numbers, as numpy has them
MOST_BYTES = 1 << 30  # of one array
# Members of an .npz that hold the input, where it holds more than one.
_USUAL = ("x", "data", "arr_0", "values", "series", "signal", "input", "inputs")


def is_array_file(head: bytes) -> bool:
    """Whether a file begins as .npy, HDF5 or an .npz does."""
    npz = head.startswith(ZIP) and b".npy" in head[:512]
    return head.startswith((NPY, HDF5)) or npz


def npy_shape(head: bytes) -> tuple[int, ...] | None:
    """The shape that the header of a .npy file states; None where it cannot be read."""
    try:
        return read_header(BytesIO(head))[0]
    except BadItem:
        return None


def read_array(raw: bytes) -> NDArray[np.generic]:
    """The one array of real numbers in a file.

    Raises:
        BadItem: None or several are there, it is damaged, too large, or holds Python objects.
    """
    if raw.startswith(NPY):
        return read_npy(raw)
    if raw.startswith(HDF5):
        return _read_hdf5(raw)
    return _read_npz(raw)


def read_npy(raw: bytes, kinds: str = REAL) -> NDArray[np.generic]:
    """The array of a .npy file, without pickle and without believing its header.

    Args:
        raw: The file.
        kinds: Of the types that it may hold, as numpy has them.

    Raises:
        BadItem: It is damaged, or holds something else.
    """
    file = BytesIO(raw)
    shape, dtype, fortran = _header(file)
    _check_type(dtype, kinds)
    wanted = math.prod(shape) * dtype.itemsize
    there = len(raw) - file.tell()
    if wanted > there:
        raise BadItem(
            f"claims an array {shape} of {size_words(wanted)}, but holds {size_words(there)}"
        )
    flat = np.frombuffer(raw, dtype, count=math.prod(shape), offset=file.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type that the header of a .npy file states.

    Raises:
        BadItem: It cannot be read.
    """
    shape, dtype, _ = _header(file)
    return shape, dtype


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Shape, type, and whether the first axis moves fastest."""
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except Exception as cause:  # a damaged header may raise anything
        raise BadItem("is damaged (its .npy header cannot be read)") from cause
    return shape, dtype, fortran


def _check_type(dtype: np.dtype[Any], kinds: str) -> None:
    if dtype.hasobject:
        raise BadItem("holds Python objects, which are never loaded: they could run code")
    if dtype.kind not in kinds:
        raise BadItem(f"holds {dtype}, which is no real number")


def _read_npz(raw: bytes) -> NDArray[np.generic]:
    with damage("an .npz"), zipfile.ZipFile(BytesIO(raw)) as archive:
        members = {
            info.filename.removesuffix(".npy"): info
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }
        info = members[_the_one(list(members))]
        check_size(info.file_size)
        with archive.open(info) as member:
            return read_npy(member.read(MOST_BYTES + 1))


def _the_one(names: list[str]) -> str:
    """The member that is the input."""
    usual = [name for name in names if name.rpartition("/")[2].lower() in _USUAL]
    chosen = names if len(names) == 1 else usual
    if len(chosen) != 1:
        shown = ", ".join(printable(name) for name in names[:5]) or "none"
        raise BadItem(f"holds {len(names)} arrays ({shown}) where one is wanted")
    return chosen[0]


def _read_hdf5(raw: bytes) -> NDArray[np.generic]:
    h5py = need("h5py", extra="hdf5")
    found: dict[str, Any] = {}

    def note(name: str, node: Any) -> None:  # noqa: ANN401 - of h5py
        if isinstance(node, h5py.Dataset) and node.dtype.kind in REAL:
            found[name] = node

    with damage("HDF5"), h5py.File(BytesIO(raw), "r") as file:
        file.visititems(note)  # follows no link, which could lead to another file
        data = found[_the_one(list(found))]
        check_place(data)
        check_size(math.prod(data.shape) * data.dtype.itemsize)
        return np.asarray(data[()])


def check_place(data: Any) -> None:  # noqa: ANN401 - of h5py
    """Refuse a data set of HDF5 whose numbers lie in another file."""
    if data.external or data.is_virtual:
        raise BadItem("keeps its numbers in another file")


def check_size(size: int) -> None:
    """Refuse an array of more bytes than may be unpacked."""
    if size > MOST_BYTES:
        raise BadItem(f"would unpack to {size_words(size)}, above {size_words(MOST_BYTES)}")


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Whatever a library raises on a damaged file is a reason to refuse it."""
    try:
        yield
    except BadItem:
        raise
    except MemoryError as cause:
        raise BadItem("needs more memory to decode than there is") from cause
    except Exception as cause:  # zip and HDF5 readers raise anything
        raise BadItem(f"is damaged ({what} that cannot be read)") from cause
