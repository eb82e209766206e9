"""Clips are changed as a whole: no frame is mirrored, cut or coloured otherwise than its clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand.policies import VIDEO_POLICIES
from fivefold.step3_expand.video import VideoExpander

N, F, H, W = 6, 8, 20, 30
SETTINGS = {"mirror": 1, "crop": 0.5, "colour": 0.4, "trim": 0.5, "speed": 0.5, "mixup": 0.4}


def still(seed: int = 0) -> torch.Tensor:
    """Clips (N, F, H, W, 3) in which nothing moves: what differs later was done by the expander."""
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.randint(0, 256, (N, 1, H, W, 3), generator=generator, dtype=torch.uint8)
    return pictures.repeat(1, F, 1, 1, 1)


def numbered() -> torch.Tensor:
    """Clips whose frames are flat, each ten levels brighter than the one before."""
    levels = (10 + 10 * torch.arange(F)).to(torch.uint8)
    return levels[None, :, None, None, None].expand(N, F, H, W, 3)


def changed(settings, batch, *, size=(F, H, W), seed=0, mirrored=None):
    record = ExpansionRecord(kind="video", settings=settings, why={})
    expander = catalog.load("expansion", "video")(record, classes=2)
    assert isinstance(expander, VideoExpander)
    generator = torch.Generator().manual_seed(seed)
    targets = torch.arange(len(batch)) % 2
    return expander(batch, targets, generator=generator, size=size, mirrored=mirrored)


def test_settings_under_test_are_all_settings() -> None:
    assert SETTINGS.keys() == VIDEO_POLICIES.keys()


def test_without_settings_clips_come_as_the_intake_gives_them() -> None:
    intake = catalog.load("intake", "video")()
    batch = still()
    for size in ((F, H, W), (4, 10, 15)):
        x, targets = changed({}, batch, size=size)
        assert torch.equal(x, intake.plain(batch, size))
        assert targets.shape == (N,)


def test_what_it_gives_can_be_put_back_into_the_cache() -> None:
    record = ExpansionRecord(kind="video", settings={}, why={})
    expander = VideoExpander(record, classes=2)
    x, _ = changed({}, still())
    assert torch.equal(expander.cached(x), still())


@pytest.mark.parametrize("name", SETTINGS)
def test_all_frames_of_a_still_clip_stay_alike(name: str) -> None:
    batch = still()
    before = batch.clone()
    x, _ = changed({name: SETTINGS[name]}, batch)
    assert x.shape == (N, 3, F, H, W)
    assert torch.equal(x, x[:, :, :1].expand_as(x))
    assert torch.equal(batch, before)
    if name in ("mirror", "crop", "colour", "mixup"):
        moved = (x[:, :, 0] - before[:, 0].permute(0, 3, 1, 2)).abs().amax((1, 2, 3))
        assert (moved > 5).any()


def test_all_together_at_another_size() -> None:
    x, targets = changed(SETTINGS, still(), size=(5, 12, 16))
    assert x.shape == (N, 3, 5, 12, 16)
    assert torch.equal(x, x[:, :, :1].expand_as(x))
    assert x.isfinite().all()
    assert targets.shape == (N, 2)


@pytest.mark.parametrize("name", SETTINGS)
def test_randomness_is_the_generators_alone(name: str) -> None:
    moving = torch.randint(0, 256, (N, F, H, W, 3), dtype=torch.uint8)
    one, two, other = (changed({name: SETTINGS[name]}, moving, seed=s)[0] for s in (0, 0, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_mirror_follows_the_clips_it_is_given() -> None:
    batch = still()
    which = torch.tensor([True, False, True, False, False, True])
    x, _ = changed({"mirror": 1}, batch, mirrored=which)
    plain = batch.permute(0, 4, 1, 2, 3).float()
    assert torch.equal(x[which], plain[which].flip(4))
    assert torch.equal(x[~which], plain[~which])


def test_trim_shows_a_part_in_order() -> None:
    x, _ = changed({"trim": 0.5}, numbered())
    at = ((x[:, 0, :, 0, 0] - 10) / 10).round().long()
    assert (at.diff(dim=1) >= 0).all()
    length = at[:, -1] - at[:, 0]
    assert (length < F - 1).any()
    assert (length >= (F - 1) // 2).all()


def test_speed_changes_the_step_both_ways_and_never_leaves_the_clip() -> None:
    steps = torch.cat(
        [changed({"speed": 0.7}, numbered(), seed=s)[0][:, 0, :, 0, 0] for s in range(8)]
    )
    span = (steps[:, -1] - steps[:, 0]) / 10
    assert (span < F - 2).any()
    assert (steps[:, -2] == steps[:, -1]).any()  # faster: it stands still at its end
    assert ((steps >= 10) & (steps <= 10 * F)).all()


def test_colour_keeps_a_change_of_light_in_the_clip() -> None:
    x, _ = changed({"colour": 0.3}, numbered())
    light = x[:, 0, :, 0, 0]
    assert (light.diff(dim=1) > 0).all()


def test_mixup_blends_clips_and_targets_by_the_same_share() -> None:
    flat = torch.zeros(N, F, H, W, 3, dtype=torch.uint8)
    flat[1::2] = 100
    x, targets = changed({"mixup": 0.5}, flat)
    assert torch.allclose(x.mean((1, 2, 3, 4)) / 100, targets[:, 1], atol=1e-5)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(OptionError, match="rotate"):
        changed({"rotate": 10}, still())


# ---------------------------------------------------------------------------- choosing


def moving_squares(count: int, *, along: str):
    """Clips of a square that moves left or right (class), or up or down where `along` is rows."""
    rng = np.random.default_rng(0)
    clips = np.full((count, 6, 24, 24, 3), 30, np.uint8)
    targets = np.arange(count) % 2
    for clip, backwards in zip(clips, targets, strict=True):
        still, start = rng.integers(2, 18), rng.integers(2, 7)
        for t in range(6):
            step = start + 2 * (5 - t if backwards else t)
            row, column = (still, step) if along == "columns" else (step, still)
            clip[t, row : row + 5, column : column + 5] = 220
    return clips + rng.integers(0, 10, clips.shape, dtype=np.uint8), targets


def test_clips_whose_label_is_a_direction_are_not_mirrored(make_dataset) -> None:
    chosen = {}
    for along in ("columns", "rows"):
        clips, targets = moving_squares(80, along=along)
        dataset = make_dataset(clips, targets, kind="video")
        found = VideoExpander.choose(dataset, seed=0, given=frozenset())
        chosen[along] = found["mirror"]
        assert all(0 <= value <= VIDEO_POLICIES[name].most for name, (value, _) in found.items())
        assert all(why for _, why in found.values())
    assert chosen["columns"][0] == 0
    assert "are lost" in chosen["columns"][1]
    assert chosen["rows"][0] == 1


def test_few_clips_are_not_mirrored_unless_asked(make_dataset) -> None:
    clips, targets = moving_squares(10, along="rows")
    dataset = make_dataset(clips, targets, kind="video")
    assert VideoExpander.choose(dataset, seed=0, given=frozenset())["mirror"][0] == 0
    assert "mirror" not in VideoExpander.choose(dataset, seed=0, given=frozenset({"mirror"}))
