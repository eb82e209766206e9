"""Noise and mixup of vectors."""

import torch

from fivefold import catalog
from fivefold.contracts.records import ExpansionRecord
from fivefold.step3_expand.array import ArrayExpander


def changed(settings: dict[str, float], x: torch.Tensor, seed: int = 0):
    record = ExpansionRecord(kind="array", settings=settings, why={})
    targets = torch.arange(len(x)) % 2
    generator = torch.Generator().manual_seed(seed)
    expander = catalog.load("expansion", "array")(record, classes=2)
    assert isinstance(expander, ArrayExpander)
    return expander(x, targets, generator=generator, size=())


def test_without_settings_rows_stay_as_they_are() -> None:
    x = torch.rand(7, 3)
    y, targets = changed({}, x)
    assert torch.equal(x, y)
    assert targets.shape == (7,)


def test_noise_is_a_share_of_each_columns_deviation() -> None:
    x = torch.randn(4000, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([1.0, 50.0])
    noise = changed({"noise": 0.1}, x)[0] - x
    assert torch.allclose(noise.std(0), torch.tensor([0.1, 5.0]), rtol=0.1)
    assert torch.equal(changed({"noise": 0.1}, x)[0], changed({"noise": 0.1}, x)[0])
    assert not torch.equal(changed({"noise": 0.1}, x, seed=1)[0], changed({"noise": 0.1}, x)[0])


def test_one_row_has_no_deviation_and_gets_no_noise() -> None:
    x = torch.rand(1, 5)
    assert torch.equal(changed({"noise": 0.5}, x)[0], x)


def test_mixup_blends_rows_and_targets_alike() -> None:
    x = (torch.arange(200) % 2).float()[:, None]  # the number is the class
    y, targets = changed({"mixup": 0.5}, x)
    assert torch.allclose(y[:, 0], targets[:, 1], atol=1e-6)
    assert torch.allclose(targets.sum(1), torch.ones(200))
