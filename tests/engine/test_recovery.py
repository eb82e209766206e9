"""A training that diverges goes back to a good state, at a lower rate, three times at most."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from fivefold.contracts.records import CurvePoint
from fivefold.engine import checkpoints, keeper
from fivefold.engine.checkpoints import Checkpoint
from fivefold.engine.keeper import Keeper
from fivefold.engine.learner import Learner
from fivefold.engine.loop import DivergedError, Watch, train
from fivefold.engine.recovery import MOST_RETURNS
from fivefold.engine.schedule import Limit
from fivefold.nets.heads.number import NumberHead

NAN = float("nan")


@pytest.fixture(autouse=True)
def _good_states_often(monkeypatch):
    monkeypatch.setattr(keeper, "KEEP_STEPS", 4)


def poisoned(*calls):
    """Pictures that are no numbers at these calls of an expander."""
    return lambda call, _: NAN if call in calls else None


def test_one_bad_batch_costs_the_way_back_to_the_last_good_state(job_of, net_of, recipe, disturbed):
    net, expander = net_of(recipe), disturbed(poisoned(11))
    training = train(net, job_of(20, expander=expander))
    assert training.notes == ("it diverged, went back to step 8, and on at 0.3 of the rate",)
    assert training.steps == 20
    assert expander.calls == 20 + 3
    assert all(v.isfinite().all() for v in net.state_dict().values())


def test_the_rate_stays_lower_for_the_rest(job_of, net_of, recipe, disturbed):
    plain = train(net_of(recipe), job_of(20)).curve
    curve = train(net_of(recipe), job_of(20, expander=disturbed(poisoned(11)))).curve
    assert [p.epoch for p in curve] == [p.epoch for p in plain]
    shares = [after.rate / before.rate for after, before in zip(curve, plain, strict=True)]
    assert shares == pytest.approx([1.0] * 8 + [0.3] * 12, abs=1e-3)


def test_three_returns_are_survived_and_no_fourth(job_of, net_of, recipe, disturbed):
    three = train(net_of(recipe), job_of(12, expander=disturbed(poisoned(3, 6, 9))))
    assert len(three.notes) == MOST_RETURNS
    assert "0.027 of the rate" in three.notes[-1]
    with pytest.raises(DivergedError, match="diverged at step 3, after 3 returns"):
        train(net_of(recipe), job_of(12, expander=disturbed(poisoned(3, 6, 9, 12))))


def test_a_loss_that_explodes_has_diverged_before_it_is_no_number(job_of, net_of, recipe):
    fast = replace(recipe, net="fully_connected", optimiser="sgd", rate=1.0)
    training = train(net_of(fast), job_of(16, recipe=fast))
    assert "diverged" in training.notes[0]
    assert training.curve[-1].loss < 2.0


def test_an_absurd_rate_is_given_up(job_of, net_of, recipe):
    wild = replace(recipe, optimiser="sgd", rate=1e30)
    with pytest.raises(DivergedError, match="step"):
        train(net_of(wild), job_of(200, recipe=wild))


def test_statistics_that_are_no_numbers_are_found_at_the_end(job_of, net_of, recipe):
    """Training does not use them, so the loss cannot tell."""
    net, seen = net_of(recipe), []

    def spoil():
        seen.append(1)
        if len(seen) == 15:
            net.get_buffer("encoder.stages.0.norms.0.running_var").fill_(float("inf"))
        return False

    training = train(net, job_of(15), Watch(stop=spoil))
    assert training.notes[0].startswith("it diverged, went back to step 12")
    assert training.steps == 15
    assert all(v.isfinite().all() for v in net.state_dict().values())


def test_a_state_on_its_way_out_is_no_good_one(job_of, net_of, recipe, disturbed):
    """Step 8 would be kept, but its loss is far above the first one."""
    wild = lambda call, _: 1e4 if call in (7, 8) else NAN if call == 9 else None  # noqa: E731
    steady = replace(recipe, net="fully_connected", optimiser="sgd", rate=1e-12)
    training = train(net_of(steady), job_of(12, recipe=steady, expander=disturbed(wild)))
    assert "went back to step 4," in training.notes[0]


def test_when_time_is_up_it_ends_as_the_last_good_state(
    job_of, net_of, recipe, disturbed, monkeypatch
):
    limit, asked = Limit(seconds=1.0), []
    monkeypatch.setattr(limit, "elapsed", lambda: 0.05 * len(asked))
    watch = Watch(stop=lambda: asked.append(1))
    spoiled = disturbed(lambda call, _: NAN if call >= 20 else None)
    net = net_of(recipe)
    training = train(net, job_of(limit=limit, expander=spoiled), watch)
    assert len(training.notes) == 1
    assert training.steps == 0
    assert all(v.isfinite().all() for v in net.state_dict().values())


def test_asked_to_stop_it_stops_though_it_has_just_gone_back(job_of, net_of, recipe, disturbed):
    job = job_of(1000, expander=disturbed(poisoned(2)))
    training = train(net_of(recipe), job, Watch(stop=lambda: job.expander.calls >= 2))
    assert training.stopped
    assert training.steps == 0


def test_a_moment_can_be_gone_back_to_more_than_once(net_of, recipe):
    """Optimisers change in place what they load; the moment must not change with it."""
    adam = replace(recipe, optimiser="adamw", rate=0.01)
    learner = Learner(net_of(adam), adam, torch.device("cpu"))

    def step():
        loss = learner.net(torch.full((4, 3, 12, 12), 50.0)).square().sum()
        torch.autograd.backward(loss)
        learner.optimisers[0].step()

    step()
    moment = learner.moment()
    before = {k: v.clone() for k, v in moment.tensors.items()}
    for _ in range(2):
        step()
        learner.go_to(moment)
        step()
        assert all(torch.equal(v, before[k]) for k, v in moment.tensors.items())
    learner.go_to(moment)
    again = learner.moment().tensors
    assert again.keys() == before.keys()
    assert all(torch.equal(again[k], before[k]) for k in before)


def test_a_diverged_net_is_never_saved(job_of, net_of, recipe, disturbed, tmp_path):
    checkpoint = Checkpoint(tmp_path / "c", every=0.0, share=float("inf"))
    spoiled = disturbed(lambda call, _: NAN if call >= 6 else None)
    with pytest.raises(DivergedError):
        train(net_of(recipe), job_of(20, expander=spoiled), None, checkpoint)
    tensors = load_file(checkpoint.path)
    assert tensors
    assert all(v.isfinite().all() for v in tensors.values())


@pytest.mark.parametrize("first", [-0.4, 0.001, 0.7])
def test_a_number_far_from_the_mean_is_no_divergence(net_of, recipe, first):
    """The loss of numbers is a likelihood: tiny or below 0 at first, great where a batch is odd."""
    torch.manual_seed(0)
    targets = torch.distributions.LogNormal(0.0, 2.5).sample((5000, 1))
    learner = Learner(net_of(recipe), recipe, torch.device("cpu"))
    head = learner.net.head = NumberHead(32, 1)
    head.learn(targets)
    learner.state.curve = [CurvePoint(seconds=0.0, epoch=0.0, loss=first, rate=0.1)]
    kept = Keeper(learner, Limit(steps=100), 16, checkpoint=None, of={})
    plain, ordered = torch.zeros(16, 2), targets.sort(0).values
    for batch in (ordered[:16], ordered[-16:]):
        assert kept.keep(head.loss(plain, batch), due=True)
    assert not kept.keep(torch.tensor(1e9), due=True)


def test_a_state_is_good_though_the_first_loss_was_below_zero(net_of, recipe):
    learner = Learner(net_of(recipe), recipe, torch.device("cpu"))
    learner.state.curve = [CurvePoint(seconds=0.0, epoch=0.0, loss=-0.4, rate=0.1)]
    kept = Keeper(learner, Limit(seconds=100.0), 16, checkpoint=None, of={})
    learner.state.step = 7
    assert kept.keep(torch.tensor(-0.3), due=True)
    kept.go_back()
    assert learner.state.step == 7


def test_without_a_checkpoint_a_last_save_copies_nothing(net_of, recipe, monkeypatch):
    learner = Learner(net_of(recipe), recipe, torch.device("cpu"))
    kept = Keeper(learner, Limit(steps=9), 16, checkpoint=None, of={})
    monkeypatch.setattr(learner, "moment", lambda: pytest.fail("copied"))
    kept.save()


def test_a_look_at_the_weights_counts_as_the_cost_of_a_save(net_of, recipe, monkeypatch, tmp_path):
    now = [0.0]
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
    learner = Learner(net_of(recipe), recipe, torch.device("cpu"))
    kept = Keeper(learner, Limit(), 16, checkpoint=Checkpoint(tmp_path / "c"), of={})

    def look():
        now[0] += 1.0
        return True

    monkeypatch.setattr(learner, "finite", look)
    assert kept.keep(torch.tensor(0.5), due=True)
    now[0] += 49.0
    assert not kept.due()
    now[0] += 2.0
    assert kept.due()
