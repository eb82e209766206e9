"""Changes of series keep gaps and padding, and do what their settings say."""

import pytest
import torch

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand.policies import SERIES_POLICIES

NAN = float("nan")


def changed(settings, x, seed=0, targets=None):
    record = ExpansionRecord(kind="series", settings=settings, why={})
    targets = torch.arange(len(x)) % 2 if targets is None else targets
    generator = torch.Generator().manual_seed(seed)
    expander = catalog.load("expansion", "series")(record, classes=2)
    return expander(x, targets, generator=generator, size=())


@pytest.fixture
def batch():
    """40 waves of 12 to 30 steps in a room of 30, one gap each."""
    x = torch.full((40, 30, 3), NAN)
    for n in range(40):
        length = 30 if n == 0 else 12 + n % 18
        phase = torch.arange(length)[:, None] / 4 + torch.tensor([0.0, 1.0, 2.0]) + n
        x[n, :length] = phase.sin() + torch.tensor([0.0, 10.0, 100.0])
        x[n, 5, 1] = NAN
    return x


def lengths(x):
    there = x.isfinite().any(2)
    return torch.where(there, torch.arange(1, x.shape[1] + 1), 0).amax(1)


def test_without_settings_nothing_changes(batch):
    x, targets = changed({}, batch)
    assert torch.equal(x.nan_to_num(-1), batch.nan_to_num(-1))
    assert targets.shape == (40,)


@pytest.mark.parametrize("name", [n for n in SERIES_POLICIES if n not in ("crop", "speed", "drop")])
def test_padding_and_gaps_stay_where_they_are(name, batch):
    x, _ = changed({name: 0.2}, batch)
    assert torch.equal(x.isnan(), batch.isnan())
    assert not torch.equal(x.nan_to_num(0), batch.nan_to_num(0))
    assert torch.equal(x.nan_to_num(0), changed({name: 0.2}, batch)[0].nan_to_num(0))


def test_a_crop_is_a_part_of_the_series():
    line = torch.arange(30.0)[None, :, None].repeat(200, 1, 1)
    line[:, 20:] = NAN
    line = torch.cat([line, torch.arange(30.0)[None, :, None]])  # one of full length: no stretching
    x, _ = changed({"crop": 0.5}, line)
    x = x[:200]
    assert lengths(x).min() >= 10
    assert lengths(x).max() <= 20
    assert lengths(x).float().std() > 1
    step = x[:, 1:9] - x[:, :8]
    assert (step - 1).abs().max() < 0.15
    assert x[:, 0].max() > 1
    assert x.nan_to_num(0).max() <= 19


def test_series_that_fill_their_room_fill_it_still():
    x, _ = changed({"crop": 0.7, "speed": 0.2}, torch.randn(20, 30, 2))
    assert x.isfinite().all()


def test_speed_changes_the_length_and_not_the_values(batch):
    x, _ = changed({"speed": 0.3}, batch)
    ratio = lengths(x)[1:].float() / lengths(batch)[1:]
    assert ratio.min() > 0.7
    assert ratio.max() < 1.4
    assert ratio.std() > 0.05
    assert torch.allclose(x[:, 0], batch[:, 0])
    last = (lengths(batch) - 1).long()
    ends = batch[torch.arange(40), last]
    found = x[torch.arange(40), (lengths(x) - 1).long()]
    assert torch.allclose(found[:, 0], ends[:, 0], atol=1e-4)


def test_noise_is_a_share_of_each_channels_deviation():
    x = torch.randn(400, 20, 2) * torch.tensor([1.0, 50.0])
    noise = changed({"noise": 0.1}, x)[0] - x
    assert torch.allclose(noise.std((0, 1)), torch.tensor([0.1, 5.0]), rtol=0.1)


def test_drop_leaves_one_channel_at_least():
    x, _ = changed({"drop": 0.9}, torch.randn(300, 10, 3))
    gone = x.isnan().all(1)
    assert torch.equal(gone, x.isnan().any(1))
    assert not gone.all(1).any()
    assert gone.float().mean() > 0.5


def test_mixup_blends_numbers_and_targets_alike():
    x = (torch.arange(200) % 2).float()[:, None, None].expand(200, 6, 1)
    y, targets = changed({"mixup": 0.5}, x)
    assert torch.allclose(y[:, 3, 0], targets[:, 1], atol=1e-6)
    y, numbers = changed({"mixup": 0.5}, x, targets=x[:, 0])
    assert torch.allclose(y[:, 3], numbers, atol=1e-6)


def test_unknown_settings_are_refused():
    with pytest.raises(OptionError, match="mirror"):
        changed({"mirror": 1.0}, torch.zeros(2, 3, 1))
