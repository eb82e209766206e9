"""This process as a launcher: what it needs is fetched while other things go on."""

import threading

import pytest

from fivefold.launch.here import Here
from tests.launch.listening import Listener, orders


class Work:
    """Prepares until it is let go on; trains nothing."""

    def __init__(self):
        self.begun, self.let_go, self.done = threading.Event(), threading.Event(), []

    def prepare(self):
        self.begun.set()
        assert self.let_go.wait(60)
        self.done.append("prepared")

    def train(self, order, tick, stop):
        del tick, stop
        self.done.append(order.title)


class Untimed(Work):
    """Fails when a candidate is timed."""

    def __init__(self, error):
        super().__init__()
        self.error = error
        self.let_go.set()

    def rows_per_second(self, recipe, *, seconds):
        del recipe, seconds
        raise self.error


def test_it_prepares_in_the_background_and_trains_afterwards():
    work, foreman = Work(), Listener()
    here = Here(work)
    assert work.begun.wait(60)
    assert work.done == []
    threading.Timer(0.1, work.let_go.set).start()
    here.run(orders("a", 2), foreman)
    assert work.done == ["prepared", "a/0", "a/1"]


@pytest.mark.parametrize("error", [ValueError("shapes"), RuntimeError("cuDNN")])
def test_a_candidate_that_cannot_be_timed_is_the_slowest(error):
    assert Here(Untimed(error)).rows_per_second(None, seconds=1.0) == 0.0


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_is_no_fault_of_the_candidate_is_raised(error):
    with pytest.raises(type(error)):
        Here(Untimed(error)).rows_per_second(None, seconds=1.0)


def test_what_is_amiss_in_preparing_is_raised_where_somebody_waits_for_it():
    work = Work()
    work.prepare = lambda: int("no number")
    with pytest.raises(ValueError, match="no number"):
        Here(work).get_ready()
