"""Input kind `several`: a row of several inputs of any kinds, as a JSON object of parts.

    {"photo": {"kind": "image", "base64": "..."},
     "story": {"kind": "text", "text": "..."},
     "facts": {"kind": "table", "cells": {"age": 3, "breed": "husky"}}}

Axes: B bytes of a cached row: the items of its parts one after the other, see `plumbing/parts.py`.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from fivefold import catalog
from fivefold.contracts.roles import InputKind
from fivefold.plumbing.errors import BadItem, OptionError
from fivefold.plumbing.parts import Part, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_OBJECT = re.compile(rb'\s*\{\s*"')
_PART = re.compile(rb'\{\s*"kind"\s*:\s*"')
_LENGTH = 8  # bytes that say how long the header of an opened row is


@final
class Several(InputKind):
    """Rows of several inputs -> uint8 (B,)."""

    samples: ClassVar[int] = 20_000  # what the most curious kind wants; others see more than they

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether this is a JSON object of parts."""
        return _OBJECT.match(head) is not None and _PART.search(head) is not None

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Open every part by its own kind; the opened items come back packed into uint8.

        A part that is null, or an empty text, is missing.

        Raises:
            BadItem: No such object, all parts are missing, or a kind cannot open its part.
        """
        return _packed({name: _opened(name, part) for name, part in _held(raw).items()})

    def open_for(
        self, raw: bytes, shape: dict[str, Any]
    ) -> tuple[NDArray[np.generic], tuple[int, ...]]:
        """The same; each part no finer than its kind needs for its cached shape."""
        known = {part.name: part for part in parts_of(shape)}
        held = _held(raw).items()
        return _packed({name: _opened(name, part, known.get(name)) for name, part in held}), ()

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """What each part's kind learns of the rows that have it.

        Returns:
            `item_shape`, `dtype`; `parts`: a list of {name, kind, shape} in the order of the bytes.
        """
        found: dict[str, tuple[str, list[NDArray[np.generic]]]] = {}
        for sample in samples:
            for name, (kind, item) in _unpacked(sample).items():
                known, items = found.setdefault(name, (kind, []))
                if kind == known:
                    items.append(item)
        parts = [
            {"name": name, "kind": kind, "shape": _kind(kind).learn(items)}
            for name, (kind, items) in sorted(found.items())
        ]
        total = parts_of({"parts": parts})[-1].end
        return {"item_shape": [total], "dtype": "uint8", "parts": parts}

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """Every part in its kind's cached shape; one that is missing as the kind's blank.

        Raises:
            BadItem: A part is of another kind than in other rows, or cannot be brought into shape.
        """
        opened = _unpacked(item)
        parts = parts_of(shape)
        if not any(part.name in opened for part in parts):
            raise BadItem(f"has none of the parts {', '.join(part.name for part in parts)}")
        flat = [
            np.frombuffer(_fitted(part, opened.get(part.name)).tobytes(), np.uint8)
            for part in parts
        ]
        return np.concatenate(flat)

    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.uint8] | str:
        """The first part that is a picture; the words of all parts where none is."""
        said: list[str] = []
        for part in parts_of(shape):
            shown = _kind(part.kind).show(part.items(item[None])[0], part.shape)
            if not isinstance(shown, str):
                return shown
            said.append(shown)
        return " | ".join(said)

    def tell(self, shape: dict[str, Any]) -> tuple[str, ...]:
        """What the kinds of the parts tell."""
        return tuple(
            f"{part.name}: {line}"
            for part in parts_of(shape)
            for line in _kind(part.kind).tell(part.shape)
        )


def _kind(word: str) -> InputKind:
    kind: InputKind = catalog.load("input", word)()
    return kind


def _missing(part: object) -> bool:
    """Whether a part holds nothing."""
    if not isinstance(part, dict):
        return part is None
    held = [value for key, value in part.items() if key != "kind"]
    return not any(held) or (isinstance(part.get("text"), str) and not part["text"].strip())


def _held(raw: bytes) -> dict[str, object]:
    """The parts of a row that hold anything."""
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as cause:
        raise BadItem(
            f"is no JSON object of parts, as rows of several inputs are ({cause})"
        ) from cause
    if not isinstance(row, dict):
        raise BadItem(f"is a JSON {type(row).__name__} where an object of parts belongs")
    held = {name: part for name, part in row.items() if not _missing(part)}
    if not held:
        raise BadItem("has no part that holds anything")
    return held


def _opened(name: str, part: object, known: Part | None = None) -> tuple[str, NDArray[np.generic]]:
    """(kind, opened item) of one part; no finer than it is `known` to be cached."""
    if not isinstance(part, dict) or not isinstance(part.get("kind"), str):
        raise BadItem(f"{name}: is no object with a kind")
    word = part["kind"]
    try:
        kind, raw = _kind(word), _raw(part)
        if known is not None and known.kind == word:
            return word, kind.open_for(raw, known.shape)[0]
        return word, kind.open(raw)
    except OptionError as cause:
        raise BadItem(f"{name}: is of the kind {word!r}, which there is not") from cause
    except BadItem as cause:
        raise BadItem(f"{name}: {cause}") from cause


def _raw(part: dict[str, Any]) -> bytes:
    """The raw bytes of a part, as its kind opens them."""
    if isinstance(part.get("text"), str):
        return part["text"].encode("utf-8", "surrogatepass")
    if "cells" in part:
        return json.dumps(part["cells"]).encode()
    if isinstance(part.get("base64"), str):
        try:
            return base64.b64decode(part["base64"], validate=True)
        except ValueError as cause:
            raise BadItem(f"is no base64 ({cause})") from cause
    raise BadItem("holds no text, cells or base64")


def _fitted(part: Part, found: tuple[str, NDArray[np.generic]] | None) -> NDArray[np.generic]:
    kind = _kind(part.kind)
    if found is None:
        return kind.blank(part.shape)
    word, item = found
    if word != part.kind:
        raise BadItem(f"{part.name}: is {word} where the others have {part.kind}")
    try:
        fitted = kind.fit(item, part.shape)
    except BadItem as cause:
        raise BadItem(f"{part.name}: {cause}") from cause
    return np.ascontiguousarray(fitted, part.shape["dtype"]).reshape(part.item_shape)


def _packed(opened: dict[str, tuple[str, NDArray[np.generic]]]) -> NDArray[np.uint8]:
    """Opened items in one array: the length of a header, the header as JSON, the items."""
    header = [
        {"name": name, "kind": kind, "shape": list(item.shape), "dtype": str(item.dtype)}
        for name, (kind, item) in opened.items()
    ]
    head = json.dumps(header).encode()
    length = len(head).to_bytes(_LENGTH, "little")
    body = b"".join(item.tobytes() for _, item in opened.values())
    return np.frombuffer(length + head + body, np.uint8)


def _unpacked(item: NDArray[np.generic]) -> dict[str, tuple[str, NDArray[np.generic]]]:
    """(kind, opened item) of each part, by its name."""
    raw = item.tobytes()
    begin = _LENGTH + int.from_bytes(raw[:_LENGTH], "little")
    found = {}
    for one in json.loads(raw[_LENGTH:begin]):
        count = int(np.prod(one["shape"], dtype=np.int64))
        flat = np.frombuffer(raw, one["dtype"], count, begin)
        found[one["name"]] = (one["kind"], flat.reshape(one["shape"]))
        begin += flat.nbytes
    return found
