"""Which encoders are trained on texts goes by what the texts are."""

from __future__ import annotations

from fivefold import catalog
from fivefold.inputs.text import Text
from fivefold.nets.build import intake_of

WORDS = catalog.line_up("text")


def line_up_of(raws):
    kind = Text()
    return intake_of("text").line_up(WORDS, kind.learn([kind.open(raw) for raw in raws]))


def test_a_code_is_read_by_its_letters():
    assert line_up_of([("ACGT" * 5)[i % 4 :][:16].encode() for i in range(40)]) == ("char_conv",)


def test_sentences_are_read_by_their_words():
    sentence = "The quick brown fox jumps over the lazy dog, isn't it? No. {} of 10!"
    found = line_up_of([sentence.format(i).encode() for i in range(40)])
    assert found
    assert found == tuple(word for word in WORDS if word != "char_conv")
