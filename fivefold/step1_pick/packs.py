"""Layout: one .npz or HDF5 file that holds X and y, maybe of several parts, and facts of each row.

Axes: N rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fivefold.contracts.records import PACK, Guess, Listing, Part
from fivefold.plumbing.array_files import read_from, shapes_in
from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import printable
from fivefold.plumbing.number_files import HDF5, NPY, is_array_file
from fivefold.step1_pick.arrays import read_arrays
from fivefold.step1_pick.fields import Fields
from fivefold.step1_pick.parts import part_of
from fivefold.step1_pick.words import is_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.found import Found

_INPUTS = frozenset(
    ("x", "data", "image", "images", "img", "imgs", "feature", "features", "input", "inputs")
) | frozenset(
    ("signal", "signals", "series", "sequence", "sequences", "sample", "samples", "values")
)
_LABELS = frozenset(("y", "label", "labels", "target", "targets", "class", "classes"))
_ORDER: tuple[Part | None, ...] = (None, "train", "validation", "test")


@dataclass(frozen=True, slots=True)
class _Role:
    """What the name of an array says: of which part it is, and what of it."""

    part: Part | None
    word: str


def read_pack(path: Path, asked: Asked) -> Found | None:
    """The rows of a file that holds arrays of inputs and of labels; None for any other file.

    Raises:
        DataError: It holds no X and y of equal length, or is damaged.
    """
    if not path.is_file() or not _is_pack(path):
        return None
    shown = printable(path.name)
    try:
        shapes = shapes_in(path)
        roles = {name: _role(name) for name in shapes}
        inputs = _named(roles, _INPUTS, shapes, least=2)
        labels = _named(roles, frozenset((asked.label,)) if asked.label else _LABELS, shapes)
        if None in inputs and len(inputs) > 1:  # `x` beside `x_test`
            inputs = {part or "train": name for part, name in inputs.items()}
            labels = {part or "train": name for part, name in labels.items()}
        if not inputs or set(inputs) - set(labels):
            raise _nothing(shown, shapes)
        parts = [part for part in _ORDER if part in inputs]
        X = [read_from(path, inputs[part]) for part in parts]
        y = [_flat(read_from(path, labels[part])) for part in parts]
        sizes = [len(one) for one in X]
        facts = _facts(path, roles, shapes, dict(zip(parts, sizes, strict=True)))
    except BadItem as bad:
        raise DataError(
            found=f"{shown}, which {bad}",
            wanted="arrays of numbers, X, and of labels, y",
            hint="save it anew, for example with numpy.savez(file, X=X, y=y)",
        ) from bad
    if len({one.shape[1:] for one in X}) > 1 or sizes != [len(one) for one in y]:
        raise _nothing(shown, shapes)
    found = read_arrays(_joined(X), _joined(y), asked.kind, asked.target)
    marks = tuple(part for part, size in zip(parts, sizes, strict=True) for _ in range(size))
    names = ", ".join(f"{inputs[part]} with {labels[part]}" for part in parts)
    layout = Guess(
        question="layout",
        answer=PACK,
        why=f"{printable(names)} have as many rows",
        option="--label NAME",
    )
    listing = Listing(names=found.listing.names, labels=found.listing.labels, parts=marks)
    return replace(
        found,
        listing=listing,
        layout=PACK,
        guesses=(layout, *found.guesses[1:]),
        fields=Fields(
            words=tuple(facts),
            column=facts.__getitem__,
            where=f"arrays {', '.join(map(printable, facts)) or 'of no other name'} in {shown}",
        ),
        group=next(filter(_is_group, facts), None),
    )


def inputs_in(path: Path) -> NDArray[np.generic]:
    """The inputs (N, ...) of a file that is to be answered for: those of its test part, if any.

    Raises:
        DataError: There are none, or the file cannot be read.
    """
    shown = printable(str(path))
    try:
        shapes = shapes_in(path)
        found = _named({name: _role(name) for name in shapes}, _INPUTS, shapes, least=2)
        names = [found[part] for part in ("test", None, *_ORDER) if part in found]
        if names:
            return read_from(path, names[0])
    except (BadItem, OSError) as bad:
        raise DataError(
            found=f"{shown}, which {bad}", wanted="an array of inputs", hint="check the path"
        ) from bad
    raise _nothing(shown, shapes)


def _is_pack(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except PermissionError as cause:
        raise DataError(
            found=f"{printable(str(path))}, which may not be read ({cause.strerror})",
            wanted="a file that you may read",
            hint="see who owns it: ls -l",
        ) from cause
    # A .zip of .npy files is an archive, whose files are the items.
    packed = head.startswith(HDF5) or path.suffix.lower() == ".npz"
    return packed and is_array_file(head) and not head.startswith(NPY)


def _role(name: str) -> _Role:
    """Read `X_train`, `test/labels`, `xtrain` or `train_images`."""
    words = [word for word in re.split(r"[\W_]+", name.lower()) if word]
    parts = [part for word in words if (part := part_of(word))]
    rest = [word for word in words if part_of(word) is None]
    if len(rest) == 1 and not parts and rest[0][:1] in {"x", "y"} and part_of(rest[0][1:]):
        return _Role(part_of(rest[0][1:]), rest[0][0])
    return _Role(parts[0] if parts else None, "_".join(rest))


def _named(
    roles: Mapping[str, _Role],
    words: frozenset[str],
    shapes: Mapping[str, tuple[int, ...]],
    least: int = 1,
) -> dict[Part | None, str]:
    """Part -> the one array of at least so many axes that is called by one of `words`."""
    found: dict[Part | None, list[str]] = {}
    for name, role in roles.items():
        if (role.word in words or name in words) and len(shapes[name]) >= least:
            found.setdefault(role.part, []).append(name)
    return {part: names[0] for part, names in found.items() if len(names) == 1}


def _facts(
    path: Path,
    roles: Mapping[str, _Role],
    shapes: Mapping[str, tuple[int, ...]],
    sizes: Mapping[Part | None, int],
) -> dict[str, list[str | None]]:
    """Word -> a cell per row, of arrays (N,) that every part has: who it was, when it was."""
    found: dict[str, dict[Part | None, str]] = {}
    for name, role in roles.items():
        part = role.part or (None if None in sizes else "train")
        if part in sizes and shapes[name] in {(sizes[part],), (sizes[part], 1)}:
            found.setdefault(role.word, {})[part] = name
    return {
        word: [
            str(cell)
            for part in _ORDER
            if part in sizes
            for cell in _flat(read_from(path, names[part])).tolist()
        ]
        for word, names in found.items()
        if set(names) == set(sizes) and word not in _INPUTS | _LABELS
    }


def _is_group(word: str) -> bool:
    """`groups` is what estimators call it; `subjects` is many of them."""
    return word in {"group", "groups"} or is_group(word.removesuffix("s"))


def _flat(y: NDArray[np.generic]) -> NDArray[np.generic]:
    """(N, 1) as (N,)."""
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def _joined(arrays: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _nothing(shown: str, shapes: Mapping[str, tuple[int, ...]]) -> DataError:
    told = ", ".join(f"{printable(name)} {shape}" for name, shape in list(shapes.items())[:6])
    return DataError(
        found=f"{shown} with {told or 'no arrays'}",
        wanted="an array of inputs and one of labels with as many rows",
        hint="call them X and y, or X_train, y_train, X_test and y_test; or --label NAME",
    )
