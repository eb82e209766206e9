"""Noise and mixup of vectors."""

import numpy as np
import pytest
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


def maps(n=400, seed=0, *, handed=False):
    """Maps of two textures, even under all symmetries; or of a bar on the left or the right."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 2
    rows = rng.normal(size=(n, 16, 16)).astype(np.float32)
    smooth = (rows + np.roll(rows, 1, 1) + np.roll(rows, 1, 2) + np.roll(rows, (1, 1), (1, 2))) / 2
    rows = np.sign(np.where(targets[:, None, None] == 1, smooth, rows))
    if handed:
        rows[targets == 1, :, :4] += 3
        rows[targets == 0, :, -4:] += 3
    return rows, targets


def test_symmetries_that_a_world_has_are_found(make_dataset):
    chosen = ArrayExpander.choose(make_dataset(*maps(), kind="array"), seed=0, given=frozenset())
    assert {name for name, (value, _) in chosen.items() if value} == {
        "mirror", "flip_vertical", "transpose", "roll", "negate",
    }  # fmt: skip
    assert "originals are told from changed ones" in chosen["roll"][1]


def test_symmetries_that_a_world_has_not_are_refused(make_dataset):
    data = make_dataset(*maps(handed=True), kind="array")
    chosen = ArrayExpander.choose(data, seed=0, given=frozenset())
    used = {name for name, (value, _) in chosen.items() if value}
    assert not used & {"mirror", "transpose", "roll", "negate"}


def test_vectors_have_no_symmetries(make_dataset):
    data = make_dataset(np.random.default_rng(0).random((60, 5), np.float32), np.arange(60) % 2,
                        kind="array")  # fmt: skip
    assert set(ArrayExpander.choose(data, seed=0, given=frozenset())) == {"noise"}


@pytest.mark.parametrize("name", ["mirror", "flip_vertical", "transpose", "roll", "negate"])
def test_each_symmetry_moves_numbers_and_makes_none(name):
    x = torch.rand(30, 6, 6, generator=torch.Generator().manual_seed(3))
    y, _ = changed({name: 1.0}, x)
    assert y.shape == (30, 1, 6, 6)
    assert not torch.equal(y[:, 0], x)
    if name == "negate":
        y = torch.where(
            (y[:, 0] == x).all((1, 2))[:, None, None], y[:, 0], x.min() + x.max() - y[:, 0]
        )
    assert torch.allclose(y.flatten(1).sort(1).values, x.flatten(1).sort(1).values, atol=1e-6)


def test_mirroring_in_turn_is_obeyed():
    x = torch.rand(4, 2, 3, 5)
    record = ExpansionRecord(kind="array", settings={"mirror": 1.0}, why={})
    which = torch.tensor([True, False, True, False])
    y, _ = ArrayExpander(record, classes=2)(
        x, torch.zeros(4).long(), generator=torch.Generator(), mirrored=which
    )
    assert torch.equal(y[which], x[which].flip(3))
    assert torch.equal(y[~which], x[~which])
