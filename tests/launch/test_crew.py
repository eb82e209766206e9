"""Worker processes: orders are dealt out, losses survived, a wish to stop carried on."""

import errno
import io
import json
import os
import signal
from dataclasses import asdict

import pytest
from safetensors import SafetensorError

from fivefold.launch.crew import MOST_STARTS, Crew, _raise_refusal
from fivefold.step4_train.worker import Stop, _train
from tests.launch.listening import RECIPE, Listener, orders


@pytest.fixture
def crew(tmp_path):
    made = Crew(
        "tests.launch.pretend_worker",
        {"run": str(tmp_path)},
        [{"SLOT": "0"}, {"SLOT": "1"}],
        tmp_path,
    )
    yield made
    made.close()


def test_every_order_is_carried_out_and_both_workers_have_their_share(crew, tmp_path):
    foreman = Listener()
    crew.get_ready()
    crew.run(orders("a", 6), foreman)
    assert foreman.heard == {f"a/{i}": "done" for i in range(6)}
    assert {note for _, _, note in foreman.ticks} == {"0", "1"}
    assert len(list(tmp_path.glob("a-*.done"))) == 6


def test_orders_the_foreman_refuses_are_not_begun(crew, tmp_path):
    foreman = Listener(refuse=(1, 2))
    crew.run(orders("a", 4), foreman)
    assert set(foreman.heard) == {"a/0", "a/3"}
    assert not list(tmp_path.glob("a-1.tried*"))


def test_a_lost_worker_is_replaced_and_its_order_begun_again(crew, tmp_path):
    foreman = Listener()
    crew.run(orders("dies_once", 1) + orders("a", 2), foreman)
    assert foreman.heard == {"dies_once/0": "done", "a/0": "done", "a/1": "done"}
    assert len(list(tmp_path.glob("dies_once-0.tried*"))) == 2
    ((title, why),) = foreman.again
    assert title == "dies_once/0"
    assert "was killed" in why


def test_an_order_that_always_costs_its_worker_is_given_up(crew):
    foreman = Listener()
    crew.run(orders("dies", 1) + orders("a", 1), foreman)
    assert "was killed, most likely by the system" in foreman.heard["dies/0"]
    assert foreman.heard["a/0"] == "done"


def test_a_failure_is_told_in_the_workers_words(crew):
    foreman = Listener()
    crew.run(orders("fails", 1), foreman)
    assert foreman.heard == {"fails/0": "ValueError: no luck"}


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a/b"), FileNotFoundError),
        (OSError(errno.ENOSPC, "No space left on device"), OSError),
        (SafetensorError("No space left on device"), OSError),
    ],
)
def test_what_the_disk_refuses_a_worker_is_the_same_error_here(cause, kind):
    class Refused:
        def train(self, *_):
            raise cause

    task = json.loads(json.dumps({"order": asdict(*orders("a", 1))}))
    (answer,) = _train(Refused(), task, lambda: False, io.BytesIO())
    with pytest.raises(kind) as error:
        _raise_refusal(json.loads(json.dumps(answer)))
    assert error.value.filename == getattr(cause, "filename", None)
    assert error.value.strerror in str(cause)


def test_a_wish_to_stop_reaches_every_worker(crew):
    foreman = Listener(stop_after=2)
    crew.run(orders("waits", 2), foreman)
    assert foreman.heard == {"waits/0": "done", "waits/1": "done"}


def test_rows_per_second_are_those_of_all_workers(crew):
    assert crew.rows_per_second(RECIPE, seconds=1.0) == 200.0


def test_a_crew_that_is_ready_has_a_free_worker_at_once(crew):
    assert not crew.free()
    crew.get_ready()
    assert crew.free()


@pytest.fixture
def hire(tmp_path):
    """Make a crew; the first workers of a slot, as many as told, do not start."""
    made = []

    def make(*failed_starts):
        environments = [
            {"SLOT": f"{slot}", "FAILED_STARTS": f"{count}"}
            for slot, count in enumerate(failed_starts)
        ]
        setup = {"run": str(tmp_path)}
        made.append(Crew("tests.launch.pretend_worker", setup, environments, tmp_path))
        return made[-1]

    yield make
    for crew in made:
        crew.close()


def test_a_worker_that_does_not_start_is_replaced_and_costs_no_net(hire):
    foreman = Listener()
    hire(MOST_STARTS - 1).run(orders("a", 2), foreman)
    assert foreman.heard == {"a/0": "done", "a/1": "done"}
    assert foreman.again == []


def test_a_slot_in_which_no_worker_starts_takes_no_net_along(hire):
    crew, foreman = hire(99, 0), Listener()
    assert crew.rows_per_second(RECIPE, seconds=1.0) == 100.0
    assert crew.slots == 1
    crew.run(orders("a", 4), foreman)
    assert foreman.heard == {f"a/{i}": "done" for i in range(4)}


def test_without_any_worker_that_starts_every_net_is_told_why(hire):
    crew, foreman = hire(99, 99), Listener()
    assert crew.rows_per_second(RECIPE, seconds=1.0) == 0.0
    crew.run(orders("a", 2), foreman)
    assert set(foreman.heard) == {"a/0", "a/1"}
    assert all("does not start: no memory to start in" in why for why in foreman.heard.values())


def test_a_replaced_worker_does_not_hear_ctrl_c(crew):
    crew.run(orders("dies_once", 1) + orders("a", 2), Listener())
    for worker in crew._workers:
        worker._process.send_signal(signal.SIGINT)
    foreman = Listener()
    crew.run(orders("b", 4), foreman)
    assert foreman.heard == {f"b/{i}": "done" for i in range(4)}
    assert foreman.again == []


def test_the_real_worker_does_not_hear_ctrl_c_whoever_hired_it():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop = Stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
