"""The loop that deals out orders: time that was lost, a stop in the middle, nobody left."""

import pytest

from fivefold.launch import dealing
from fivefold.launch.dealing import deal
from tests.launch.listening import Listener, orders


class Scripted:
    """One hand that does with each order what the script says next."""

    def __init__(self, *script, tries=3):
        self.script, self.tries = list(script), tries
        self.begun, self.stops, self.order = [], 0, None

    def free(self):
        return self.order is None and bool(self.script)

    def begin(self, order):
        self.order = order
        self.begun.append(order)

    def listen(self, seconds):
        assert seconds > 0
        if self.order is not None:
            order, self.order = self.order, None
            yield order, self.script.pop(0)

    def stop(self):
        self.stops += 1

    def hopeless(self):
        return "" if self.script else "nobody is left"


LOST = {"failed": "its worker was lost", "lost": True}
DONE = {"done": True}


@pytest.fixture
def clock(monkeypatch):
    """Every look at the clock takes a second."""
    now = iter(range(1000))
    monkeypatch.setattr(dealing.time, "monotonic", lambda: float(next(now)))


@pytest.mark.usefixtures("clock")
def test_an_order_begun_again_ends_when_it_would_have_ended():
    hands, foreman = Scripted(LOST, LOST, DONE), Listener()
    deal(orders("a", 1), foreman, hands)
    assert [order.seconds for order in hands.begun] == [5.0, 4.0, 3.0]
    assert foreman.again == [("a/0", "its worker was lost")] * 2
    assert foreman.heard == {"a/0": "done"}


@pytest.mark.usefixtures("clock")
def test_the_wait_for_another_hand_is_of_the_orders_time_too():
    class Late(Scripted):
        """A hand whose next one is there after two seconds."""

        waits = 2

        def free(self):
            if self.begun and self.waits:
                self.waits -= 1
                dealing.time.monotonic()
                return False
            return super().free()

    hands = Late(LOST, DONE)
    deal(orders("a", 1), Listener(), hands)
    assert [order.seconds for order in hands.begun] == [5.0, 2.0]


def test_an_order_goes_before_those_not_yet_begun():
    hands = Scripted(LOST, DONE, DONE)
    deal(orders("a", 2), Listener(), hands)
    assert [order.fold for order in hands.begun] == [0, 0, 1]


def test_the_last_try_is_the_last():
    hands, foreman = Scripted(LOST, LOST, DONE, tries=2), Listener()
    deal(orders("a", 1), foreman, hands)
    assert len(hands.begun) == 2
    assert foreman.heard == {"a/0": "its worker was lost"}


def test_nothing_is_begun_again_after_a_stop():
    hands, foreman = Scripted(LOST, DONE), Listener(stop_after=0)
    deal(orders("a", 1), foreman, hands)
    assert foreman.heard == {"a/0": "its worker was lost"}
    assert hands.stops == 1


def test_what_is_begun_after_a_stop_is_stopped_too():
    hands = Scripted(DONE, DONE)
    deal(orders("a", 2), Listener(stop_after=0), hands)
    assert hands.stops == 2


def test_without_anybody_left_every_order_has_failed():
    hands, foreman = Scripted(LOST), Listener()
    deal(orders("a", 2), foreman, hands)
    assert foreman.heard == {"a/0": "nobody is left", "a/1": "nobody is left"}
