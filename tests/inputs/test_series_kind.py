"""Series of uneven length from text and arrays: gaps kept, clocks and padding told."""

from __future__ import annotations

import io

import numpy as np
import pytest

from fivefold.inputs.series import MOST_STEPS, Series
from fivefold.plumbing.errors import BadItem
from fivefold.testing import check_input_kind

CSV = b"a,b\n1,2\n3,4\n5,6\n"


def npy(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def opened(raw):
    return Series().open(raw).tolist()


def test_conforms():
    good = (CSV, b"#a, b\n1,2\n3,4\n5,6\n7,8\n", npy(np.ones((5, 2))))
    bad = (b"", b"a,b\n", b"1,2\n3\n4,5\n5,6\n7\n8,9\n", npy(np.ones((2, 2, 2))), b"to be or not\n",
           b"1,inf\n2,3\n4,5\n", npy(np.full((4, 2), np.nan)))  # fmt: skip
    check_input_kind(Series(), good, bad)


@pytest.mark.parametrize(
    "raw",
    [
        b"1,2\n3,4\n5,6\n",
        b"1;2\r\n3;4\r\n5;6\r\n",
        b"1\t2\n3\t4\n5\t6",
        b"  1   2\n  3 4\n5 6\n\n",
        b"# made by a sensor\n#a, b\n1,2\n3,4\n5,6\n",
        b'"a","b"\n"1","2"\n"3","4"\n"5","6"\n',
        b"a,b,\n1,2,\n3,4,\n5,6,\n",
        b"1,0;2,0\n3,0;4,0\n5,0;6,0\n",
        CSV.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + CSV,
        b"time,a,b\n0,1,2\n1,3,4\n2,5,6\n",
        b"date,a,b\n2020-01-01,1,2\n2020-01-02,3,4\n2020-01-03,5,6\n",
    ],
)
def test_every_usual_form_is_the_same_series(raw):
    assert opened(raw) == [[1, 2], [3, 4], [5, 6]]


def test_a_clock_that_is_left_out_is_told_and_one_that_jumps_is_kept():
    kind = Series()
    item = kind.open(b"time,a\n0,5\n1,6\n2,5\n")
    assert item.shape == (3, 1)
    assert any("'time'" in line for line in kind.learn([item])["told"])
    assert Series().open(b"step,a\n3,5\n1,6\n2,5\n").shape == (3, 2)


@pytest.mark.parametrize("gap", ["", "?", "NA", "NaN", "null"])
def test_missing_cells_stay_missing(gap):
    item = Series().open(f"1,2\n3,{gap}\n5,6\n".encode())
    assert np.isnan(item[1, 1])
    assert np.isfinite(item).sum() == 5


def test_word_among_numbers_names_its_place():
    with pytest.raises(BadItem, match=r"'x', which is no number, in row 2, column 1"):
        Series().open(b"1,2\nx,4\n5,6\n")


def test_padding_is_nan_rows_at_the_end_and_lengths_are_told():
    kind = Series()
    items = [np.ones((n, 2), np.float32) for n in (3, 5, 8)]
    shape = kind.learn(items)
    assert shape["item_shape"] == [8, 2]
    assert "series of 3 to 8 steps" in shape["told"][0]
    fitted = kind.fit(items[0], shape)
    assert np.isfinite(fitted[:3]).all()
    assert np.isnan(fitted[3:]).all()
    with pytest.raises(BadItem, match="has 3 channels where the others have 2"):
        kind.fit(np.ones((4, 3), np.float32), shape)


def test_one_giant_does_not_make_all_others_long():
    kind = Series()
    items = [np.ones((20, 1), np.float32)] * 99
    giant = np.linspace(0, 1, 5000, dtype=np.float32)[:, None]
    shape = kind.learn([*items, giant])
    assert shape["item_shape"] == [20, 1]
    squeezed = kind.fit(giant, shape)[:, 0]
    assert np.allclose(squeezed, np.linspace(0, 1, 20), atol=1e-3)
    assert any("squeezed" in line for line in shape["told"])


def test_long_series_are_averaged_alike():
    kind = Series()
    shape = kind.learn([np.ones((3 * MOST_STEPS, 1), np.float32)])
    assert shape["stride"] == 3
    short = np.array([[1], [2], [3], [7], [np.nan], [9], [5]], np.float32)
    assert kind.fit(short, shape)[:3, 0].tolist() == [2, 8, 5]


def test_items_that_lie_channels_first_are_turned():
    kind = Series()
    items = [np.arange(3 * n, dtype=np.float32).reshape(3, n) for n in (7, 9)]
    shape = kind.learn(items)
    assert shape["item_shape"] == [9, 3]
    assert np.array_equal(kind.fit(items[0], shape)[:7], items[0].T)


def test_text_and_pictures_are_no_series():
    kind = Series()
    assert kind.recognise("x", CSV)
    for head in (b"It was a dark night, and 2 men\nwere 3\nnot 4\n", b"\x89PNG\r\n", b"", b"1\n",
                 b"name,age\nAda,36\nAlan,41\nGrace,85\n"):  # fmt: skip
        assert not kind.recognise("x.csv", head)


def test_shown_as_curves_without_the_padding():
    item = np.full((9, 2), np.nan, np.float32)
    item[:4] = [[0, 1], [1, 0], [0, 1], [1, 0]]
    assert np.array_equal(Series().show(item, {}), Series().show(item[:4], {}))


def test_real_series_are_recognised_and_open(shared_data):
    import zipfile

    kind = Series()
    with zipfile.ZipFile(shared_data / "indoor_movement" / "IndoorMovement.zip") as archive:
        names = [n for n in archive.namelist() if "RSS" in n][:40]
        items = [archive.read(name) for name in names]
    assert all(kind.recognise("x", raw[:4096]) for raw in items)
    shape = kind.learn([kind.open(raw) for raw in items])
    assert shape["item_shape"][1] == 4
