"""kill -9 at any moment of a run: it goes on, and its nets end in the very same bits."""

import json
import random
from itertools import pairwise

import pytest
from starts import STAGES, stages_seen

KILLS = 20
CHAINS = 4  # runs that the kills are spread over
COMMANDS = {3, 10, 17}  # kills that hit a command line of its own, not a fork
WORDS = ("win", "data", "--steps", "40", "--nets", "2", "--budget", "12s")


@pytest.fixture(scope="module")
def undisturbed(starter):
    """The weights of a run that nobody disturbs, and when each of its stages began."""
    started = starter.fork(*WORDS, "--out", "whole", cache="cache-whole")
    began = {}
    import time

    begin = time.monotonic()
    for stage in STAGES:
        assert started.reach(stage), started.log.read_text()
        began[stage] = time.monotonic() - begin
    assert started.end() == 0, started.log.read_text()
    began["end"] = time.monotonic() - begin
    return weights(starter.folder / "whole"), began


def weights(folder):
    """Name -> bytes of every trained net."""
    found = sorted((folder / "train").glob("*/*.weights.safetensors"))
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


def moments(began):
    """(stage, seconds into it), in order: one in every stage, the others anywhere in the run."""
    draw = random.Random(5)
    times = list(began.items())
    found = []
    for (stage, begin), (_, end) in pairwise(times):
        found.append((stage, draw.random() * (end - begin)))
    first, last = began["pick"], began["end"]
    parts = KILLS - len(found)
    for part in range(parts):
        moment = first + (part + draw.random()) / parts * (last - first)
        stage = [name for name, begin in times if begin <= moment][-1]
        found.append((stage, moment - began[stage]))
    order = list(STAGES)
    return sorted(found, key=lambda one: (order.index(one[0]), one[1]))


def killed(starter, chain, moment, *, command):
    """Go on with a run and kill it at a moment; whether it was still there to be killed."""
    begin = starter.command if command else starter.fork
    words = (*WORDS, "--out", f"chain-{chain}", "--resume")
    started = begin(*words, cache=f"cache-{chain}")
    stage, seconds = moment
    if started.reach(stage):
        started.linger(stage, seconds)
    started.kill()
    code = started.end()  # a run at its very end may be done before the kill reaches it
    assert code in {-9, 0}, started.log.read_text()
    return stages_seen(started.log)[-1] if code else None


def test_runs_killed_again_and_again_end_with_the_same_nets(starter, undisturbed):
    wanted, began = undisturbed
    hits = []
    for number, moment in enumerate(moments(began)):
        command = number in COMMANDS
        hit = killed(starter, number % CHAINS, moment, command=command)
        if hit is None:  # it was over before its time: the run was done, so another one has to be
            earlier = moment[0], moment[1] / 2
            hit = killed(starter, f"more-{number}", earlier, command=command)
        hits.append((*moment, hit))
    assert len([hit for hit in hits if hit[-1]]) == KILLS, hits
    for chain in range(CHAINS):
        out = f"chain-{chain}"
        starter.whole(*WORDS, "--out", out, "--resume", cache=f"cache-{chain}")
        assert weights(starter.folder / out) == wanted, hits
        check_report(starter.folder / out)
        check_tidy(starter.folder / out, starter.folder / f"cache-{chain}")


def check_report(folder):
    """The run is done, and says of every opening of its vault but the last that it was before."""
    run = json.loads((folder / "run.json").read_text())
    report = json.loads((folder / "report.json").read_text())
    assert run["status"] == "done"
    before = [line for line in report["degraded"] if line.startswith("the vault was opened before")]
    assert len(before) == len(run["vault_opened"]) - 1
    judged, ended = [line for line in report["degraded"] if line not in before]
    assert judged.startswith("chosen and calibrated by ")  # two nets of five folds
    assert ended.startswith("the run was ended ")
    assert run["ended_early"] >= 1
    nets = [one for one in report["members"] if one["kind"] == "deep"]
    assert sum(len(one["parts"]) for one in nets) == 2
    assert report["plan"][0]["steps"] == 40


def check_tidy(run, cache):
    """Nothing half written is left, no lock and no checkpoint."""
    names = [file.name for place in (run, cache) for file in place.rglob("*")]
    assert names
    assert [name for name in names if name.startswith(".") or name == "lock"] == []
    assert [name for name in names if name.endswith(".checkpoint")] == []


def test_the_vault_of_a_run_that_was_killed_while_it_judged_was_open_before(starter):
    words = (*WORDS, "--out", "judged", "--resume")
    started = starter.fork(*words, cache="cache-whole")
    assert started.reach("win")
    started.linger("win", 0.3)
    assert started.kill()
    started.end()
    starter.whole(*words, cache="cache-whole")
    run = json.loads((starter.folder / "judged" / "run.json").read_text())
    assert len(run["vault_opened"]) == 2
    check_report(starter.folder / "judged")
