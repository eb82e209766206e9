"""Settings suit the data, carry their reason, and yield to a person."""

import numpy as np
import pytest
import torch

from fivefold.contracts.saving import load, save
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand import expand, preview_sheet
from fivefold.step3_expand.policies import IMAGE_POLICIES


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

    def sheet(**settings: float):
        everything_off = dict.fromkeys(IMAGE_POLICIES, 0.0)
        expander = expand(dataset, seed=0, overrides={**everything_off, **settings})
        return preview_sheet(expander, dataset, np.asarray, seed=0)

    heights = [sheet().height, sheet(shift=1).height, sheet(shift=1, rotate=5).height]
    per_row = heights[1] - heights[0]
    assert per_row > 88, "a tile and its caption"
    assert heights[2] == heights[1] + per_row
    first, again = sheet(shift=1, rotate=5), sheet(shift=1, rotate=5)
    assert np.array_equal(np.asarray(first), np.asarray(again))


def test_the_sheet_shows_the_original_and_its_mirror_image(make_dataset) -> None:
    items = np.zeros((60, 8, 8, 1), np.uint8)
    items[:, :, 0] = 255
    dataset = make_dataset(items, np.arange(60) % 2)
    only = {**dict.fromkeys(IMAGE_POLICIES, 0.0), "mirror": 1.0}
    sheet = preview_sheet(expand(dataset, seed=0, overrides=only), dataset, np.asarray, seed=0)
    line = np.asarray(sheet.convert("L"))[22 + 22 + 44]  # across the middle of the first tiles
    before, after = line[6 : 6 + 88], line[6 + 94 + 6 : 6 + 94 + 6 + 88]
    assert before[0] == 255
    assert before[44] == before[-1] == 0
    assert np.array_equal(after, before[::-1])


def test_a_data_set_smaller_than_a_row_of_the_sheet_still_has_one(make_dataset) -> None:
    few = make_dataset(*noise(2, 8, 1, classes=2))
    expander = expand(few, seed=0)
    assert "too few" in expander.record.why["mirror"]
    assert preview_sheet(expander, few, np.asarray, seed=0).width < 1000
