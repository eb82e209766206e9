"""Any record to a folder and back: JSON for words and numbers, safetensors for arrays."""

from __future__ import annotations

import dataclasses
import os
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fivefold.plumbing.files import read_arrays, read_json, write_arrays, write_json

T = TypeVar("T")


def save(record: Any, folder: Path, name: str) -> None:  # noqa: ANN401 - any record
    """Write `record` as `folder/name.json` and, where it has arrays, `folder/name.safetensors`.

    The JSON file is written last: where it stands, the record is whole.
    """
    arrays: dict[str, np.ndarray] = {}
    plain = _plain(record, name, arrays)
    if arrays:
        write_arrays(folder / f"{name}.safetensors", arrays)
    write_json(folder / f"{name}.json", plain)


def load(cls: type[T], folder: Path, name: str) -> T:
    """Read a record that `save` wrote."""
    file = folder / f"{name}.safetensors"
    arrays = read_arrays(file) if file.exists() else {}
    return _record(cls, read_json(folder / f"{name}.json"), arrays)


def read(cls: type[T], plain: dict[str, Any]) -> T:
    """A record without arrays from plain JSON values, as `dataclasses.asdict` gives them."""
    return _record(cls, plain, {})


def exists(folder: Path, name: str) -> bool:
    """Whether a whole record stands there."""
    return os.path.exists(folder / f"{name}.json")  # noqa: PTH110 - also of names too long for one


def _plain(value: Any, key: str, arrays: dict[str, np.ndarray]) -> Any:  # noqa: ANN401
    if dataclasses.is_dataclass(value):
        return {
            f.name: _plain(getattr(value, f.name), f"{key}.{f.name}", arrays)
            for f in dataclasses.fields(value)
        }
    if isinstance(value, np.ndarray):
        arrays[key] = value
        return {"array": key}
    if isinstance(value, tuple | list):
        return [_plain(v, f"{key}.{i}", arrays) for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {k: _plain(v, f"{key}.{k}", arrays) for k, v in value.items()}
    if isinstance(value, Path):
        return str(value)
    return value


def _record(hint: Any, value: Any, arrays: dict[str, np.ndarray]) -> Any:  # noqa: ANN401, PLR0911
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if value is None or hint is Any:
        return value
    if isinstance(value, dict) and set(value) == {"array"}:
        return arrays[value["array"]]
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return typing.cast("Any", hint)(
            **{k: _record(hints[k], v, arrays) for k, v in value.items()}
        )
    if origin in (typing.Union, types.UnionType):
        return _record(next(a for a in args if a is not type(None)), value, arrays)
    if origin is tuple:
        inner = args if args and args[-1] is not Ellipsis else (args[0],) * len(value)
        return tuple(_record(h, v, arrays) for h, v in zip(inner, value, strict=True))
    if origin is dict:
        return {k: _record(args[1], v, arrays) for k, v in value.items()}
    return Path(value) if hint is Path else value
