"""SIGINT and SIGTERM in every step: one clear line, and a run that goes on to the same nets."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from signal import SIG_IGN, SIGINT, SIGTERM

import pytest

from fivefold.plumbing.stopper import answering

REPOSITORY = Path(__file__).parents[2]
WORDS = ("win", "data", "--steps", "20", "--nets", "2", "--budget", "6s", "--out")
GOES_ON = "stopped; the same command with --resume goes on from here"


@pytest.fixture(scope="module")
def undisturbed(starter):
    """The weights of a run that nobody disturbs."""
    starter.whole(*WORDS, "whole", cache="cache-whole")
    return weights(starter.folder / "whole")


def weights(folder):
    return [file.read_bytes() for file in sorted((folder / "train").rglob("*.weights.*"))]


def status(folder):
    return json.loads((folder / "run.json").read_text())["status"]


def degraded(folder):
    return json.loads((folder / "report.json").read_text())["degraded"]


def interrupted_while_read(folder, python):
    """`fivefold --help` that gets Ctrl-C while it imports its first library."""
    (folder / "typer.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise ImportError('read on')"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(REPOSITORY)])}
    command = [sys.executable, *python, "--help"]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("way", ["module", "script"])
def test_an_interrupt_while_the_program_is_read_is_one_line(tmp_path, way):
    scripts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["scripts"]
    module, name = scripts["fivefold"].split(":")
    script = ("-c", f"from {module} import {name}; {name}()")
    done = interrupted_while_read(tmp_path, ("-m", "fivefold") if way == "module" else script)
    assert (done.returncode, done.stderr) == (128 + SIGINT, "SIGINT: stopped\n")


def test_who_is_not_to_hear_an_interrupt_reads_on(tmp_path):
    with answering(SIG_IGN):
        done = interrupted_while_read(tmp_path, ("-m", "fivefold"))
    assert "read on" in done.stderr


def test_a_run_that_is_interrupted_in_every_step_ends_with_the_same_nets(starter, undisturbed):
    run = starter.folder / "interrupted"
    early = [("pick", SIGTERM), ("gather", SIGINT), ("decoding", SIGTERM), ("expand", SIGINT)]
    for step, number in early:
        said = starter.whole(
            *WORDS, run, "--resume", code=128 + number, signals=[(step, number)], cache="own"
        )
        assert said.splitlines()[-1] == f"{number.name}: {GOES_ON}"
        assert "Traceback" not in said
        assert status(run) == "interrupted"
        assert [file for file in run.rglob("*") if file.name in {"lock", "report.json"}] == []
        assert list((starter.folder / "own").glob(".building-*")) == []
    late = [("train", SIGTERM), ("convnet-1/0", SIGINT), ("ensemble", SIGTERM), ("win", SIGINT)]
    for step, number in late:
        said = starter.whole(*WORDS, run, "--resume", signals=[(step, number)], cache="own")
        assert f"{number.name}: ending with what there is (once more to stop at once)" in said
        assert "Traceback" not in said
        assert "report: " in said
        assert status(run) == "interrupted"
        assert any(line.startswith("interrupted after") for line in degraded(run))
    starter.whole(*WORDS, run, "--resume", cache="own")
    assert status(run) == "done"
    assert len(undisturbed) == 2
    assert weights(run) == undisturbed


@pytest.mark.parametrize("step", ["traditional", "convnet-1/0", "win"])
@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_second_request_stops_at_once_and_the_run_goes_on(starter, undisturbed, step, number):
    run = f"{step.replace('/', '-')}-{number.name}"
    twice = [(step, number), (step, number)]
    said = starter.whole(*WORDS, run, code=128 + number, signals=twice, cache="cache-whole")
    assert "ending with what there is" in said
    assert said.splitlines()[-1] == f"{number.name}: {GOES_ON}"
    assert "Traceback" not in said
    assert status(starter.folder / run) == "interrupted"
    assert not (starter.folder / run / "report.json").exists()
    if step == "convnet-1/0":
        starter.whole(*WORDS, run, "--resume", cache="cache-whole")
        assert weights(starter.folder / run) == undisturbed
