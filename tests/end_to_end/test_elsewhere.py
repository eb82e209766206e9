"""Runs whose nets are trained on a cluster, and runs that lie behind an address."""

import json
import time
import uuid

import fsspec
import numpy as np
import pytest

import fivefold

# The command line that looks for changes all the time: a short run would be over at the first look.
OFTEN = (
    "-c",
    "from fivefold.cli import main; from fivefold.plumbing import mirror; "
    "mirror.EVERY = 0.02; main()",
)


def test_a_cluster_trains_the_nets_and_ray_itself_says_nothing(shell, nodes, tmp_path):
    url = f"file://{tmp_path}/run"
    words = ("win", "photos", "--budget", "1s", "--steps", "6", "--nets", "2", "--out", url)
    said, told = shell(*words, "--launch", nodes.address, "--member-gpus", "0")
    first, *_ = [line.strip() for line in told.splitlines() if "ray" in line.lower()]
    assert first.startswith("ray: 2 workers on 2 machines, 2 cores each; rows: ")
    assert all(line.startswith((" ", "fivefold")) for line in told.splitlines()), told
    assert said.splitlines()[-2:] == [
        f"report: {url}/report.html",
        f"predict: fivefold predict {url} FILES...",
    ]
    assert len(list((tmp_path / "run" / "train").glob("*/?.weights.safetensors"))) == 2
    report = json.loads((tmp_path / "run" / "report.json").read_text())
    assert "deep" in {member["kind"] for member in report["members"]}
    (judged,) = report["degraded"]  # two nets of five folds
    assert judged.startswith("chosen and calibrated by ")
    answers, _ = shell("predict", url, "photos/blue/001.png")
    assert answers.startswith("photos/blue/001.png: ")


def test_a_killed_run_goes_on_from_its_address(shell, tmp_path):
    url, remote = f"file://{tmp_path}/run", tmp_path / "run"
    words = ("win", "photos", "--budget", "1s", "--steps", "100", "--nets", "1", "--out", url)
    process = shell.start(*words, python=OFTEN)
    deadline = time.monotonic() + 300
    while not (remote / "train" / "plan.json").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.kill()
    process.communicate()
    plan = (remote / "train" / "plan.json").read_bytes()
    assert not (remote / "report.json").exists()
    shell(*words, "--resume")
    assert json.loads((remote / "run.json").read_text())["status"] == "done"
    assert (remote / "train" / "plan.json").read_bytes() == plan
    assert not list(remote.rglob(".*"))


def test_a_run_behind_an_address_is_shown_again_and_predicts(tmp_path, monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = rng.normal(size=(80, 5)).astype(np.float32) + 3 * y[:, None]
    url = f"memory://{uuid.uuid4().hex}/run"
    run = fivefold.win((X, y.astype(str)), budget=1, out=url)
    assert run.place == url
    assert f"report: {url}/report.html" in str(run.report)
    assert not fsspec.url_to_fs(url)[0].exists(f"{url}/cache")  # decoded arrays are left here
    again = fivefold.win((X, y.astype(str)), budget=1, out=url, resume=True)
    assert again.report.data == run.report.data
    assert fivefold.load(url).predict(X[:4]) == run.predict(X[:4])
    with pytest.raises(fivefold.OptionError, match="is not empty"):
        fivefold.win((X, y.astype(str)), budget=1, out=url)
