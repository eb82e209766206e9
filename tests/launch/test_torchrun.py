"""`torchrun -m fivefold win` as a user starts it: asked to stop, resumed, killed, resumed alone."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

REPOSITORY = Path(__file__).parents[2]
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m")


class Job:
    """A command in a folder; what it tells goes to a file."""

    def __init__(self, folder, *words):
        self.run, self.told = folder / "runs" / "photos", folder / "told.txt"
        env = {k: v for k, v in os.environ.items() if not k.startswith("FIVEFOLD")}
        env |= {"FIVEFOLD_CACHE": str(folder / "cache"), "PYTHONPATH": str(REPOSITORY)}
        with self.told.open("wb") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words, "photos", "--nets", "1", "--net", "fully_connected"],
                cwd=folder,
                env=env,
                stdout=subprocess.PIPE,
                stderr=told,
                encoding="utf-8",
            )

    def wait_until_it_trains(self):
        """Wait until the plan is told; the command must not end before."""
        deadline = time.monotonic() + 200
        while "plan: 1 x" not in self.told.read_text():
            assert self.process.poll() is None, self.told.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def pid_of(self, rank):
        """The process of a rank, among those that torchrun began."""
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                environment = (folder / "environ").read_bytes().split(b"\0")
                if parent == self.process.pid and f"RANK={rank}".encode() in environment:
                    return int(folder.name)
        raise AssertionError

    def end(self):
        """(stdout, stderr) after the end."""
        said, _ = self.process.communicate(timeout=200)
        return said, self.told.read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with `photos/`: tinted clouds in two classes."""
    folder = tmp_path_factory.mktemp("torchrun")
    rng = np.random.default_rng(0)
    for number, name in enumerate(("blue", "red")):
        (folder / "photos" / name).mkdir(parents=True)
        for i in range(40):
            clouds = rng.integers(0, 190, (5, 5, 3), np.uint8)
            clouds[..., 2 - 2 * number] += 60
            picture = PIL.Image.fromarray(clouds).resize((16, 16), PIL.Image.Resampling.BICUBIC)
            picture.save(folder / "photos" / name / f"{i:03d}.png")
    return folder


def fold(run):
    """What stands in a run of its only net."""
    (file,) = run.glob("train/*/0.json")
    return json.loads(file.read_text())["fold"]


def test_stopped_politely_resumed_killed_and_resumed_by_one_process(folder):
    job = Job(folder, *TORCHRUN, "fivefold", "win", "--budget", "10m")
    job.wait_until_it_trains()
    job.process.send_signal(signal.SIGINT)
    said, told = job.end()
    assert said.count("report: ") == told.count("fivefold 0.") == 1  # the other process is silent
    report = json.loads((job.run / "report.json").read_text())
    assert any("was interrupted after" in line for line in report["degraded"])
    begun = fold(job.run)["curve"]
    files = {file.name for file in job.run.glob("train/fully_connected-1/*")}
    kinds = ("checkpoint", "json", "safetensors", "weights.safetensors")
    assert files == {f"0.{kind}" for kind in kinds}

    job = Job(folder, *TORCHRUN, "fivefold", "win", "--budget", "10m", "--resume")
    job.wait_until_it_trains()
    os.kill(job.pid_of(1), signal.SIGKILL)
    said, told = job.end()
    assert job.process.returncode != 0
    assert not said
    assert told.count("found: process 1 of 2 (from 0 on) does not answer any more\n") == 1
    assert told.count("hint: the same command with --resume goes on from here\n") == 1

    # Time enough for the last sitting, however much a slow machine needed for the others.
    used = json.loads((job.run / "run.json").read_text())["used_s"]
    job = Job(folder, "fivefold", "win", "--budget", f"{used + 40:.0f}s", "--resume")
    said, told = job.end()
    assert job.process.returncode == 0, told
    assert "report: " in said
    whole = fold(job.run)
    assert whole["curve"][: len(begun)] == begun
    assert not list(job.run.glob("train/*/0.checkpoint"))
