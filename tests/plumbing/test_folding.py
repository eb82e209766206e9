"""Texts that say the same have one key, others have none in common."""

import pytest

from fivefold.plumbing.folding import folded


@pytest.mark.parametrize(
    "same",
    [
        ("Who was  Galileo?", "who was galileo ?", "WHO WAS GALILEO"),
        ("Straße, 5", "STRASSE 5"),
        ("ﬁne caf\u00e9", "fine cafe\u0301"),
    ],
)
def test_spellings_of_one_text_have_one_key(same):
    assert len({folded(text) for text in same}) == 1


def test_other_words_have_another_key():
    assert folded("who was galileo") != folded("what was galileo")
    assert folded("ACGT") != folded("ACGA")


@pytest.mark.parametrize("text", ["", "   ", "+-*/", "x ++ -- == ((("])
def test_what_is_not_made_of_words_has_none(text):
    assert folded(text) is None
