"""Numpy pairs (X, y): shapes and ranges that are read, and all that is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fivefold.plumbing.errors import DataError, OptionError
from fivefold.plumbing.sources import ArraySource
from fivefold.step1_pick import pick

Y = np.array([0, 1, 0, 1])


def arrays(X, y=Y, **options):
    return pick((X, y), scratch="unused", **options)


def refused(X, y=Y, error=DataError, **options):
    with pytest.raises(error) as caught:
        arrays(X, y, **options)
    assert caught.value.wanted
    assert caught.value.hint
    return caught.value.found


@pytest.mark.parametrize(
    ("shape", "kind", "item"),
    [
        ((4, 8, 9), "image", (8, 9, 1)),
        ((4, 8, 9, 1), "image", (8, 9, 1)),
        ((4, 8, 9, 3), "image", (8, 9, 3)),
        ((4, 8, 9, 4), "image", (8, 9, 3)),
        ((4, 1, 8, 9), "image", (8, 9, 1)),
        ((4, 3, 8, 9), "image", (8, 9, 3)),
        ((4, 3, 8, 3), "image", (3, 8, 3)),
        ((4, 7), "array", (7,)),
    ],
)
def test_shapes(shape, kind, item):
    picked = arrays(np.zeros(shape, dtype=np.uint8))
    assert isinstance(picked.source, ArraySource)
    assert picked.problem.inputs[0].kind == kind
    assert picked.source.items.shape == (4, *item)
    assert picked.source.items.dtype == (np.uint8 if kind == "image" else np.float32)
    assert picked.listing.names == picked.source.names()
    assert picked.listing.labels == ("0", "1", "0", "1")
    assert picked.problem.layout == "arrays"


def test_channels_first_keep_their_pixels():
    X = np.arange(4 * 3 * 5 * 6, dtype=np.uint8).reshape(4, 3, 5, 6)
    items = arrays(X).source.items
    assert np.array_equal(items[2, 4, 1], X[2, :, 4, 1])


def test_pictures_as_fields_of_numbers_when_asked():
    assert arrays(np.zeros((4, 8, 8)), input_kind="array").source.items.shape == (4, 8, 8)
    assert "X of shape (4, 7)" in refused(np.zeros((4, 7)), input_kind="image")


@pytest.mark.parametrize(
    ("values", "dtype", "wanted", "said"),
    [
        ([0, 128, 255], np.uint8, [0, 128, 255], None),
        ([0, 128, 255], np.int64, [0, 128, 255], "0 is black, 255 is white"),
        ([0.0, 0.5, 1.0], np.float32, [0, 128, 255], "0 is black, 1 is white"),
        ([0.0, 16.0, 8.0], np.float64, [0, 16, 8], "0 is black, 255 is white"),
        ([-1.0, 0.0, 1.0], np.float32, [0, 128, 255], "-1 is black, 1 is white"),
        ([0, 500, 1000], np.uint16, [0, 128, 255], "0 is black, 1000 is white"),
        ([0, 1, 1], np.bool_, [0, 255, 255], "0 is black, 1 is white"),
    ],
)
def test_ranges(values, dtype, wanted, said):
    X = np.tile(np.array(values, dtype=dtype), (4, 2, 1))
    picked = arrays(X)
    assert picked.source.items[0, 0, :, 0].tolist() == wanted
    notes = [g.answer for g in picked.problem.guesses if g.question == "pixel scale"]
    assert notes == ([said] if said else [])


def test_constant_pictures():
    items = arrays(np.full((4, 2, 2), -3.0)).source.items
    assert (items == 0).all()


def test_opacity_lies_on_white():
    X = np.zeros((4, 2, 2, 4), dtype=np.uint8)
    X[1, ..., 3] = 255
    items = arrays(X).source.items
    assert (items[0] == 255).all()
    assert (items[1] == 0).all()


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        (["a", "b", "a", "b"], ("a", "b", "a", "b")),
        (np.array(["a", "b", "a", "b"], dtype=object), ("a", "b", "a", "b")),
        (np.array([True, False, True, False]), ("True", "False", "True", "False")),
        (np.array([1.0, 2.0, 1.0, 2.0]), ("1", "2", "1", "2")),
        (np.array([-1, 10**12, -1, 10**12]), ("-1", "1000000000000", "-1", "1000000000000")),
        (np.array([b"a", b"b", b"a", b"b"]), ("a", "b", "a", "b")),
    ],
)
def test_labels(y, labels):
    assert arrays(np.zeros((4, 2)), y).listing.labels == labels


X2 = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("X", "y", "found"),
    [
        (np.zeros((4, 2), dtype=object), Y, "X of type object"),
        (np.array([["a"], ["b"]]), Y, "X of type <U1"),
        (np.zeros((4, 2), dtype=complex), Y, "X of type complex128"),
        (np.zeros(4), Y, "X of shape (4,)"),
        (np.zeros((4, 0)), Y, "X of shape (4, 0)"),
        (np.zeros((4, 0, 5)), Y, "X of shape (4, 0, 5)"),
        (np.zeros((0, 2)), np.zeros(0), "which has no rows"),
        (np.zeros((4, 8, 8, 5)), Y, "X of shape (4, 8, 8, 5)"),
        (np.zeros((4, 2, 2, 2, 2)), Y, "X of shape (4, 2, 2, 2, 2)"),
        (np.array([[1.0], [np.nan], [np.inf], [1.0]]), Y, "2 values in X that are NaN or infinite"),
        (X2, Y[:3], "4 rows in X and 3 in y"),
        (X2, Y[:, None, None], "y of shape (4, 1, 1)"),
        (X2, np.array([np.nan, 1, 0, 1]), "nan in y"),
        (X2, np.array(["a", None, "b", "b"], dtype=object), "None in y"),
        (X2, np.array([(1,), "a", "b", "b"], dtype=object), "(1,) in y"),
        (X2, np.zeros(4, dtype=int), "1 class: 0 (4 items)"),
        (X2, np.arange(4), "4 classes with one item each"),
    ],
)
def test_bad_pairs(X, y, found):
    assert found in refused(X, y)


@pytest.mark.parametrize("X", [X2, pa.table({"a": [1, 2, 3, 4], "b": [0, 1, 0, 1]})])
@pytest.mark.parametrize("y", [None, 5])
def test_labels_that_are_none_are_not_looked_for_in_the_table(X, y):
    assert f"a pair (X, y) whose y is {y}" in refused(X, y)


def test_a_table_with_no_labels_beside_it_is_refused():
    assert "whose y is []" in refused(pa.table({"a": [1, 2]}), [])


def test_a_pair_is_two_and_takes_no_test_folder(tmp_path):
    with pytest.raises(DataError, match="a tuple of 3"):
        pick((X2, Y, Y), scratch=tmp_path)
    assert "beside a pair" in refused(X2, error=OptionError, test=tmp_path)


def test_whole_numbers_of_many_values_are_amounts_as_in_a_table():
    amounts = np.arange(25, 325, 3).astype(np.float64)
    picked = arrays(np.zeros((100, 2)) + amounts[:, None], amounts)
    assert picked.problem.target.kind == "number"
    classes = np.repeat(np.arange(100.0), 10)  # counted, each many times: names of classes
    picked = arrays(np.zeros((1000, 2)) + classes[:, None], classes)
    assert picked.problem.target.kind == "class"
    assert picked.listing.labels[-1] == "99"
