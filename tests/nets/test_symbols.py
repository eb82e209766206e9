"""Rows of symbols: neighbours beside each place, and groups of like length that change nothing."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from fivefold.nets.blocks.fronts import Spelling
from fivefold.nets.blocks.symbols import beside, by_length
from fivefold.nets.encoders.lstm import Lstm
from fivefold.nets.encoders.window import Window


def test_a_layer_on_neighbours_is_a_convolution():
    x, weight = torch.randn(2, 7, 3), torch.randn(4, 3, 5)
    expected = F.conv1d(x.transpose(1, 2), weight, padding=2).transpose(1, 2)
    found = beside(x, 5) @ weight.permute(2, 1, 0).reshape(15, 4)
    assert torch.allclose(found, expected, atol=1e-5)


def test_groups_of_like_length_keep_rows_in_their_places():
    lengths = torch.tensor([3, 9, 1, 5] * 8)
    ids = (torch.arange(9) < lengths[:, None]).long() * torch.arange(1, 33)[:, None]
    whole = by_length(ids, lambda x, there: x[:, :, None] * there[:, :, None], lambda i: i.float())
    assert torch.equal(whole[:, :, 0], ids.float())
    assert torch.equal(by_length(ids, lambda x, _: x.amax(1, keepdim=True))[:, 0], ids.amax(1))


def test_a_sentence_is_read_alike_alone_and_among_longer_ones():
    ids = torch.randint(97, 123, (24, 11, 6))
    ids[0, 4:] = 0
    ids[5, 2:] = 0
    for encoder in (Lstm, Window):
        net = encoder((11, 6), width=0.25, sequence=True).eval()
        with torch.no_grad():
            found = net(ids)
            assert found.shape == (24, 11, net.features)
            assert (found[0, 4:] == 0).all()
            for row in (0, 5, 7):
                assert torch.allclose(net(ids[[row]])[0], found[row], atol=1e-5)


def test_letters_behind_a_word_are_no_part_of_it():
    front = Spelling(16).eval()
    short = torch.zeros(1, 1, 4).long()
    short[0, 0, :3] = torch.tensor([99, 97, 116])
    wide = F.pad(short, (0, 5))
    assert torch.allclose(front(short), front(wide), atol=1e-6)
