"""Sizes of items that are no pictures: in their own unit, in ranges where there are many."""

import numpy as np
import pytest

from fivefold.inputs.array import Array
from fivefold.inputs.image import Image
from fivefold.inputs.series import Series
from fivefold.step2_gather.item import card_type
from fivefold.step2_gather.notes import sizes

SHAPE = {"item_shape": [100, 2], "dtype": "float32", "channels": 2}


def cards(sides):
    made = np.zeros(len(sides), card_type(SHAPE))
    for card, one in zip(made, sides, strict=True):
        card["size"][: len(one)] = one
    return made


def test_lengths_are_told_in_ranges_of_equally_many():
    found = sizes(cards([(n, 2) for n in range(1, 101)]), SHAPE, Series())
    assert found == (
        ("1 to 20 steps", 20),
        ("21 to 40 steps", 20),
        ("41 to 60 steps", 20),
        ("61 to 80 steps", 20),
        ("81 to 100 steps", 20),
    )


def test_one_length_is_one_line():
    assert sizes(cards([(7, 2)] * 9), SHAPE, Series()) == (("7 steps", 9),)


@pytest.mark.parametrize("many", [False, True])
def test_a_kind_that_says_nothing_has_values(many):
    sides = [(n,) for n in range(1, 31)] if many else [(3, 4), (3, 4), (5,)]
    found = sizes(cards(sides), SHAPE, Array())
    assert found[0] == (("1 to 6 values", 6) if many else ("3x4 values", 2))


def test_grey_and_colour_pictures_of_one_size_count_together():
    shape = {"item_shape": [9, 12, 3], "dtype": "uint8"}
    found = sizes(cards([(9, 12, 3)] * 8 + [(9, 12, 1)] * 2 + [(5, 5, 1)]), shape, Image())
    assert found == (("12x9", 10), ("5x5", 1))


def test_items_without_sides_of_their_own_have_no_sizes():
    assert sizes(cards([()] * 3), SHAPE, Array()) == ()
