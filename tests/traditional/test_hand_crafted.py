"""What hand-crafted features say about pictures, and about odd ones."""

import numpy as np
import pytest

from fivefold.traditional import describing
from fivefold.traditional.array import features as array_features
from fivefold.traditional.describing import Described, describe, measure
from fivefold.traditional.image import Colour, Hog, Pixels, Sift, features


@pytest.mark.parametrize("shape", [(8, 8, 1), (1, 1, 3), (5, 90, 3), (32, 32, 3), (200, 150, 3)])
@pytest.mark.parametrize("kind", [Pixels, Colour, Hog, Sift])
def test_any_picture_is_described_by_finite_numbers(shape, kind):
    rng = np.random.default_rng(0)
    flat = np.zeros((1, *shape), np.uint8)
    noise = rng.integers(0, 256, (1, *shape), dtype=np.uint8)
    block = kind()
    block.restore({"words": rng.random((20, 128), np.float32)})
    found = block.describe(np.concatenate([flat, noise]))
    assert found.dtype == np.float32
    assert len(found) == 2
    assert np.isfinite(found).all()
    one_by_one = np.concatenate([block.describe(flat), block.describe(noise)])
    assert np.array_equal(found, one_by_one)


def test_colour_says_nothing_of_grey_pictures_and_tells_red_from_blue():
    assert Colour().describe(np.zeros((3, 8, 8, 1), np.uint8)).shape == (3, 0)
    red, blue = np.zeros((2, 1, 16, 16, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    a, b = Colour().describe(red)[0], Colour().describe(blue)[0]
    assert a @ b == pytest.approx(0.0)
    assert (a**2).sum() == pytest.approx(10.0, rel=1e-5)  # the picture and nine cells, one each


def test_hog_sees_edges_and_not_brightness():
    step = np.zeros((1, 32, 32, 1), np.uint8)
    step[:, :, 16:] = 100
    upright, lying = Hog().describe(step)[0], Hog().describe(step.transpose(0, 2, 1, 3))[0]
    brighter = Hog().describe(step + 50)[0]
    assert np.abs(upright - lying).max() > 0.3
    assert np.allclose(upright, brighter, atol=1e-4)


def test_sift_learns_words_and_its_state_restores_it(tmp_path, make_dataset):
    rng = np.random.default_rng(0)
    spots = (rng.random((12, 16, 16, 1)) < 0.15).astype(np.uint8) * 255
    items = spots.repeat(4, 1).repeat(4, 2)
    data = make_dataset(tmp_path, items, np.arange(12) % 2, np.zeros(12))
    sift, again = Sift(), Sift()
    sift.learn(data.rows, rng)
    again.restore(sift.state())
    found = sift.describe(items)
    assert found.shape[1] >= 8
    assert np.allclose((found**2).sum(1), 1.0, atol=1e-5)
    assert np.array_equal(found, again.describe(items))


def test_sift_says_nothing_where_nothing_stands_out(tmp_path, make_dataset):
    data = make_dataset(tmp_path, np.zeros((9, 16, 16, 1), np.uint8), np.arange(9) % 2, np.zeros(9))
    sift = Sift()
    sift.learn(data.rows, np.random.default_rng(0))
    assert sift.describe(data.rows.take(slice(None))).shape == (9, 0)


def test_columns_are_standardised_and_a_constant_one_stays_finite(tmp_path, make_dataset):
    items = np.random.default_rng(0).normal(5, 3, (200, 4)).astype(np.float32)
    items[:, 2] = 7
    data = make_dataset(tmp_path, items, np.arange(200) % 2, np.zeros(200), kind="array")
    (columns,) = array_features({"item_shape": [4]})
    columns.learn(data.rows, np.random.default_rng(0))
    found = columns.describe(items)
    assert np.allclose(found.mean(0), 0, atol=1e-4)
    assert np.allclose(found.std(0), [1, 1, 0, 1], atol=1e-4)


@pytest.mark.slow
def test_worker_processes_describe_as_one_process_does(digits):
    hog = features({})[2]
    rows = digits.rows.select(np.arange(600))
    alone = describe(hog, rows, seconds_per_row=0.0)
    pooled = describe(hog, rows, seconds_per_row=1.0)
    assert np.array_equal(alone, pooled)


def test_describing_stops_when_it_is_told_to_and_reports_its_share(digits):
    shares: list[float] = []
    found = describe(
        features({})[0],
        digits.rows,
        seconds_per_row=0.0,
        tick=shares.append,
        stop=lambda begun: begun >= 512,
    )
    assert len(found) == 512
    assert shares == sorted(shares)


def test_rows_are_found_wherever_they_were_described():
    blocks = {"a": np.array([[5.0], [1.0], [9.0]]), "b": np.array([[50.0], [10.0], [90.0]])}
    described = Described(positions=np.array([5, 1, 9]), blocks=blocks)
    taken = described.take(("b", "a"), np.array([9, 5, 1, 9]))
    assert taken.tolist() == [[90, 9], [50, 5], [10, 1], [90, 9]]


class Slow:
    """Features that take a time a row, after a first call that takes longer by itself."""

    def __init__(self, clock, *, first, each):
        self.clock, self.first, self.each = clock, first, each

    def learn(self, rows, rng):
        del rows, rng

    def describe(self, items):
        self.clock[0] += self.first + self.each * len(items)
        self.first = 0.0
        return np.zeros((len(items), 3), np.float32)


@pytest.mark.parametrize(("first", "each"), [(0.0, 0.001), (50.0, 0.001), (50.0, 0.2), (0.0, 0.2)])
def test_what_a_first_call_takes_is_no_price_of_a_row(digits, monkeypatch, first, each):
    clock = [0.0]
    monkeypatch.setattr(describing.time, "monotonic", lambda: clock[0])
    slow = Slow(clock, first=first, each=each)
    assert measure(slow, digits.rows, np.random.default_rng(0)) == (pytest.approx(each), 3)
