"""The target `tags`: reading, padding, spans as the usual metric."""

import numpy as np

from fivefold.contracts.records import SEPARATOR
from fivefold.targets.tags import Tags

KIND = Tags()
SENTENCES = [SEPARATOR.join(words) for words in (["O", "B-x", "I-x"], ["O"], ["B-x", "?"])]


def test_sentences_are_padded_and_unknown_tags_are_left_out():
    vocabulary = KIND.learn(SENTENCES[:2])
    targets = KIND.parse(SENTENCES, vocabulary)
    assert vocabulary == ("B-x", "I-x", "O")
    assert targets.tolist() == [[2, 0, 1], [2, -1, -1], [0, -1, -1]]
    assert KIND.known(targets).all()
    assert KIND.usual(vocabulary) == "span_f1"
    assert KIND.usual(("NOUN", "VERB", "O")) == "token_accuracy"
    assert (KIND.head(vocabulary), KIND.head(("NOUN", "VERB"))) == ("crf", "")


def test_targets_are_as_long_as_the_cached_items():
    targets = KIND.parse(SENTENCES, ("B-x", "I-x", "O"))
    assert KIND.fitted(targets, {"item_shape": [5, 8]}).shape == (3, 5)
    assert KIND.fitted(targets, {"item_shape": [2, 8]}).tolist()[0] == [2, 0]


def test_padding_stays_nothing_at_every_temperature_and_is_not_answered():
    answers = np.zeros((2, 3, 2), np.float32)
    answers[0, :2] = [[0.9, 0.1], [0.2, 0.8]]
    answers[1, 0] = [0.4, 0.6]
    warm = KIND.apply_temperature(answers, 2.0)
    assert (warm[answers.sum(2) == 0] == 0).all()
    assert np.allclose(warm.sum(2), answers.sum(2), atol=1e-6)
    assert KIND.plain(warm, ("a", "b")) == [("a", "b"), ("b",)]
    assert KIND.decode(warm, ("a", "b")) == ("a b", "b")
    assert KIND.told(answers[1], ("a", "b")) == {"tags": (("b", 0.6),)}
    assert np.allclose(KIND.confidence(answers), [0.8, 0.6])


def test_chance_is_the_frequency_of_tags_at_every_place():
    targets = np.array([[0, 0, 1], [0, -1, -1]])
    assert KIND.chance(targets, 2).tolist() == [[0.75, 0.25]] * 3
