"""Two processes as two threads: they talk over channels of one make, and a full disk ends a run."""

import errno
import threading
from types import SimpleNamespace

import pytest
import torch

from fivefold.launch import ddp, group
from fivefold.launch.ddp import Ddp, follow
from fivefold.launch.group import Group
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.place import Place
from tests.launch.listening import RECIPE, Listener, orders


class Pretended:
    """What torch.distributed does between two threads; notes which channels each asks for."""

    def __init__(self):
        self.own = threading.local()
        self.barrier = threading.Barrier(2, timeout=10)
        self.told, self.asked = [None, None], ([], [])

    def init_process_group(self, backend, *, rank, **_):
        assert backend == "gloo"
        self.own.rank = rank

    def new_group(self, *, backend, timeout):
        assert timeout == group.PATIENCE
        self.asked[self.own.rank].append(backend)
        return SimpleNamespace(abort=lambda: None)

    def destroy_process_group(self, *channel):
        pass

    def broadcast(self, tensor, source):
        gathered = [torch.empty_like(tensor), torch.empty_like(tensor)]
        self.all_gather(gathered, tensor)
        tensor.copy_(gathered[source])

    def all_gather(self, gathered, own):
        self.told[self.own.rank] = own.clone()
        self.barrier.wait()
        for tensor, told in zip(gathered, self.told, strict=True):
            tensor.copy_(told)
        self.barrier.wait()


class Work:
    """Work that trains nothing; it dies of what it is told to."""

    def __init__(self, cause=None):
        self.cause, self.trained = cause, []

    def prepare(self):
        pass

    def train(self, order, tick, stop):
        del tick, stop
        self.trained.append(order.title)
        if self.cause is not None:
            raise self.cause

    def rows_per_second(self, recipe, *, seconds):
        assert recipe == RECIPE
        return 100.0 * seconds


@pytest.fixture
def between(monkeypatch, tmp_path):
    """Have a first process do something with a launcher while another one follows."""

    def do(action, device, first, second):
        pretended, store = Pretended(), SimpleNamespace(set=lambda *_: None)
        monkeypatch.setattr(group, "dist", pretended)
        monkeypatch.setattr(ddp, "_share_cores", lambda _: None)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
        monkeypatch.setattr(torch.cuda, "set_device", lambda _: None)

        def follower():
            where = Place(rank=1, size=2, local_rank=1, local_size=2)
            follow(Group(where, store), lambda *_: second)

        thread = threading.Thread(target=follower, daemon=True)
        thread.start()
        where = Place(rank=0, size=2, local_rank=0, local_size=2)
        launcher = Ddp(Group(where, store), first, tmp_path, torch.device(device))
        try:
            action(launcher)
        finally:
            launcher.close()
            thread.join(10)
            assert not thread.is_alive()
        return pretended.asked

    return do


@pytest.mark.parametrize(("device", "backend"), [("cpu", "gloo"), ("cuda", "cpu:gloo,cuda:nccl")])
def test_all_processes_ask_for_the_same_channel(between, device, backend):
    first, second, foreman = Work(), Work(ValueError("no luck")), Listener()

    def action(launcher):
        assert launcher.rows_per_second(RECIPE, seconds=1.0) == 100.0
        launcher.run(orders("a", 2), foreman)

    asked = between(action, device, first, second)
    assert asked[0] == asked[1] == [backend] * 3  # one for the start, one after each failure
    assert set(foreman.heard.values()) == {"ValueError: no luck (in process 1)"}


@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RunError(found="a full disk", wanted="room", hint="make some"),
    ],
)
def test_a_disk_that_refuses_ends_the_run_and_lets_the_others_go(between, cause):
    second, foreman = Work(), Listener()
    with pytest.raises(type(cause)) as raised:
        between(lambda launcher: launcher.run(orders("a", 2), foreman), "cpu", Work(cause), second)
    assert raised.value is cause
    assert foreman.heard == {}
    assert second.trained == ["a/0"]
