"""Vectors are learned by nets too, not by the opponent alone."""

import numpy as np

from fivefold.contracts.records import Recipe
from fivefold.contracts.rows import Held
from fivefold.engine.inference import predict
from fivefold.nets.build import build


def test_a_net_answers_for_vectors():
    import torch

    net = build(Recipe(net="fully_connected", width=0.25), (5,), 3, torch.zeros(5), torch.ones(5))
    answers = predict(net, Held(np.zeros((7, 5), np.float32)), ())
    assert answers.shape == (7, 3)
    assert np.allclose(answers.sum(1), 1.0, atol=1e-5)
