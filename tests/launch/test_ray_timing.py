"""How fast a cluster is, how long it is waited for, how often its workers send; all without one."""

import threading
import time
from types import SimpleNamespace

import pytest

from fivefold.launch import ray_cluster
from fivefold.launch.ray_cluster import START_SECONDS, RayCluster
from fivefold.launch.ray_hand import Arrival, HandLost
from fivefold.launch.ray_worker import RayWorker
from fivefold.launch.where import Where
from fivefold.plumbing.errors import RunError
from tests.launch.listening import RECIPE, Listener, orders

FAILS = RunError(found="a worker that fails", wanted="one that can train", hint="see to it")
EARLY = HandLost("before it was ready")


class Hand:
    """A worker that answers what the test says."""

    def __init__(self, answer):
        self.answer, self.heard = answer, False

    def prepare(self):
        if self.answer is EARLY:
            raise EARLY
        if isinstance(self.answer, threading.Event):
            self.answer.wait()
        return Arrival(node="n", address="a", rows="original")

    def timing(self, recipe, seconds):
        assert recipe == RECIPE
        return seconds

    def rows_per_second(self, timing):
        assert timing == 1.0
        self.heard = True
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def train(self, order, files):
        assert order.member == "a"
        if callable(self.answer):
            self.answer()
        yield {"done": [], "files": files}

    def kill(self):
        pass


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands unless it is told to go on."""
    made = SimpleNamespace(now=0.0)
    monkeypatch.setattr(ray_cluster, "time", SimpleNamespace(monotonic=lambda: made.now))
    return made


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    """Make a cluster whose workers give these answers; also the workers, and what was said.

    With fewer slots than answers, the others are of workers that come for those that were lost.
    """

    def make(*answers, slots=None):
        hands, said = [], []

        def hand(*_):
            hands.append(Hand(answers[len(hands) % len(answers)]))
            return hands[-1]

        node = {"Alive": True, "Resources": {"CPU": slots or len(answers)}}
        ray = SimpleNamespace(nodes=lambda: [node])
        monkeypatch.setattr(ray_cluster, "linked", lambda _: (ray, False))
        monkeypatch.setattr(ray_cluster, "RayHand", hand)
        monkeypatch.setattr(ray_cluster, "Goods", lambda *_: goods)
        where = Where(address="", cpus=1)
        made = RayCluster(where, None, tmp_path, nets=len(answers), say=said.append)
        while made._said.qsize() < made.slots:  # all are ready or lost, though nobody listened yet
            time.sleep(0.001)
        return made, hands, said

    supplies = SimpleNamespace(size=1)
    goods = SimpleNamespace(clear=lambda: None, supplies=supplies)
    return make


@pytest.mark.parametrize(
    ("answers", "speed"),
    [
        ((100.0, 200.0), 300.0),
        ((100.0, 0.0), 0.0),  # it does not fit on the second machine
        ((100.0, HandLost("gone")), 200.0),
        ((HandLost("gone"),), 0.0),
    ],
)
def test_a_net_that_is_too_large_for_one_machine_is_none_to_choose(cluster, answers, speed):
    made, _, _ = cluster(*answers)
    assert made.rows_per_second(RECIPE, seconds=1.0) == speed


def test_all_timings_have_ended_when_the_speed_is_told(cluster):
    made, hands, said = cluster(FAILS, FAILS, 100.0)
    assert made.rows_per_second(RECIPE, seconds=1.0) == 0.0
    assert all(hand.heard for hand in hands)
    assert said.count("a worker that fails") == 1


def test_the_only_worker_may_be_lost_long_after_it_was_ready(cluster, clock):
    def lost():
        clock.now += 10 * START_SECONDS
        raise HandLost("gone")

    made, hands, _ = cluster(lost, 100.0, slots=1)
    foreman = Listener()
    made.run(orders("a", 2), foreman)
    assert foreman.heard == {"a/0": "done", "a/1": "done"}
    assert [title for title, _ in foreman.again] == ["a/0"]
    assert len(hands) == 2


def test_a_loss_may_be_the_first_that_is_heard_of_a_cluster(cluster, clock):
    made, _, _ = cluster(EARLY, 100.0, slots=1)
    clock.now += 10 * START_SECONDS
    assert made.rows_per_second(RECIPE, seconds=1.0) == 100.0
    made, _, _ = cluster(EARLY, 100.0, slots=1)
    clock.now += 10 * START_SECONDS
    foreman = Listener()
    made.run(orders("a", 1), foreman)
    assert foreman.heard == {"a/0": "done"}


def test_who_comes_for_a_lost_worker_is_not_waited_for_without_end(cluster, clock):
    class Slow(Listener):
        def stop(self):
            clock.now += 0.6 * START_SECONDS
            return False

    never, foreman = threading.Event(), Slow()
    made, hands, _ = cluster(EARLY, never, slots=1)
    clock.now = 10 * START_SECONDS
    made.run(orders("a", 1), foreman)
    never.set()
    assert foreman.heard == {"a/0": "a worker before it was ready"}
    assert clock.now == pytest.approx((10 + 3 * 0.6) * START_SECONDS)
    assert len(hands) == 2


def test_checkpoints_are_sent_in_a_fiftieth_of_the_time():
    worker = RayWorker()
    worker._ended.put({"failed": "it ends here"})
    worker._sent_at = time.monotonic() - 1.0
    assert "failed" in worker.news()
    assert worker._next_sending - time.monotonic() > 49.0
    worker.close()
