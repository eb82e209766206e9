"""Nets of clips: time is read where a net says so, and only there."""

from __future__ import annotations

import pytest
import torch

from fivefold import catalog
from fivefold.nets.blocks.clips import folded, moments, stacked, with_changes

WORDS = [e.word for e in catalog.ENCODERS.values() if e.facts["inputs"] == ("video",)]
BLIND = {"single_frame"}


def encoder(word, shape=(3, 8, 16, 24)):
    torch.manual_seed(0)
    return catalog.load("encoder", word)(shape, width=0.25, depth=2).eval()


def test_all_nets_of_the_talk_are_there():
    assert set(WORDS) == {
        "single_frame", "late_fusion", "early_fusion", "slow_fusion", "conv3d", "conv_lstm",
    }  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_only_a_single_frame_net_is_blind_to_the_order_of_frames(word):
    net = encoder(word)
    x = torch.randn(3, 3, 8, 16, 24, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        apart = (net(x) - net(x.flip(2))).norm() / net(x).norm()
    assert (apart < 1e-5) if word in BLIND else (apart > 1e-3)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("shape", [(3, 1, 16, 16), (3, 2, 8, 30), (3, 5, 48, 40)])
def test_any_number_of_frames_and_any_size_can_be_read(word, shape):
    net = encoder(word, shape)
    with torch.no_grad():
        assert net(torch.randn(2, *shape)).shape == (2, net.features)


def test_folding_keeps_frames_in_order_and_costs_no_copy_of_the_intakes_batch():
    raw = torch.randint(0, 256, (2, 3, 4, 5, 3), dtype=torch.uint8)
    x = catalog.load("intake", "video")().plain(raw, (3, 4, 5))
    pictures = folded(x)
    assert pictures.is_contiguous(memory_format=torch.channels_last)
    assert pictures.data_ptr() == x.data_ptr()
    assert torch.equal(pictures[4], raw[1, 1].permute(2, 0, 1).float())


def test_windows_hold_neighbours_and_repeat_the_last_frame():
    frames = torch.arange(5.0)[:, None, None, None].expand(5, 1, 2, 2)
    windows = stacked(torch.cat([frames, frames + 10]), 5, every=2, count=4)
    assert windows.shape == (6, 4, 2, 2)
    assert windows[:3, :, 0, 0].tolist() == [[0, 1, 2, 3], [2, 3, 4, 4], [4, 4, 4, 4]]
    assert windows[3, :, 0, 0].tolist() == [10, 11, 12, 13]


def test_changes_are_those_since_the_frame_before():
    x = torch.randn(2, 3, 4, 5, 6)
    both = with_changes(x)
    assert both.shape == (2, 6, 4, 5, 6)
    assert torch.equal(both[:, :3], x)
    assert (both[:, 3:, 0] == 0).all()
    assert torch.equal(both[:, 3:, 2], x[:, :, 2] - x[:, :, 1])


def test_moments_are_the_middles_of_equal_parts():
    assert moments(16, 4) == [2, 6, 10, 14]
    assert moments(1, 1) == [0]


def test_the_intake_takes_even_frames_and_shrinks():
    intake = catalog.load("intake", "video")()
    raw = torch.arange(9, dtype=torch.uint8)[None, :, None, None, None].expand(1, 9, 8, 12, 3)
    x = intake.plain(raw, (3, 4, 6))
    assert x[0, 0, :, 0, 0].tolist() == [0, 4, 8]
    assert tuple(x.shape[1:]) == intake.shape((9, 8, 12, 3), (3, 4, 6))
    mirrored = intake.seen(x, ("mirror",))
    assert len(mirrored) == 2
    assert torch.equal(mirrored[1], x.flip(4))


def test_no_rung_asks_for_more_than_the_cache_holds():
    intake = catalog.load("intake", "video")()
    for item in ((32, 80, 142, 3), (10, 30, 30, 3), (1, 8, 8, 3)):
        rungs = intake.ladder(item, (1.0,))
        assert len(rungs) == len(set(rungs))
        assert all(a <= b for _, size in rungs for a, b in zip(size, item[:3], strict=True))
