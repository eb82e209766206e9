"""The path of inference, and the views averaged there."""

import pytest
import torch

from fivefold.nets.blocks.pictures import plain, views


def test_plain_gives_the_bytes_as_floats_channels_last() -> None:
    batch = torch.randint(0, 256, (3, 5, 7, 3), dtype=torch.uint8)
    x = plain(batch, (5, 7))
    assert torch.equal(x, batch.permute(0, 3, 1, 2).float())
    assert x.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("channels", [1, 3])
def test_plain_resizes(channels: int) -> None:
    batch = torch.full((2, 9, 13, channels), 77, dtype=torch.uint8)
    x = plain(batch, (6, 20))
    assert x.shape == (2, channels, 6, 20)
    assert (x == 77).all()


def test_views_hold_the_batch_its_shifts_and_their_mirrors() -> None:
    x = torch.arange(25.0).view(1, 1, 5, 5)
    found = views(x, mirror=True, shift=1)
    assert len(found) == 6
    assert torch.equal(found[0], x)
    assert torch.equal(found[1][..., :4, :4], x[..., 1:, 1:])
    assert torch.equal(found[1][..., 4, :4], x[..., 4, 1:]), "the border is repeated"
    assert torch.equal(found[2][..., 1:, 1:], x[..., :4, :4])
    for view, image in zip(found[:3], found[3:], strict=True):
        assert torch.equal(image, view.flip(3))


def test_without_views_there_is_the_batch_alone() -> None:
    x = torch.rand(2, 3, 4, 4)
    (only,) = views(x, mirror=False, shift=0)
    assert torch.equal(only, x)
