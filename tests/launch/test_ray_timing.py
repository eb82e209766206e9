"""How fast a cluster is, and how often its workers send; no cluster is needed for the sums."""

import time
from types import SimpleNamespace

import pytest

from fivefold.launch import ray_cluster
from fivefold.launch.ray_cluster import RayCluster
from fivefold.launch.ray_hand import Arrival, HandLost
from fivefold.launch.ray_worker import RayWorker
from fivefold.launch.where import Where
from fivefold.plumbing.errors import RunError
from tests.launch.listening import RECIPE

FAILS = RunError(found="a worker that fails", wanted="one that can train", hint="see to it")


class Hand:
    """A worker that answers what the test says."""

    def __init__(self, answer):
        self.answer, self.heard = answer, False

    def prepare(self):
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

    def kill(self):
        pass


@pytest.fixture
def cluster(monkeypatch, tmp_path):
    """Make a cluster whose workers give these answers; also the workers, and what was said."""

    def make(*answers):
        hands, said = [], []

        def hand(*_):
            hands.append(Hand(answers[len(hands) % len(answers)]))
            return hands[-1]

        node = {"Alive": True, "Resources": {"CPU": len(answers)}}
        ray = SimpleNamespace(nodes=lambda: [node])
        monkeypatch.setattr(ray_cluster, "linked", lambda _: (ray, False))
        monkeypatch.setattr(ray_cluster, "RayHand", hand)
        monkeypatch.setattr(ray_cluster, "Goods", lambda *_: goods)
        where = Where(address="", cpus=1)
        made = RayCluster(where, None, tmp_path, nets=len(answers), say=said.append)
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


def test_checkpoints_are_sent_in_a_fiftieth_of_the_time():
    worker = RayWorker()
    worker._ended.put({"failed": "it ends here"})
    worker._sent_at = time.monotonic() - 1.0
    assert "failed" in worker.news()
    assert worker._next_sending - time.monotonic() > 49.0
    worker.close()
