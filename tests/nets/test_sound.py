"""Sound in nets: ends, levels, speeds, the spectrogram, and views of the intake."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fivefold import catalog
from fivefold.nets.blocks.sound import LogMel, fewer, lengths, levelled, masked_mean, played
from fivefold.nets.intake.audio import PADDING, AudioIntake

RATE = 8000
NETS = ("spectrogram_conv", "conv_recurrent", "waveform_conv")


def tone(pitch: float, samples: int = 8000) -> torch.Tensor:
    return torch.sin(2 * torch.pi * pitch * torch.arange(samples) / RATE)[None]


def test_ends_and_levels():
    x = torch.zeros(3, 100)
    x[0, 30], x[1, :] = 0.5, 0.01
    assert lengths(x).tolist() == [31, 100, 1]
    level = levelled(x, lengths(x)).square().sum(1) / lengths(x)
    assert torch.allclose(level[:2], torch.ones(2), atol=1e-3)
    assert level[2] == 0


@pytest.mark.parametrize("speed", [0.7, 0.93, 1.2])
def test_a_clip_played_faster_is_higher_and_shorter(speed: float):
    x = tone(500.0)
    x[:, 6000:] = 0
    y = played(x, speed)
    assert y.shape == x.shape
    assert torch.fft.rfft(y).abs().argmax().item() == pytest.approx(500 * speed, rel=0.02)
    assert int(lengths(y)) == pytest.approx(min(8000, 6000 / speed), rel=0.02)
    assert y[:, 1000:3000].abs().max() == pytest.approx(1.0, abs=0.05)  # as loud as before


def test_tones_above_the_new_limit_vanish_rather_than_fold_back():
    assert played(tone(3900.0), 1.2)[:, 1000:5000].abs().max() < 0.05


def test_the_spectrogram_shows_pitch_and_no_level_and_ends_with_the_clip():
    front = LogMel(8000, RATE)
    low, there = front(tone(300.0))
    assert low.shape == (1, front.bands, front.frames)
    assert there[:, :-1].all()  # the last window is centred on the very end
    both = torch.cat([tone(300.0, 4000), tone(2500.0, 4000)], 1)
    level, _ = front(both)
    early, late = level[0, :, 20].argmax(), level[0, :, 80].argmax()
    assert late > early + 10
    assert torch.allclose(front(0.01 * both)[0], level, atol=1e-3)
    both[:, 4000:] = 0
    level, there = front(both)
    assert int(there.sum()) == pytest.approx(50, abs=1)
    assert (level[~there[:, None].expand_as(level)] == 0).all()
    assert front(torch.zeros(2, 8000))[0].isfinite().all()


def test_long_clips_get_longer_steps_and_gaps_in_none():
    front = LogMel(30 * 16000, 16000)
    assert front.frames <= 401
    assert len(front.window) >= 2 * front.hop
    assert (front.filters.sum(1) > 0).all()
    assert (LogMel(8000, RATE).filters.sum(1) > 0).all()


def test_means_count_what_is_there():
    x = torch.arange(8.0).reshape(1, 1, 8)
    there = torch.tensor([[True] * 4 + [False] * 4])
    assert masked_mean(x, there).item() == 1.5
    assert fewer(there, 4).tolist() == [[True, True, False, False]]


@pytest.mark.parametrize("word", NETS)
@pytest.mark.parametrize("samples", [1, 200, 16000])
def test_clips_of_any_length_silent_ones_and_padding(word: str, samples: int):
    torch.manual_seed(0)
    net = catalog.load("encoder", word)((samples,), width=0.25, rate=RATE).eval()
    x = torch.randn(3, samples)
    x[1] = 0
    features = net(x)
    assert features.shape == (3, net.features)
    assert features.isfinite().all()

    assert torch.allclose(net(0.1 * x)[::2], features[::2], rtol=0.05, atol=0.02)  # nor its level


def test_the_intake():
    intake = AudioIntake()
    raw = torch.tensor([[32767, -32767, 0, PADDING]], dtype=torch.int16)
    assert intake.plain(raw, ()).tolist() == [[1.0, -1.0, 0.0, 0.0]]
    assert intake.shape((4,), ()) == (4,)
    assert all(t.numel() == 0 for t in intake.scale(np.zeros((2, 4), np.int16)))
    x = torch.rand(2, 500)
    for names, passes in intake.views.items():
        seen = intake.seen(x, names)
        assert len(seen) == passes
        assert torch.equal(seen[0], x)
        assert all(view.shape == x.shape for view in seen)
        assert all(not torch.equal(view, x) for view in seen[1:])
