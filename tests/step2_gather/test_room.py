"""A cache keeps to its limit: smaller items where that can be, else fewer rows, and it is said."""

import numpy as np
import pytest

from fivefold.inputs.image import Image
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.places import cache_limit
from fivefold.step2_gather.item import file_sizes
from fivefold.step2_gather.room import room_for

PHOTO = {"item_shape": [256, 320, 3], "dtype": "uint8"}


def test_what_fits_stays_as_it_is():
    room = room_for(Image(), PHOTO, 100, np.arange(100), 1 << 30)
    assert (room.shape, room.kept, room.notes) == (PHOTO, None, ())


def test_photos_get_fewer_pixels_before_one_is_left_out():
    limit = sum(file_sizes(PHOTO, 1000).values()) // 4
    room = room_for(Image(), PHOTO, 1000, np.arange(1000), limit)
    height, width, _ = room.shape["item_shape"]
    assert 120 <= height <= 128
    assert width / height == pytest.approx(1.25, abs=0.02)
    assert room.kept is None
    assert sum(file_sizes(room.shape, 1000).values()) <= limit
    assert "256x320x3" in room.notes[0]


def test_below_64_pixels_rows_are_left_out_but_none_that_is_judged():
    spare = np.arange(0, 1000)
    room = room_for(Image(), PHOTO, 1200, spare, 5 << 20)
    assert min(room.shape["item_shape"][:2]) == 64
    assert len(room.kept) < 1200
    assert set(range(1000, 1200)) <= set(room.kept)
    assert sum(file_sizes(room.shape, len(room.kept)).values()) <= 5 << 20
    assert "rows are left out, drawn by chance" in room.notes[1]
    assert "FIVEFOLD_CACHE_LIMIT" in room.notes[1]


def test_no_room_even_for_what_is_judged_is_one_clear_error():
    with pytest.raises(RunError, match="1,200 rows for a decoded cache of"):
        room_for(Image(), PHOTO, 1200, np.arange(1000), 1 << 20)


@pytest.mark.parametrize(
    ("given", "size"), [("1000", 1000), ("500M", 500 << 20), ("1.5g", 3 << 29), ("2 GiB", 2 << 30)]
)
def test_the_limit_is_read_from_the_environment(given, size, monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE_LIMIT", given)
    assert cache_limit() == size


def test_a_limit_that_is_no_size_is_refused(monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE_LIMIT", "plenty")
    with pytest.raises(OptionError, match="plenty"):
        cache_limit()


def test_rows_left_out_are_said_again_by_the_cache_and_come_back_with_more_room(
    look, rng, monkeypatch
):
    vectors = rng.normal(size=(2000, 100)).astype(np.float32)
    labels = np.arange(2000) % 4
    monkeypatch.setenv("FIVEFOLD_CACHE_LIMIT", "300K")
    first, again = look((vectors, labels)), look((vectors, labels))
    for made in (first, again):
        assert "rows are left out, drawn by chance" in "\n".join(made.dataset.notes)
        assert 500 < len(made.dataset.targets) + made.vault.size < 1000
        assert made.dataset.quarantine == ()
        numbers = [int(name.rpartition("-")[2]) for name in made.dataset.names]
        assert (made.dataset.rows.take(slice(None)) == vectors[numbers]).all()
    assert again.dataset.cache_hit
    assert first.dataset.rows.file.stat().st_size < 300 << 10
    monkeypatch.setenv("FIVEFOLD_CACHE_LIMIT", "2M")
    assert len(look((vectors, labels)).dataset.targets) == 1600


def test_pictures_that_have_no_room_are_cached_smaller(make, look, monkeypatch):
    root = make({"cat": 40, "dog": 40}, size=(160, 160))
    monkeypatch.setenv("FIVEFOLD_CACHE_LIMIT", "2M")
    data = look(root).dataset
    assert 80 < data.rows.item_shape[0] < 100
    assert len(data.targets) == 64
