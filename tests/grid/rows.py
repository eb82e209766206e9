"""Made rows of the kinds that are not plain numbers, for the grid."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from fivefold import catalog

N = 12
MADE = ("table", "several", "text", "tokens")
SHAPES = {
    "image": (3, 16, 16),
    "array": (6,),
    "series": (40, 3),
    "audio": (1600,),
    "video": (3, 4, 16, 16),
}
SHAPES_BY_AXES = {("array", 3): (1, 16, 16)}  # of encoders that read some shapes only
LEARNED = {"audio": {"rate": 8000}}  # what encoders want of what their kind learned


def specimen(encoder: str, kind: str) -> tuple[torch.Tensor, tuple[int, ...], dict[str, Any]]:
    """Some inputs of a kind that an encoder reads, their shape, and what the kind learned.

    Numbers have mean 0 and deviation 1.
    """
    if kind in MADE:
        x, learned = made(kind)
        return x, tuple(x.shape[1:]), learned
    axes = catalog.entry("encoder", encoder).facts.get("axes", {}).get(kind)
    shape = SHAPES[kind] if axes is None else SHAPES_BY_AXES[kind, axes[0]]
    x = torch.randn(N, *shape, generator=torch.Generator().manual_seed(0))
    return x, shape, LEARNED.get(kind, {})


def table_row(i: int) -> bytes:
    """A row of two numbers and a category."""
    cells = {"age": 20 + i, "pay": None if i % 5 == 0 else i * i % 7, "town": "abc"[i % 3]}
    return json.dumps(cells).encode()


def several_row(i: int) -> bytes:
    """Two tables in one row: every kind of part is read alike."""
    parts = {
        name: {"kind": "table", "cells": json.loads(table_row(i + shift))}
        for name, shift in (("here", 0), ("there", 1))
    }
    return json.dumps(parts).encode()


def text_row(i: int) -> bytes:
    """A few words, some of them in one row only."""
    return f"row {i} says {'abc'[i % 3] * 4} and {i * i} things, {'very ' * (i % 4)}well".encode()


def tokens_row(i: int) -> bytes:
    """The same as a list of words."""
    return json.dumps(text_row(i).decode().split()).encode()


def made(kind: str) -> tuple[torch.Tensor, dict[str, Any]]:
    """Cached rows (N, ...) of a kind and what it learned of them."""
    row = {
        "table": table_row,
        "several": several_row,
        "text": text_row,
        "tokens": tokens_row,
    }[kind]
    reader = catalog.load("input", kind)()
    items = [reader.open(row(i)) for i in range(N)]
    shape = json.loads(json.dumps(reader.learn(items)))
    rows = torch.from_numpy(np.stack([reader.fit(item, shape) for item in items]))
    return (rows.long() if kind in ("text", "tokens") else rows), shape


def tags_of(x: torch.Tensor, k: int) -> torch.Tensor:
    """One of `k` tags for each word of spelled rows (N, L, W), by its first letter; else -1."""
    return (x[..., 0] % k).masked_fill(x[..., 0] == 0, -1)
