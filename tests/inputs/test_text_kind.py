"""Texts in any encoding; lists of words."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivefold.inputs.text import Text
from fivefold.inputs.tokens import Tokens
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.wording import MOST_BYTES
from fivefold.testing import check_input_kind

KIND, TOKENS = Text(), Tokens()
SAYING = "Café: naïve readers, weißt du?"


def words(raw: bytes) -> str:
    item = KIND.open(raw)
    shape = KIND.learn([item])
    return KIND.show(KIND.fit(item, shape), shape)


def test_text_conforms():
    good = [SAYING.encode(), b"plain words", "x" * 3000 + " end" + " é" * 9]
    good = [one if isinstance(one, bytes) else one.encode() for one in good]
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
    bad = [b"", b"  \n\t ", png, b"%PDF-1.7 and so on", bytes(200), b"\x1f\x8b" + bytes(64)]
    check_input_kind(KIND, good, bad)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_every_encoding_says_the_same(encoding):
    assert words(SAYING.encode(encoding)) == SAYING


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_seen_by_its_zeros(encoding):
    assert words(SAYING.encode(encoding)) == SAYING


def test_html_breaks_are_line_breaks():
    assert words(b"one<br /><BR>two <3") == "one\n\ntwo <3"


def test_a_line_without_end_is_cut():
    endless = ("é" * 1000).encode() * 2000
    assert len(KIND.open(endless)) <= MOST_BYTES
    shape = KIND.learn([KIND.open(endless)])
    assert shape["characters"] == 1024


def test_a_long_text_keeps_its_end():
    item = KIND.open(b"bad " * 2000 + b"but in the end good")
    shape = KIND.learn([item])
    assert KIND.show(KIND.fit(item, shape), shape).endswith("but in the end good")


def test_new_letters_and_words_are_unknown_and_no_padding():
    shape = KIND.learn([KIND.open(b"abc abc abc")])
    row = KIND.fit(KIND.open("ж abc".encode()), shape)
    letters, ids = row[: shape["characters"]], row[shape["characters"] :]
    assert (letters[:5] == 1).tolist() == [True, False, False, False, False]
    assert 1 in ids
    assert (ids != 0).sum() == 3  # the mark of a word, the unknown letter, the known word


def test_frequent_words_have_numbers_of_their_own():
    texts = [KIND.open(f"the film number {i % 7} was splendid".encode()) for i in range(40)]
    shape = KIND.learn(texts)
    ids = KIND.fit(texts[0], shape)[shape["characters"] :]
    assert (ids != 0).sum() == 6
    assert shape["vocabulary"] > ids.max()


def test_letters_of_one_length_are_even():
    shape = KIND.learn([KIND.open(b"ACGT" * 15), KIND.open(b"TTGA" * 15)])
    assert shape["even"]
    assert shape["symbols"] == 6
    assert shape["characters"] == 64


def test_text_learns_alike_twice():
    texts = [KIND.open(f"words {i} and {i * i}".encode()) for i in range(30)]
    assert KIND.learn(texts) == KIND.learn(texts)


def test_tokens_conform():
    good = [json.dumps(["Hello", "world", "!"]).encode(), b'["a\\u0000b", "", "\xc3\xa9t\xc3\xa9"]']
    bad = [b"", b"[]", b"{}", b'["a", 1]', b'["a"', b"[" * 100_000]
    check_input_kind(TOKENS, good, bad)


def test_a_sentence_of_ten_thousand_words_says_so():
    shape = TOKENS.learn([TOKENS.open(b'["a", "b"]')])
    long = TOKENS.open(json.dumps(["word"] * 10_000).encode())
    with pytest.raises(BadItem, match="has 10,000 words, above the 64 "):
        TOKENS.fit(long, shape)


def test_a_long_word_keeps_beginning_and_end():
    item = TOKENS.open(json.dumps(["under" + "x" * 90 + "ness"]).encode())
    shape = {**TOKENS.learn([item]), "item_shape": [8, 8]}
    assert TOKENS.show(TOKENS.fit(item, shape), shape) == "undeness"


def test_words_are_shown_as_they_were():
    item = TOKENS.open('["Früh", "am", "Tag"]'.encode())
    shape = TOKENS.learn([item, TOKENS.open(b'["something", "longer"]')])
    row = TOKENS.fit(item, shape)
    assert TOKENS.show(row, shape) == "Früh am Tag"
    assert row.dtype == np.uint8


def test_only_lists_of_words_are_tokens():
    assert TOKENS.recognise("x", b' [ "a"')
    assert not TOKENS.recognise("x", b"[1, 2]")
    assert not KIND.recognise("x", b"\x89PNG\r\n\x1a\n\0\0\0")
    assert KIND.recognise("x", b"BMW builds cars")
