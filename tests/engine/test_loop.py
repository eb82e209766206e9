"""The loop learns, repeats itself to the bit, stops when asked, and is looked at."""

import traceback
from dataclasses import replace

import pytest
import torch

from fivefold.contracts.records import ExpansionRecord
from fivefold.engine import loop
from fivefold.engine.inference import predict
from fivefold.engine.loop import Watch, train
from fivefold.engine.precision import seed_all
from fivefold.step3_expand.image import ImageExpander


def weights(net):
    return {k: v.clone() for k, v in net.state_dict().items()}


def test_learns_which_half_is_bright(job_of, net_of, recipe, halves):
    rows, targets = halves
    net = net_of(recipe)
    training = train(net, job_of(40))
    answers = predict(net, rows, recipe.size, ("shift",))
    assert (answers.argmax(1) == targets).mean() > 0.95
    assert training.steps == 40
    assert training.epochs == pytest.approx(40 * recipe.batch / len(rows))
    assert training.curve[0].loss > training.curve[-1].loss


def test_a_replay_is_given_the_whole_of_a_step(job_of, net_of, recipe):
    """Told to do the work at every call, it learns what is learned without it."""
    unchanged = ImageExpander(ExpansionRecord(kind="image", settings={}, why={}), classes=2)
    plain, told, calls = net_of(recipe), net_of(recipe), []

    def replay(work, given, *settings):
        calls.append([tuple(x.shape) for x in given])
        return work(given, *settings)

    train(plain, job_of(9, expander=unchanged))
    trainer = loop._Trainer(told, job_of(9, expander=unchanged), Watch(), None)
    trainer.replay = replay
    trainer.run()
    assert calls == 9 * [[(16, 12, 12, 3), (16,), (16,)]]
    assert all(torch.equal(told.state_dict()[k], v) for k, v in plain.state_dict().items())


@pytest.mark.parametrize("optimiser", ["muon", "adamw", "sgd"])
def test_a_fixed_step_count_is_repeatable_to_the_bit(job_of, net_of, recipe, optimiser):
    changed = replace(recipe, optimiser=optimiser, rate=0.01)
    states = []
    for _ in range(2):
        net = net_of(changed)
        train(net, job_of(6, recipe=changed))
        states.append(weights(net))
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


def test_a_request_to_stop_ends_with_what_there_is(job_of, net_of, recipe):
    training = train(net_of(recipe), job_of(1000), Watch(stop=lambda: True))
    assert training.stopped
    assert training.steps == 1


def test_validation_is_looked_at_a_few_times(job_of, net_of, recipe):
    looks = []

    def look(net):
        looks.append(net)
        return 0.5

    training = train(net_of(recipe), job_of(60), Watch(look=look))
    assert 3 <= len(looks) <= 5
    assert sum(p.validation == 0.5 for p in training.curve) == len(looks)


def test_a_net_that_was_trained_before_keeps_the_filters_that_came_from_the_data(
    job_of, net_of, recipe, monkeypatch
):
    monkeypatch.setattr(loop, "INITIAL_ROWS", 40)
    net = net_of(recipe)
    train(net, job_of(2))
    filters = net.encoder.whiten.weight.clone()
    other = replace(recipe, seed=1)
    train(net, replace(job_of(2, recipe=other), fresh=False))
    assert torch.equal(net.encoder.whiten.weight, filters)


def test_a_step_seeds_as_torch_does_and_formats_no_stack_traces(
    job_of, net_of, recipe, monkeypatch
):
    drawn = []
    for seed in (5, 2**62):
        torch.manual_seed(seed)
        wanted = torch.rand(3)
        seed_all(torch.device("cpu"), seed)
        drawn.append(torch.equal(torch.rand(3), wanted))
    assert all(drawn)
    net = net_of(recipe)
    monkeypatch.setattr(traceback, "format_stack", lambda: pytest.fail("formatted"))
    train(net, job_of(2))
