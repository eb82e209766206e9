"""An X that is no array of numbers is refused with what to pass instead, by all who take arrays."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest

from fivefold import DataError, Winner, WinnerRegressor
from fivefold.step1_pick import pick

Y = [0, 1] * 10
N = range(20)


def frames():
    """X that is a table, which `fivefold.win` reads and an estimator does not."""
    pd = pytest.importorskip("pandas")
    words = ["red", "blue"] * 10
    yield pd.DataFrame({"a": N, "c": words}), "words in column c of X, such as 'red'"
    yield pa.table({"a": list(N), "c": words}), "words in column c of X, such as 'red'"
    dates = pd.date_range("2020", periods=20)
    yield pd.DataFrame({"a": N, "c": dates}), "words in column c of X, such as '2020-01-01"
    yield pd.DataFrame({"a": [1.0, None] * 10, "b": N}), "10 cells without a number in column a"
    for inf in (np.inf, -np.inf):
        infinite = [1.0, inf, *N[2:]]
        yield pd.DataFrame({"a": infinite, "b": N}), "1 infinite cells in column a of X; "
    yield pa.table({"a": infinite}), "1 infinite cells in column a of X; .*put finite numbers"


def items():
    """X that nobody reads as it is."""
    pd = pytest.importorskip("pandas")
    yield pd.Series(["a text", "b text"] * 10), "texts as X; .*X.to_frame"
    yield ["a text", "b text"] * 10, "texts as X; .*pandas.DataFrame"
    yield [{"a": i} for i in N], "a list of objects as X; .*pandas.DataFrame"
    yield {"a": list(N)}, "an object of columns as X; .*pandas.DataFrame"
    yield pd.Series(N), r"one column of numbers as X; .*X.to_frame\(\)"
    uneven = [np.arange(3.0 + i % 2) for i in N]
    for made in (uneven, pd.Series(uneven), [pd.Series(one) for one in uneven]):
        yield made, "items of different lengths in X, from 3 to 4"
    for dates in (pd.date_range("2020", periods=20), pd.date_range("2020", periods=20, tz="UTC")):
        yield pd.Series(dates), r"one column of datetime64\[.*\] as X; .*\(X.to_frame\('cell'\)"
    tall = [pd.DataFrame({"a": range(2 + i % 2), "b": 1}) for i in N]
    yield tall, r"items of different shapes in X, such as \(2, 2\) and \(3, 2\); .*bring them"
    wide = [PIL.Image.new("RGB", (4 + i % 2, 6)) for i in N]
    yield wide, r"items of different shapes in X, such as \(6, 4, 3\) and \(6, 5, 3\); "
    yield [[[1], [1, 2]]] * 20, "items of different lengths in X; "
    even = pd.Series([np.arange(3.0) + i for i in N])
    yield even, "a pandas Series of arrays as X; .*numpy.stack"


@pytest.mark.parametrize("kind", [Winner, WinnerRegressor])
def test_an_estimator_says_what_is_no_array(kind):
    for X, reason in (*frames(), *items()):
        with pytest.raises(DataError, match=f"found {reason}"):
            kind(budget=1).fit(X, Y)


def test_a_pair_says_what_is_no_array(tmp_path):
    for X, reason in items():
        with pytest.raises(DataError, match=f"found {reason}"):
            pick((X, Y), scratch=tmp_path)
    with pytest.raises(DataError, match="rows of different lengths in y"):
        pick((np.ones((20, 3)), [[1], [1, 2]] * 10), scratch=tmp_path)


def test_new_items_that_are_no_array_are_refused_too():
    frame, reason = next(frames())
    winner = Winner(budget=1).fit(frame.assign(c=[9.0 * y + i / 20 for i, y in enumerate(Y)]), Y)
    with pytest.raises(DataError, match=reason):
        winner.predict(frame)


def test_labels_beside_a_table_may_be_a_table(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [i / 3 % 2 for i in N], "c": ["red", "blue", "red", "green"] * 5})
    one = pick((frame, pd.DataFrame({"y": Y})), scratch=tmp_path)
    assert one.listing.labels[:2] == ("0", "1")
    assert pick((frame, pa.table({"y": Y})), scratch=tmp_path).listing.labels == one.listing.labels
    two = pick((frame, pd.DataFrame({"y": N, "z": N})), scratch=tmp_path)
    assert two.problem.target.kind == "number"
