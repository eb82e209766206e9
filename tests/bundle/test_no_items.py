"""Nothing asked is nothing answered, whatever the target."""

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("target", "words", "shape"),
    [
        ("class", ("a", "b", "c"), (0, 3)),
        ("labels", ("a", "b", "c"), (0, 3)),
        ("number", ("value",), (0, 2)),
        ("number", ("x", "y"), (0, 4)),
        ("tags", ("a", "b", "c"), (0, 5, 3)),
    ],
)
def test_no_items_get_no_answers_in_the_shape_of_answers(bundle, target, words, shape):
    made = bundle("array", target, words, {"item_shape": [5, 8], "dtype": "float32"})
    assert made.predict_proba([]).shape == shape
    assert made.predict_proba([]).dtype == np.float32
    assert made.predict([]) == []
    assert made.answers([]) == []
