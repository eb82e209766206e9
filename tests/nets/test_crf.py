"""The conditional random field against sums over every path, written out."""

from itertools import pairwise, product

import pytest
import torch

from fivefold.nets.heads.crf import CrfHead

K, LENGTH = 3, 4


@pytest.fixture
def head():
    torch.manual_seed(0)
    net = CrfHead(5, K)
    for parameter in (net.follows, net.first, net.last):
        torch.nn.init.normal_(parameter)
    return net


def weight(net, emissions, path):
    total = (
        net.first[path[0]] + net.last[path[-1]] + sum(emissions[i, t] for i, t in enumerate(path))
    )
    return total + sum(net.follows[a, b] for a, b in pairwise(path))


def every(net, emissions):
    paths = list(product(range(K), repeat=len(emissions)))
    return paths, torch.stack([weight(net, emissions, path) for path in paths])


def test_marginals_are_the_shares_of_paths(head):
    x = torch.randn(1, LENGTH, 5)
    emissions = head.linear(x)[0]
    paths, weights = every(head, emissions)
    shares = weights.softmax(0)
    wanted = torch.zeros(LENGTH, K)
    for path, share in zip(paths, shares, strict=True):
        for place, tag in enumerate(path):
            wanted[place, tag] += share.detach()
    assert torch.allclose(head.probabilities(head(x))[0], wanted, atol=1e-5)


@pytest.mark.parametrize("target", [[0, 1, 2, 0], [0, -1, 2, -1], [1, 1, -1, 0]])
def test_the_loss_is_the_likelihood_with_unknown_tags_summed_over(head, target):
    x = torch.randn(1, LENGTH, 5)
    paths, weights = every(head, head.linear(x)[0])
    fits = [all(t in (-1, p) for p, t in zip(path, target, strict=True)) for path in paths]
    wanted = weights.logsumexp(0) - weights[torch.tensor(fits)].logsumexp(0)
    known = sum(t >= 0 for t in target)
    loss = head.loss(head(x), torch.tensor([target]))
    assert loss.item() == pytest.approx(wanted.item() / known, abs=1e-4)


def test_a_padded_sentence_counts_as_if_it_stood_alone(head):
    short = torch.randn(1, 2, 5)
    padded = torch.cat([short, torch.zeros(1, 2, 5)], dim=1)
    target = torch.tensor([[0, 2]])
    alone = head.loss(head(short), target)
    beside = head.loss(head(padded), torch.tensor([[0, 2, -1, -1]]))
    assert beside.item() == pytest.approx(alone.item(), abs=1e-5)


def test_a_rule_of_what_follows_is_learned():
    """The tag is the last one's opposite, and the features tell of the first token only."""
    torch.manual_seed(0)
    n = 64
    first = torch.randint(0, 2, (n,))
    target = (first[:, None] + torch.arange(5)) % 2
    x = torch.full((n, 5, 3), 0.1)
    x[:, 0, 0] = 2.0 * first - 1
    net = CrfHead(3, 2)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.1)
    for _ in range(80):
        optimiser.zero_grad()
        net.loss(net(x), target).backward()
        optimiser.step()
    assert (net.probabilities(net(x)).argmax(-1) == target).float().mean() > 0.99
