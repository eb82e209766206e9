"""The target `class`: order, parsing, chance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fivefold.targets.class_ import Class


def test_numbers_in_names_count_as_numbers():
    labels = ["class 10", "class 9", "10", "2", "1", "01", "b", "a"]
    assert Class().learn(labels) == ("01", "1", "2", "10", "a", "b", "class 9", "class 10")


@given(st.lists(st.text("ab0129 ²٣", max_size=8), min_size=1))
def test_every_known_label_parses_to_its_own_place(labels):
    vocabulary = Class().learn(labels)
    numbers = Class().parse(labels, vocabulary)
    assert [vocabulary[i] for i in numbers] == labels
    assert Class().learn(labels[::-1]) == vocabulary


def test_an_unknown_label_is_minus_one():
    assert Class().parse(["b", "x"], ("a", "b")).tolist() == [1, -1]


def test_decode_gives_the_most_probable_word():
    p = np.array([[0.1, 0.9], [0.8, 0.2]], np.float32)
    assert Class().decode(p, ("no", "yes")) == ("yes", "no")


def test_chance_is_the_class_frequencies_and_knows_absent_classes():
    assert Class().chance(np.array([0, 0, 1, 0]), 3).tolist() == [0.75, 0.25, 0.0]
