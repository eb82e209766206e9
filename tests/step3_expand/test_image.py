"""Every change of pictures does what its name says, and nothing else."""

import pytest
import torch
from torch import Tensor

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord
from fivefold.nets.blocks.pictures import plain, resize
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand.image import ImageExpander
from fivefold.step3_expand.policies import IMAGE_POLICIES

CLASSES = 4
EVERY_POLICY = {
    "mirror": 1.0,
    "flip_vertical": 1.0,
    "shift": 2.0,
    "crop": 0.4,
    "rotate": 20.0,
    "zoom": 0.2,
    "colour": 0.5,
    "rand": 3.0,
    "magnitude": 1.0,
    "cutout": 0.3,
    "mixup": 0.4,
    "cutmix": 1.0,
}


def expander(**settings: float) -> ImageExpander:
    return ImageExpander(ExpansionRecord(kind="image", settings=settings, why={}), classes=CLASSES)


def pictures(n: int = 6, h: int = 10, w: int = 12, c: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randint(0, 256, (n, h, w, c), dtype=torch.uint8, generator=generator)


def changed(
    settings: dict[str, float],
    batch: Tensor,
    *,
    size: tuple[int, ...] | None = None,
    seed: int = 0,
    mirrored: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    targets = torch.arange(len(batch)) % CLASSES
    generator = torch.Generator().manual_seed(seed)
    return expander(**settings)(
        batch,
        targets,
        generator=generator,
        size=size or tuple(batch.shape[1:3]),
        mirrored=mirrored,
    )


def floats(batch: Tensor) -> Tensor:
    return batch.permute(0, 3, 1, 2).float()


def test_the_catalog_finds_it() -> None:
    assert catalog.load("expansion", "image") is ImageExpander


def test_without_settings_pictures_stay_exactly_as_they_are() -> None:
    batch = pictures()
    x, targets = changed({}, batch)
    assert torch.equal(x, floats(batch))
    assert targets.tolist() == [0, 1, 2, 3, 0, 1]


@pytest.mark.parametrize("name", EVERY_POLICY)
def test_a_setting_of_zero_changes_nothing(name: str) -> None:
    batch = pictures()
    assert torch.equal(changed({name: 0.0}, batch)[0], floats(batch))


def test_settings_under_test_are_all_settings() -> None:
    assert EVERY_POLICY.keys() == IMAGE_POLICIES.keys()


@pytest.mark.parametrize("name", [*sorted(EVERY_POLICY.keys() - {"magnitude"}), "all"])
@pytest.mark.parametrize("shape", [(5, 9, 7, 3), (1, 32, 32, 1), (33, 8, 8, 1), (3, 70, 66, 3)])
def test_output_is_whole_whatever_the_shape(name: str, shape: tuple[int, ...]) -> None:
    settings = EVERY_POLICY if name == "all" else {name: EVERY_POLICY[name]}
    batch = pictures(*shape)
    before = batch.clone()
    for size in [tuple(shape[1:3]), (11, 6)]:
        x, targets = changed(settings, batch, size=size)
        assert x.shape == (shape[0], shape[3], *size)
        assert x.dtype == torch.float32
        assert x.is_contiguous(memory_format=torch.channels_last)
        assert x.min() >= 0
        assert x.max() <= 255
        assert len(targets) == shape[0]
    assert torch.equal(batch, before), "the cache's rows were written to"


@pytest.mark.parametrize("name", [*sorted(EVERY_POLICY.keys() - {"magnitude"}), "all"])
def test_randomness_is_the_generators_alone(name: str) -> None:
    settings = EVERY_POLICY if name == "all" else {name: EVERY_POLICY[name]}
    batch = pictures(16)
    first, first_targets = changed(settings, batch, seed=3)
    torch.rand(7)  # the global generator moves on
    again, again_targets = changed(settings, batch, seed=3)
    other, _ = changed(settings, batch, seed=4)
    assert torch.equal(first, again)
    assert torch.equal(first_targets, again_targets)
    assert not torch.equal(first, other)


def test_mirror_follows_the_rows_it_is_given() -> None:
    batch = pictures()
    which = torch.tensor([True, False, True, True, False, False])
    x, _ = changed({"mirror": 1}, batch, mirrored=which)
    assert torch.equal(x[which], floats(batch).flip(3)[which])
    assert torch.equal(x[~which], floats(batch)[~which])


def test_given_rows_are_not_mirrored_where_mirror_is_off() -> None:
    batch = pictures()
    x, _ = changed({}, batch, mirrored=torch.ones(6, dtype=torch.bool))
    assert torch.equal(x, floats(batch))


def test_drawn_mirrors_are_about_half() -> None:
    batch = pictures(200)
    x, _ = changed({"mirror": 1}, batch)
    same = (x == floats(batch)).flatten(1).all(1)
    assert torch.equal(x[~same], floats(batch).flip(3)[~same])
    assert 70 < same.sum() < 130


def test_flip_vertical_swaps_top_and_bottom() -> None:
    batch = pictures(50)
    x, _ = changed({"flip_vertical": 1}, batch)
    same = (x == floats(batch)).flatten(1).all(1)
    assert 0 < same.sum() < 50
    assert torch.equal(x[~same], floats(batch).flip(2)[~same])


def test_shift_moves_a_known_pixel_and_reaches_both_ends() -> None:
    batch = torch.zeros(300, 9, 9, 1, dtype=torch.uint8)
    batch[:, 4, 4] = 200
    x, _ = changed({"shift": 2}, batch)
    _, _, rows, columns = torch.nonzero(x == 200, as_tuple=True)
    assert len(rows) == 300, "each picture keeps its one bright pixel"
    assert set(rows.tolist()) == {2, 3, 4, 5, 6}
    assert set(columns.tolist()) == {2, 3, 4, 5, 6}


def test_shift_repeats_the_border() -> None:
    batch = torch.arange(5, dtype=torch.uint8).view(1, 1, 5, 1).repeat(64, 1, 1, 1)
    x, _ = changed({"shift": 2}, batch)
    lines = {tuple(line) for line in x[:, 0, 0].int().tolist()}
    assert lines == {
        (1, 0, 0, 1, 2),
        (0, 0, 1, 2, 3),
        (0, 1, 2, 3, 4),
        (1, 2, 3, 4, 4),
        (2, 3, 4, 4, 3),
    }


def test_crop_shows_a_window_of_the_picture_in_order() -> None:
    # The value of a pixel is its column, so a crop must come out as a rising part of 0..199.
    batch = torch.arange(200, dtype=torch.uint8).view(1, 1, 200, 1).repeat(40, 120, 1, 3)
    x, _ = changed({"crop": 0.35}, batch, size=(60, 100))
    line = x[:, 0, 30]
    assert (line.diff(dim=1) >= 0).all()
    wide = line[:, -1] - line[:, 0]
    least = 200 * (0.35 * 3 / 4) ** 0.5
    assert wide.min() > least * 0.95
    assert wide.max() <= 199
    assert len({round(v) for v in wide.tolist()}) > 5, "crops differ in size"
    assert len({round(v) for v in line[:, 0].tolist()}) > 5, "and in place"


def test_rotation_turns_about_the_centre_and_stays_in_reach() -> None:
    batch = torch.zeros(200, 21, 21, 1, dtype=torch.uint8)
    batch[:, 10, :] = 255  # a level line
    x, _ = changed({"rotate": 30}, batch)
    assert torch.allclose(x[:, 0, 10, 10], torch.tensor(255.0), atol=1.0)
    weight = x[:, 0, :, 14:17].sum(2)
    height = (weight * torch.arange(21.0)).sum(1) / weight.sum(1) - 10
    reach = 5 * torch.tan(torch.deg2rad(torch.tensor(30.0)))
    assert height.abs().max() <= reach + 0.5
    assert height.min() < -1
    assert height.max() > 1


def test_zoom_changes_the_size_of_a_square() -> None:
    batch = torch.zeros(100, 40, 40, 1, dtype=torch.uint8)
    batch[:, 10:30, 10:30] = 255
    x, _ = changed({"zoom": 0.3}, batch)
    side = (x[:, 0].sum((1, 2)) / 255).sqrt()
    assert side.min() < 16.5
    assert side.max() > 24.5
    assert side.min() > 20 * 0.73
    assert side.max() < 20 * 1.36


def test_cutout_paints_one_square_of_the_mean() -> None:
    batch = torch.full((20, 16, 16, 3), 200, dtype=torch.uint8)
    batch[:10] = 100
    x, _ = changed({"cutout": 0.25}, batch)
    painted = x == 150
    assert (painted.sum((2, 3)) == 16).all()
    assert (painted.any(2).sum(2) == 4).all(), "four columns wide"


def test_colour_keeps_flat_grey_pictures_flat_and_grey_within_its_strength() -> None:
    batch = torch.full((50, 8, 8, 3), 100, dtype=torch.uint8)
    x, _ = changed({"colour": 0.3}, batch)
    spread = x.flatten(2).std(2)
    assert spread.max() < 1e-3, "a flat picture stays flat"
    assert torch.allclose(x[:, 0], x[:, 1], atol=1e-3), "grey stays grey"
    assert x.min() >= 69.9
    assert x.max() <= 130.1
    assert x.mean((1, 2, 3)).std() > 5


def test_mixup_blends_pictures_and_targets_by_the_same_share() -> None:
    # Each picture is flat, its value tells its class: the blend of values tells the shares.
    values = torch.tensor([0.0, 60.0, 120.0, 240.0])
    batch = values.to(torch.uint8).repeat(16)[:, None, None, None].expand(-1, 6, 6, 1).contiguous()
    x, targets = changed({"mixup": 0.8}, batch)
    assert targets.shape == (64, CLASSES)
    assert torch.allclose(targets.sum(1), torch.ones(64))
    assert torch.allclose(x[:, 0, 0, 0], targets @ values, atol=1e-3)
    own = targets[torch.arange(64), torch.arange(64) % CLASSES]
    assert own.min() >= 0.5 - 1e-6, "a picture stays mostly itself"
    assert own.min() < 0.7


def test_cutmix_targets_are_the_share_of_the_area() -> None:
    values = torch.tensor([0.0, 60.0, 120.0, 240.0])
    batch = (
        values.to(torch.uint8).repeat(16)[:, None, None, None].expand(-1, 15, 20, 1).contiguous()
    )
    x, targets = changed({"cutmix": 1.0}, batch)
    share = torch.stack([(x[:, 0] == v).float().mean((1, 2)) for v in values], 1)
    assert torch.allclose(share, targets, atol=1e-5)
    assert torch.allclose(targets.sum(1), torch.ones(64))
    assert (targets.max(1).values < 0.9).any()


def test_both_mixtures_share_the_rows_between_them() -> None:
    batch = torch.zeros(400, 8, 8, 1, dtype=torch.uint8)
    batch[1::2] = 200
    x, targets = changed({"mixup": 1.0, "cutmix": 1.0}, batch)
    whole = ((x == 0) | (x == 200)).flatten(1).all(1)
    assert 0.6 < whole.float().mean() < 0.9  # half cut, and blends of two equal pictures
    assert torch.allclose(targets.sum(1), torch.ones(400))


def test_resizing_averages_where_it_shrinks() -> None:
    stripes = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
    stripes[:, :, ::2] = 200
    for x in (changed({}, stripes, size=(16, 16))[0], plain(stripes, (16, 16))):
        assert (x - 100).abs().max() < 15


def test_a_size_that_is_there_is_not_resampled() -> None:
    x = pictures().permute(0, 3, 1, 2)
    assert resize(x, (10, 12)) is x


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"miror": 1.0}, "miror"), ({"cutout": 1.5}, "cutout"), ({"mixup": -1.0}, "mixup")],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, float], word: str) -> None:
    with pytest.raises(OptionError, match=word):
        expander(**settings)


def test_colour_of_one_picture_matches_the_textbook() -> None:
    from fivefold.step3_expand.colour import recolour

    x = floats(pictures(2, 8, 8)).contiguous(memory_format=torch.channels_last)
    b, c, s = torch.tensor([1.1, 0.8]), torch.tensor([0.7, 1.2]), torch.tensor([0.5, 1.3])
    grey = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    bright = x * b[:, None, None, None]
    mean = (bright * grey).sum(1).mean((1, 2))[:, None, None, None]
    contrasted = c[:, None, None, None] * (bright - mean) + mean
    flat = (contrasted * grey).sum(1, keepdim=True)
    wanted = (flat + s[:, None, None, None] * (contrasted - flat)).clamp(0, 255)
    assert torch.allclose(recolour(x, b, c, s), wanted, atol=1e-2)
