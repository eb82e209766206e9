"""A text is known again in other capitals, spaces and punctuation."""

from fivefold.inputs.text import Text


def key(text):
    kind = Text()
    return kind.key(kind.open(text.encode()))


def test_spellings_of_one_question_have_one_key():
    assert key("What is the Sun made of?") == key("what is  the sun made of ?") is not None


def test_other_texts_have_other_keys():
    assert key("ACGTTGCA") != key("ACGTTGCC")
    assert key("+++ --- ???") is None
