"""sktime's .ts files."""

import numpy as np
import pytest

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.ts import is_ts, read_ts

PLAIN = b"""#comment
@problemName Made
@timeStamps false
@univariate false
@classLabel true up down
@data
1,2,3:4,5,6:up
7,?:8,9,NaN:down
"""
STAMPED = b"@problemName M\n@timeStamps true\n@classLabel true 0 1\n@data\n(0,1.5),(1,2.5):1\n"


def test_channels_labels_and_gaps():
    (first, a), (second, b) = read_ts(PLAIN)
    assert (first, second) == ("up", "down")
    assert a.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert np.isnan(b).tolist() == [[False, False], [True, False], [True, True]]


def test_time_stamps_are_left_out():
    ((label, series),) = read_ts(STAMPED)
    assert label == "1"
    assert series.tolist() == [[1.5], [2.5]]


def test_without_labels():
    ((label, series),) = read_ts(b"@problemName M\n@classLabel false\n@data\n1,2\n")
    assert label is None
    assert series.shape == (2, 1)


def test_recognised_by_its_first_lines():
    assert is_ts(PLAIN)
    assert not is_ts(b"@relation arff\n")
    assert not is_ts(b"1,2\n")


@pytest.mark.parametrize("raw", [b"", b"1,2\n", b"@data\nx,y\n", b"@classLabel true\n@data\n1\n"])
def test_broken_files_name_the_line(raw):
    with pytest.raises(BadItem):
        read_ts(raw)
