"""Expansion of texts and sentences: what may change, what must not."""

from __future__ import annotations

import pytest
import torch

from fivefold.contracts.records import ExpansionRecord
from fivefold.nets.base import Encoder, Net
from fivefold.nets.intake.text import TextIntake
from fivefold.plumbing.errors import OptionError
from fivefold.step3_expand.text import UNKNOWN, TextExpander
from fivefold.step3_expand.tokens import TokensExpander

LETTERS, WORDS = 40, 24
SHAPE = {"characters": LETTERS, "symbols": 30}


def texts(n: int = 64) -> torch.Tensor:
    """Rows of uneven length, filled up with zeros."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(2, 30, (n, LETTERS + WORDS), generator=generator, dtype=torch.int16)
    rows[::2, 30:LETTERS] = 0
    rows[::2, LETTERS + 10 :] = 0
    return rows


def expanded(kind, batch, seed=0, shape=None, **settings):
    record = ExpansionRecord(kind="text", settings=settings, why={})
    expander = kind(record, classes=4, shape=shape)
    targets = torch.arange(len(batch)) % 4
    generator = torch.Generator().manual_seed(seed)
    return expander(batch, targets, generator=generator, size=())


def test_without_settings_nothing_changes():
    x, targets = expanded(TextExpander, texts(), shape=SHAPE)
    assert torch.equal(x, texts().long())
    assert torch.equal(targets, torch.arange(64) % 4)


@pytest.mark.parametrize("name", ["noise", "drop", "swap"])
def test_padding_stays_and_the_seed_decides(name):
    before = texts().long()
    x, _ = expanded(TextExpander, texts(), shape=SHAPE, **{name: 0.3})
    again, _ = expanded(TextExpander, texts(), shape=SHAPE, **{name: 0.3})
    other, _ = expanded(TextExpander, texts(), seed=1, shape=SHAPE, **{name: 0.3})
    assert torch.equal(x, again)
    assert not torch.equal(x, other)
    assert torch.equal(x == 0, before == 0)


def test_each_change_has_its_share():
    before = texts().long()
    there = before != 0
    noisy, _ = expanded(TextExpander, texts(400), shape=SHAPE, noise=0.2)
    changed = (noisy != texts(400).long())[:, :LETTERS]
    assert 0.15 < changed.sum() / (texts(400)[:, :LETTERS] != 0).sum() < 0.22
    dropped, _ = expanded(TextExpander, texts(), shape=SHAPE, drop=0.5)
    lost = (dropped == UNKNOWN)[:, LETTERS:]
    assert 0.4 < lost.sum() / there[:, LETTERS:].sum() < 0.6
    assert torch.equal(dropped[:, :LETTERS], before[:, :LETTERS])


def test_swapped_words_are_the_same_words():
    x, _ = expanded(TextExpander, texts(), shape=SHAPE, swap=0.5)
    before = texts().long()
    assert torch.equal(x.sort(1).values, before.sort(1).values)
    assert (x != before)[:, LETTERS:].any()


def test_exchanged_stretches_mix_the_targets_by_their_share():
    batch = torch.full((32, LETTERS + WORDS), 5, dtype=torch.int16)
    batch[1::2] = 9
    record = ExpansionRecord(kind="text", settings={"cutmix": 1.0}, why={})
    expander = TextExpander(record, classes=2, shape=SHAPE)
    targets = torch.arange(32) % 2
    x, mixed = expander(batch, targets, generator=torch.Generator().manual_seed(3), size=())
    share = (x[:, LETTERS:] == 9).float().mean(1)
    assert torch.allclose(mixed[:, 1], share, atol=1e-6)
    assert ((share > 0) & (share < 1)).any()


def test_mixup_mixes_features_and_targets_by_the_same_share():
    class Sum(Encoder):
        features = 2

        def forward(self, x):
            return torch.stack([x[:, 0] == 5, x[:, 0] == 9], 1).float()

    batch = torch.full((32, LETTERS + WORDS), 5, dtype=torch.int16)
    batch[1::2] = 9
    record = ExpansionRecord(kind="text", settings={"mixup": 0.5}, why={})
    expander = TextExpander(record, classes=2, shape=SHAPE)
    generator = torch.Generator().manual_seed(3)
    x, targets = expander(batch, torch.arange(32) % 2, generator=generator, size=())
    assert torch.equal(x, batch.long())  # symbols stay what they are
    blend, mixed = expander.blend(targets, generator=generator)
    net = Net(Sum(), torch.nn.Identity(), TextIntake(), torch.empty(0), torch.empty(0))
    assert torch.allclose(net(x, blend), mixed)
    assert ((mixed > 0.05) & (mixed < 0.95)).any()
    assert torch.equal(net(x), torch.eye(2)[targets])  # answers are never mixed


def test_nothing_is_blended_unless_asked_for():
    record = ExpansionRecord(kind="text", settings={}, why={})
    targets = torch.arange(4)
    blend, same = TextExpander(record, classes=4, shape=SHAPE).blend(
        targets, generator=torch.Generator()
    )
    assert blend is None
    assert same is targets


def test_unknown_settings_are_refused():
    with pytest.raises(OptionError, match="shout"):
        expanded(TextExpander, texts(), shape=SHAPE, shout=1.0)


def sentences() -> torch.Tensor:
    """Two sentences of long and short words."""
    words = [[b"walking", b"to", b"London", b""], [b"a", b"mistaken", b"", b""]]
    rows = torch.zeros(2, 4, 12, dtype=torch.uint8)
    for i, sentence in enumerate(words):
        for j, word in enumerate(sentence):
            rows[i, j, : len(word)] = torch.tensor(list(word), dtype=torch.uint8)
    return rows


def test_unreadable_words_keep_their_end_and_their_place():
    x, _ = expanded(TokensExpander, sentences(), drop=1.0)
    assert bytes(x[0, 0, :7].tolist()) == b"?????ng"
    assert bytes(x[0, 1, :2].tolist()) == b"to"
    assert torch.equal(x == 0, sentences() == 0)


def test_one_letter_of_a_word_is_another():
    x, _ = expanded(TokensExpander, sentences(), noise=1.0)
    assert ((x != sentences()).sum(2) <= 1).all()
    assert torch.equal(x == 0, sentences() == 0)
    assert (x != sentences()).any()
