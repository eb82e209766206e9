"""Pictures that are handed over as numbers: shapes, and the scale they were learned in."""

from __future__ import annotations

import numpy as np
import pytest

from fivefold.inputs.array import Array
from fivefold.inputs.image import Image, as_pictures, scale_of
from fivefold.plumbing.errors import BadItem


@pytest.mark.parametrize(
    ("values", "dtype", "scale"),
    [
        ([0, 255], np.uint8, None),
        ([0, 200], np.int64, (0.0, 255.0)),
        ([0, 0.4], np.float32, (0.0, 1.0)),
        ([0, 1], np.bool_, (0.0, 1.0)),
        ([-2, 6], np.float64, (-2.0, 6.0)),
        ([0, 1000], np.uint16, (0.0, 1000.0)),
    ],
)
def test_scale(values, dtype, scale):
    assert scale_of(np.array(values, dtype)) == scale


def test_one_item_is_read_by_the_scale_of_all():
    X = np.linspace(-2, 6, 3 * 4 * 4).reshape(3, 4, 4)
    scale = scale_of(X)
    alone = [Image().take(item, scale) for item in X]
    np.testing.assert_array_equal(np.stack(alone), as_pictures(X, scale))


def test_what_lies_beyond_the_scale_is_black_or_white():
    item = np.array([[-5.0, -1.0], [1.0, 7.0]])
    assert Image().take(item, (-1.0, 1.0))[..., 0].tolist() == [[0, 0], [255, 255]]


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 1), (8, 9, 3), (8, 9, 4), (1, 8, 9), (3, 8, 9)])
def test_one_item_is_shaped_as_all_are(shape):
    item = np.zeros(shape, np.uint8)
    assert Image().take(item, None).shape == as_pictures(item[None], None).shape[1:]
    assert Image().take(item, None).shape[:2] == (8, 9)


@pytest.mark.parametrize(
    ("item", "scale", "reason"),
    [
        (np.zeros(64), (0.0, 1.0), "shape"),
        (np.zeros((5, 4, 5)), (0.0, 1.0), "shape"),
        (np.full((4, 4), np.nan), (0.0, 1.0), "not finite"),
        (np.full((4, 4), "a"), (0.0, 1.0), "not finite"),
        (np.full((4, 4), 0.5), None, "is float64 where pixels"),
        (np.full((4, 4), 256), None, "is int64 where pixels"),
    ],
)
def test_refused(item, scale, reason):
    with pytest.raises(BadItem, match=reason):
        Image().take(item, scale)


def test_whole_numbers_are_pixels_where_pixels_were_learned():
    assert Image().take(np.full((2, 2), 200), None).tolist() == [[[200], [200]]] * 2


def test_vectors_are_taken_as_they_are():
    item = np.array([1.5, -2.0])
    assert Array().take(item, None).tolist() == item.tolist()


def test_a_picture_without_pixels_is_refused():
    for shape in ((0, 5, 3), (5, 0)):
        with pytest.raises(BadItem, match="no pixels"):
            Image().take(np.zeros(shape, np.uint8), None)
