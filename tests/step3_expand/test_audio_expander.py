"""Expansion of sound: what each setting does, and that ends stay ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord
from fivefold.nets.intake.audio import PADDING
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand.audio import AudioExpander

T = 2000


def clips(n: int = 24, end: int = 1500, period: int = 20) -> torch.Tensor:
    """Sines of `end` samples, then padding."""
    wave = 8000 * torch.sin(2 * torch.pi * torch.arange(T) / period)
    raw = wave.to(torch.int16).repeat(n, 1)
    raw[:, end:] = PADDING
    return raw


def changed(raw: torch.Tensor, seed: int = 0, **settings: float):
    record = ExpansionRecord(kind="audio", settings=settings, why={})
    expander = catalog.load("expansion", "audio")(record, classes=2, shape={"rate": 8000})
    generator = torch.Generator().manual_seed(seed)
    return expander(raw, torch.arange(len(raw)) % 2, generator=generator, size=())


def pitch(x: torch.Tensor) -> torch.Tensor:
    return torch.fft.rfft(x).abs().argmax(1)


EACH = {
    "speed": 0.2,
    "shift": 0.2,
    "filter": 12.0,
    "frequency_mask": 0.5,
    "time_mask": 0.5,
    "noise": 0.5,
    "gain": 12.0,
    "mixup": 1.0,
}


def test_without_settings_clips_are_what_the_intake_gives():
    raw = clips()
    x, targets = changed(raw)
    assert torch.equal(x, catalog.load("intake", "audio")().plain(raw, ()))
    assert (x[:, 1500:] == 0).all()
    assert targets.dtype == torch.int64


@pytest.mark.parametrize("name", EACH)
def test_a_change_is_repeatable_finite_and_changes_something(name: str):
    raw = clips(period=19)
    raw[::2] = clips(period=7)[::2]
    one, other = changed(raw, **{name: EACH[name]}), changed(raw, **{name: EACH[name]})
    assert torch.equal(one[0], other[0])
    assert one[0].isfinite().all()
    assert one[0].shape == raw.shape
    assert one[0].dtype == torch.float32
    assert not torch.equal(one[0], changed(raw)[0])
    assert not torch.equal(one[0], changed(raw, seed=1, **{name: EACH[name]})[0])


@pytest.mark.parametrize("name", EACH)
def test_silent_clips_and_a_single_one_are_no_trouble(name: str):
    silent = torch.zeros(3, T, dtype=torch.int16)
    silent[1] = PADDING
    assert (changed(silent, **{name: EACH[name]})[0] == 0).all()
    assert changed(clips(1), **{name: EACH[name]})[0].isfinite().all()


def test_noise_does_not_run_on_behind_the_end():
    x, _ = changed(clips(), noise=1.0, filter=6.0, frequency_mask=0.3)
    assert (x[:, 1500:] == 0).all()


def test_speed_changes_pitch_and_length_alike():
    before, after = pitch(changed(clips(64))[0]), pitch(changed(clips(64), speed=0.25)[0])
    ratio = after / before
    assert ratio.min() > 1 / 1.27
    assert ratio.max() < 1.27
    assert ratio.max() > 1.1
    assert ratio.min() < 0.9
    x, _ = changed(clips(64), speed=0.25)
    ends = ((x != 0) * torch.arange(T)).amax(1)
    fast = ratio > 1.05
    assert (ends[fast] < 1450).all()
    assert torch.allclose(ends[fast] * ratio[fast], torch.tensor(1500.0), rtol=0.03)


def test_a_shift_moves_and_does_not_wrap():
    raw = torch.zeros(32, T, dtype=torch.int16)
    raw[:, 1000] = 9000
    x, _ = changed(raw, shift=0.25)
    at = x.argmax(1)
    assert ((at - 1000).abs() <= 500).all()
    assert len(set(at.tolist())) > 4
    raw[:, 1000], raw[:, -1] = 0, 9000
    lost = changed(raw, shift=0.25)[0]
    assert (lost[:, :1400] == 0).all()


def test_masks_take_no_more_than_they_may():
    raw = torch.full((64, T), 9000, dtype=torch.int16)
    gone = (changed(raw, time_mask=0.4)[0] == 0).float().mean(1)
    assert gone.max() <= 0.4
    assert gone.max() > 0.25
    noise = (torch.randn(64, T, generator=torch.Generator().manual_seed(0)) * 5000).to(torch.int16)
    lines = torch.fft.rfft(changed(noise, frequency_mask=0.4)[0]).abs()
    gone = (lines < 0.01 * lines.mean()).float().mean(1)
    assert gone.max() <= 0.42
    assert gone.max() > 0.25


def test_gain_and_filter_stay_within_their_decibels():
    x, _ = changed(clips(64), gain=6.0)
    ratio = x.abs().amax(1) / changed(clips(64))[0].abs().amax(1)
    assert ratio.max() <= 10 ** (6 / 20) + 1e-3
    assert ratio.min() >= 10 ** (-6 / 20) - 1e-3
    x, _ = changed(clips(64, end=T), filter=6.0)
    ratio = x.norm(dim=1) / changed(clips(64, end=T))[0].norm(dim=1)
    assert ratio.max() < 2.0
    assert ratio.max() > 1.1


def test_mixup_blends_clips_at_one_level_and_their_targets():
    raw = clips(64, period=20)
    raw[1::2] = (clips(64, period=50)[1::2] / 100).to(torch.int16)  # quiet, yet heard in the blend
    raw[:, 1500:] = PADDING
    x, targets = changed(raw, mixup=1.0)
    assert targets.shape == (64, 2)
    assert torch.allclose(targets.sum(1), torch.ones(64))
    strength = torch.fft.rfft(x).abs()
    first, second = strength[:, T // 20], strength[:, T // 50]
    share = second / (first + second)
    assert torch.allclose(share, targets[:, 1], atol=0.05)


def test_what_is_shown_is_as_it_lies_in_the_cache():
    raw = clips()
    expander = AudioExpander(ExpansionRecord(kind="audio", settings={}, why={}), classes=2)
    assert torch.equal(expander.cached(changed(raw)[0])[:, :1490], raw[:, :1490])
    assert (expander.cached(changed(raw)[0])[:, 1501:] == PADDING).all()


def test_settings_are_checked():
    with pytest.raises(OptionError, match="speed"):
        changed(clips(), speed=3.0)
    with pytest.raises(OptionError, match="mirror"):
        changed(clips(), mirror=1.0)


def test_few_clips_are_mixed_many_are_not(make_dataset):
    few = make_dataset(np.zeros((40, 8), np.int16), np.arange(40) % 2, kind="audio")
    many = make_dataset(np.zeros((12_000, 8), np.int16), np.arange(12_000) % 2, kind="audio")
    chosen = [AudioExpander.choose(d, seed=0, given=frozenset()) for d in (few, many)]
    assert chosen[0]["mixup"][0] > 0
    assert chosen[1]["mixup"][0] == 0
    for settings in chosen:
        values = {name: value for name, (value, _) in settings.items()}
        AudioExpander(ExpansionRecord(kind="audio", settings=values, why={}), classes=2)
        assert all(why for _, why in settings.values())
