"""Settings suit the data, carry their reason, and yield to a person."""

import numpy as np
import pytest
import torch

from fivefold.contracts.saving import load, save
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand import expand, preview_sheet


def noise(n: int, side: int, channels: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    shape = (n, side, side, channels)
    return rng.integers(0, 256, shape, dtype=np.uint8), np.arange(n) % classes


@pytest.mark.parametrize(
    ("side", "channels", "used"),
    [
        (8, 1, {"shift", "rotate", "zoom"}),
        (32, 3, {"shift", "cutout"}),
        (80, 3, {"crop", "colour", "mixup", "cutmix"}),
    ],
)
def test_settings_suit_the_size(make_dataset, side: int, channels: int, used: set[str]) -> None:
    expander = expand(make_dataset(*noise(60, side, channels)), seed=0)
    settings = expander.record.settings
    flips = {"mirror", "flip_vertical"}
    assert {name for name, value in settings.items() if value} - flips == used
    assert settings.keys() == expander.record.why.keys()
    assert all(expander.record.why.values())
    assert "held-out pictures" in expander.record.why["mirror"]


def test_a_person_decides(make_dataset) -> None:
    dataset = make_dataset(*noise(60, 16, 3))
    for wanted in (0.0, 1.0):
        record = expand(dataset, seed=0, overrides={"mirror": wanted, "cutout": 0.5}).record
        assert record.settings["mirror"] == wanted
        assert record.settings["cutout"] == 0.5
        assert record.why["mirror"] == "asked for"


def test_a_misspelt_wish_is_refused(make_dataset) -> None:
    with pytest.raises(OptionError, match="flipp"):
        expand(make_dataset(*noise(60, 8, 1)), seed=0, overrides={"flipp": 1})


def test_arrays_get_a_little_noise(make_dataset) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    dataset = make_dataset(rows, np.arange(50) % 2, kind="array")
    expander = expand(dataset, seed=0)
    assert expander.record.kind == "array"
    x = torch.from_numpy(dataset.rows.take(slice(0, 10)))
    y, _ = expander(x, torch.zeros(10).long(), generator=torch.Generator(), size=())
    assert 0 < (y - x).abs().max() < 1


def test_the_record_survives_the_disk(make_dataset, tmp_path) -> None:
    record = expand(make_dataset(*noise(60, 32, 3)), seed=0).record
    save(record, tmp_path, "expansion")
    assert load(type(record), tmp_path, "expansion") == record


@pytest.mark.parametrize(("side", "channels"), [(8, 1), (100, 3)])
def test_the_sheet_has_a_row_per_change_and_one_for_all(make_dataset, side, channels) -> None:
    dataset = make_dataset(*noise(60, side, channels))
    off = dict.fromkeys(("mirror", "flip_vertical", "zoom", "colour", "mixup", "cutmix"), 0.0)
    one = expand(dataset, seed=0, overrides={**off, "shift": 1, "rotate": 0, "crop": 0})
    two = expand(dataset, seed=0, overrides={**off, "shift": 1, "rotate": 5, "crop": 0})
    small, large = (preview_sheet(e, dataset, seed=0) for e in (one, two))
    per_row = large.height - small.height
    assert per_row > 88
    assert small.height == large.height * 2 // 3 or small.height - 2 * per_row < 30
    again = preview_sheet(two, dataset, seed=0)
    assert np.array_equal(np.asarray(large), np.asarray(again))


def test_the_sheet_shows_fewer_pictures_than_it_has_room_for(make_dataset) -> None:
    dataset = make_dataset(*noise(2, 8, 1, classes=2))
    expander = expand(dataset, seed=0)
    assert preview_sheet(expander, dataset, seed=0).width > 0
