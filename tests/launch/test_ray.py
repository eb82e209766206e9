"""Workers on the nodes of a cluster: shares, movements, losses, a wish to stop."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

from fivefold.launch.ray_cluster import RayCluster
from fivefold.launch.supplies import Supplies
from fivefold.launch.where import where
from fivefold.plumbing.errors import OptionError, RunError
from tests.launch.listening import RECIPE, Listener, orders

ROWS = b"rows in two chunks"


@pytest.fixture
def supplies(tmp_path, monkeypatch):
    """What pretended work needs; its rows are read at their own path."""

    def make(*, opener="tests.launch.pretend_work:open_site", seen=True, key="k"):
        rows = tmp_path / "rows"
        rows.write_bytes(ROWS)
        monkeypatch.chdir(tmp_path)
        return Supplies(
            opener=opener,
            records={"gather/dataset.json": b"{}"},
            # A node works in another folder, where nothing of that name lies.
            rows=rows if seen else Path(rows.name),
            key=key,
            size=len(ROWS),
            chunks=lambda: iter((ROWS[:7], ROWS[7:])),
        )

    return make


@pytest.fixture
def hire(nodes, supplies, tmp_path):
    """Make a launcher on the cluster; it is closed at the end."""
    made = []

    def make(nets, cpus=1.0, gpus=0.0, goods=None):
        at = where(nodes.address, cpus, gpus)
        said = []
        launcher = RayCluster(at, goods or supplies(), tmp_path, nets=nets, say=said.append)
        launcher.said = said
        made.append(launcher)
        return launcher

    def fire(launcher):
        made.remove(launcher)
        launcher.close()

    make.fire = fire
    yield make
    for launcher in made:
        launcher.close()


def facts(foreman):
    """What the workers told of themselves, by order."""
    return {title: ast.literal_eval(note) for title, _, note in foreman.ticks}


def test_orders_are_carried_out_on_several_nodes_and_results_come_back(hire, tmp_path):
    launcher, foreman = hire(4), Listener()
    assert launcher.slots == 4
    launcher.run(orders("a", 8), foreman)
    assert foreman.heard == {f"a/{i}": "done" for i in range(8)}
    told = facts(foreman)["a/0"]
    assert told["copy"] is None
    assert told["records"] == ["dataset.json"]
    assert {f.name for f in (tmp_path / "a").iterdir()} == {
        f"{i}.{end}" for i in range(8) for end in ("json", "weights")
    }
    assert (tmp_path / "a" / "0.weights").stat().st_size == 300_000


@pytest.mark.parametrize(("cpus", "workers"), [(1.0, 4), (2.0, 2)])
def test_every_net_gets_the_cores_it_asks_for(hire, cpus, workers):
    launcher = hire(6, cpus=cpus)
    speed = launcher.rows_per_second(RECIPE, seconds=1.0)
    assert launcher.slots == workers
    assert speed == 100.0 * workers
    assert launcher.said == [
        f"ray: {workers} workers on 2 machines, {cpus:g} core{'s' * (cpus != 1)} each; "
        "rows: read at their own path on 2"
    ]


@pytest.mark.parametrize(("gpus", "cpus", "workers"), [(1.0, 1.0, 2), (0.5, 0.5, 4)])
def test_gpus_are_given_out_as_asked(hire, gpus, cpus, workers):
    launcher, foreman = hire(6, cpus=cpus, gpus=gpus), Listener(stop_after=workers)
    assert launcher.slots == workers
    launcher.run(orders("waits", workers), foreman)
    told = facts(foreman).values()
    assert len(told) == workers
    assert len({one["node"] for one in told}) == 1  # the one that has GPUs
    assert {one["gpu"] for one in told} == {"0", "1"}


def test_a_share_that_no_machine_has_is_refused(hire):
    with pytest.raises(OptionError, match="largest machine gives 2 cores"):
        hire(2, cpus=3.0)


def test_rows_that_a_machine_does_not_see_are_sent_once(hire, supplies, nodes):
    goods = supplies(seen=False)
    launcher, foreman = hire(4, goods=goods), Listener()
    launcher.rows_per_second(RECIPE, seconds=1.0)
    launcher.run(orders("a", 1), foreman)
    assert "rows: 18 bytes sent to 1" in launcher.said[0]  # both nodes have one disk
    assert facts(foreman)["a/0"]["copy"] == ROWS.decode()
    assert (nodes.cache / "cluster" / goods.key).read_bytes() == ROWS
    hire.fire(launcher)
    again = hire(2, goods=goods)
    again.rows_per_second(RECIPE, seconds=1.0)
    assert "rows: there from before on" in again.said[0]


def test_a_killed_worker_is_replaced_and_its_net_goes_on_from_its_checkpoint(hire, tmp_path, capfd):
    launcher, foreman = hire(2), Listener()
    launcher.run(orders("dies_once", 1) + orders("a", 2) + orders("fails", 1), foreman)
    assert foreman.heard == {
        "dies_once/0": "done",
        "a/0": "done",
        "a/1": "done",
        "fails/0": "ValueError: no luck",
    }
    ((title, why),) = foreman.again
    assert title == "dies_once/0"
    assert "its worker on" in why
    assert (tmp_path / "dies_once" / "0.json").read_text() != '""'  # what the first one had begun
    assert not (tmp_path / "dies_once" / "0.checkpoint").exists()
    hire.fire(launcher)
    assert capfd.readouterr() == ("", "")  # Ray keeps its thoughts on the death to itself


def test_a_net_that_always_costs_its_worker_is_given_up(hire):
    launcher, foreman = hire(2), Listener()
    launcher.run(orders("dies", 1) + orders("a", 1), foreman)
    assert "was lost" in foreman.heard["dies/0"]
    assert foreman.heard["a/0"] == "done"
    assert len(foreman.again) == RayCluster.tries - 1


def test_a_killed_machine_costs_what_came_after_the_last_checkpoint(hire, nodes, tmp_path):
    launcher = hire(2)

    class Killer(Listener):
        def stop(self):
            if (tmp_path / "waits_once" / "0.checkpoint").exists() and not self.again:
                node = facts(self)["waits_once/0"]["node"]
                if node not in gone:
                    gone.append(node)
                    nodes.kill(node)
            return False

    gone, foreman = [], Killer()
    launcher.run(orders("waits_once", 1), foreman)
    nodes.add(cpus=2, gpus=2)
    assert foreman.heard == {"waits_once/0": "done"}
    assert len(foreman.again) == 1
    assert (tmp_path / "waits_once" / "0.json").read_text() == f'"{gone[0]} "'


def test_a_wish_to_stop_reaches_every_worker(hire):
    foreman = Listener(stop_after=2)
    hire(2).run(orders("waits", 2), foreman)
    assert foreman.heard == {"waits/0": "done", "waits/1": "done"}


def test_workers_that_cannot_open_the_site_are_one_clear_error(hire, supplies):
    launcher = hire(2, goods=supplies(opener="tests.launch.pretend_work:nothing"))
    with pytest.raises(RunError, match="nothing"):
        launcher.rows_per_second(RECIPE, seconds=1.0)
    foreman = Listener()
    launcher.run(orders("a", 1), foreman)
    assert "nothing" in foreman.heard["a/0"]


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_no_cluster_is_one_clear_error(supplies, tmp_path):
    with pytest.raises(RunError, match=r"no Ray cluster at 127\.0\.0\.1:1"):
        RayCluster(where("ray:127.0.0.1:1", None, None), supplies(), tmp_path, nets=1)
