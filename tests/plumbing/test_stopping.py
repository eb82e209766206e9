"""A request to stop ends clocks, and never reaches the processes that a run began."""

import signal
import subprocess
import sys

import pytest

from fivefold.plumbing.clock import StoppableClock
from fivefold.plumbing.stopper import Stopper, deaf


def test_a_stop_uses_the_clock_up():
    asked = []
    clock = StoppableClock(100.0, lambda: bool(asked))
    assert clock.left() > 99.0
    asked.append(1)
    assert clock.left() <= 0.0
    assert clock.used() >= 100.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_processes_begun_deaf_survive_a_signal(number):
    code = "import sys; print('up', flush=True); sys.stdin.read(); print('alive')"
    with deaf(number):
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    assert child.stdout.readline() == "up\n"
    child.send_signal(number)
    out, _ = child.communicate("", timeout=20)
    assert out == "alive\n"


def test_the_second_request_stops_at_once():
    said = []
    stopper = Stopper()
    with stopper.listening(said.append):
        signal.raise_signal(signal.SIGTERM)
        assert stopper()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert len(said) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
