"""Vectors of the Python API."""

from __future__ import annotations

import numpy as np
import pytest

from fivefold.inputs.array import Array
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.sources import ArraySource

KIND = Array()


def test_what_a_source_gives_is_opened_again():
    items = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(KIND.open(ArraySource(items).read("row-000001")), items[1])
    with pytest.raises(BadItem, match="5 bytes"):
        KIND.open(b"12345")
    with pytest.raises(BadItem, match="0 bytes"):
        KIND.open(b"")


def test_no_file_is_a_vector():
    assert not KIND.recognise("x.npy", b"\x93NUMPY")


def test_learn_and_fit():
    shape = KIND.learn([np.zeros(3), np.zeros(3)])
    assert shape == {"item_shape": [3], "dtype": "float32"}
    assert KIND.fit(np.array([1, 2, 3]), shape).dtype == np.float32
    with pytest.raises(BadItem, match="has 2 values where the others have 3"):
        KIND.fit(np.zeros(2), shape)
    with pytest.raises(BadItem, match="not finite"):
        KIND.fit(np.array([1, np.nan, 3]), shape)
