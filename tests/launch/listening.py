"""Orders, and a foreman that writes down what it hears."""

from dataclasses import replace

from fivefold.contracts.orders import Order
from fivefold.contracts.records import Recipe

RECIPE = Recipe(net="convnet")


def orders(member, count):
    """A number of orders of a member."""
    return [Order(member=member, fold=i, recipe=RECIPE) for i in range(count)]


class Listener:
    """A foreman that writes down what it hears."""

    def __init__(self, *, stop_after=None, refuse=()):
        self.heard, self.ticks, self.again = {}, [], []
        self.stop_after, self.refuse = stop_after, refuse

    def begin(self, order):
        return None if order.fold in self.refuse else replace(order, seconds=5.0)

    def tick(self, order, share, note):
        self.ticks.append((order.title, share, note))

    def stop(self):
        return self.stop_after is not None and len(self.ticks) >= self.stop_after

    def begun_again(self, order, why):
        self.again.append((order.title, why))

    def done(self, order):
        self.heard[order.title] = "done"

    def failed(self, order, why):
        self.heard[order.title] = why
