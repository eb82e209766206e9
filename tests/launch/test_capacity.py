"""What each net asks a cluster for, and how many find room with that."""

import pytest

from fivefold.launch import where as where_room
from fivefold.launch.capacity import Machine, request, room
from fivefold.launch.where import Where, where
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.place import Place

LAPTOP = [Machine(cpus=8, gpus=0)]
SERVER = [Machine(cpus=64, gpus=8)]
HUNDRED = [Machine(cpus=16, gpus=1)] * 100


@pytest.mark.parametrize(
    ("cpus", "gpus", "nets"),
    [
        (1, 0, 8),
        (3, 0, 2),
        (0.5, 0, 16),
        (1, 1, 2),
        (1, 0.5, 4),
        (1, 0.4, 4),
        (1, 0.1, 8),
    ],
)
def test_a_net_never_spans_machines_nor_a_part_of_a_gpu_two(cpus, gpus, nets):
    assert room(Machine(cpus=8, gpus=2), cpus, gpus) == nets


@pytest.mark.parametrize(
    ("machines", "nets", "cpus", "gpus", "slots"),
    [
        (LAPTOP, 5, 1, 0, 5),
        (LAPTOP, 2, 4, 0, 2),
        (LAPTOP, 20, 1, 0, 8),
        (SERVER, 5, 12, 1, 5),
        (SERVER, 20, 8, 1, 8),
        (HUNDRED, 5, 16, 1, 5),
        (HUNDRED, 100, 16, 1, 100),
    ],
)
def test_what_was_not_said_keeps_most_machines_busy(machines, nets, cpus, gpus, slots):
    found = request(machines, nets, Where(address=""))
    assert (found.cpus, found.gpus, found.slots) == (cpus, gpus, slots)


def test_what_was_said_is_asked_for():
    found = request(SERVER, 100, Where(address="", cpus=2, gpus=0.25))
    assert (found.cpus, found.gpus, found.slots) == (2, 0.25, 32)
    assert request(SERVER, 5, Where(address="", gpus=0)).gpus == 0


@pytest.mark.parametrize(
    "asked",
    [Where(address="", cpus=65), Where(address="", gpus=9), Where(address="", cpus=9, gpus=8)],
)
def test_no_machine_with_room_is_refused(asked):
    machines = [Machine(cpus=64, gpus=0), Machine(cpus=8, gpus=8)]
    with pytest.raises(OptionError, match="room for a net"):
        request(machines, 1, asked)
    with pytest.raises(OptionError, match="0 cores and 0 GPUs"):
        request([], 1, asked)


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize(
    ("launch", "address"),
    [
        ("here", None),
        ("ray", ""),
        ("ray:auto", "auto"),
        ("ray:10.0.0.1:6379", "10.0.0.1:6379"),
        ("ray://head:10001", "ray://head:10001"),
    ],
)
def test_where_is_an_address_of_ray(launch, address):
    assert where(launch, None, None).address == address


@pytest.mark.usefixtures("with_ray")
@pytest.mark.parametrize(
    ("launch", "cpus", "gpus", "found"),
    [
        ("there", None, None, "--launch there"),
        ("here:1", None, None, "--launch here:1"),
        ("here", 2.0, None, "on one machine"),
        ("ray", 0.0, None, "--member-cpus 0"),
        ("ray", 1.5, None, "--member-cpus 1.5"),
        ("ray", None, -1.0, "--member-gpus -1"),
        ("ray", None, 1.5, "--member-gpus 1.5"),
        ("ray", None, 2.0, "--member-gpus 2"),
    ],
)
def test_what_cannot_be_asked_is_refused(launch, cpus, gpus, found):
    with pytest.raises(OptionError, match=found):
        where(launch, cpus, gpus)


@pytest.mark.usefixtures("with_ray")
def test_a_net_for_cpus_asks_the_cluster_for_no_gpu():
    assert where("ray", None, None, "cpu").gpus == 0
    assert where("ray", None, 0.0, "cpu").gpus == 0
    assert where("ray", None, None, "auto").gpus is None
    assert request(SERVER, 5, where("ray", None, None, "cpu")).gpus == 0
    with pytest.raises(OptionError, match=r"--device cpu with --member-gpus 0\.5"):
        where("ray", None, 0.5, "cpu")


@pytest.mark.usefixtures("with_ray")
def test_torchrun_and_ray_do_not_go_together(monkeypatch):
    monkeypatch.setattr(where_room, "place", lambda: Place(size=4))
    with pytest.raises(OptionError, match="--launch ray in one of 4 processes"):
        where("ray", None, None)
    assert where("here", None, None).address is None


@pytest.fixture
def with_ray(monkeypatch):
    """Ray counts as installed."""
    monkeypatch.setattr(where_room, "find_spec", lambda _: "a module")


@pytest.mark.parametrize(("launch", "missing"), [("ray", "ray"), ("ray://head:10001", "grpc")])
def test_without_ray_one_line_says_what_to_type(launch, missing, monkeypatch):
    monkeypatch.setattr(where_room, "find_spec", lambda name: None if name == missing else "here")
    with pytest.raises(RunError) as error:
        where(launch, None, None)
    assert missing in error.value.found
    assert error.value.hint == "pip install 'fivefold[ray]'"
