"""The command line from end to end, each command a process of its own."""

import json
import signal
import time

import pytest
from typer.testing import CliRunner

from fivefold.cli import app

SYSTEMS = {"ensemble", "best_single", "traditional", "chance"}
METRICS = {"accuracy", "balanced_accuracy", "log_loss", "calibration_error"}
PROMISED = {
    "schema": int,
    "problem": dict,
    "budget_s": float,
    "used_s": float,
    "scores": dict,
    "tests": list,
    "members": list,
    "plan": list,
    "quarantine": list,
    "duplicates": list,
    "degraded": list,
    "data": dict,
    "versions": dict,
}


@pytest.fixture(scope="module")
def won(shell):
    """One whole run on class folders; several tests look at it."""
    words = ("--budget", "25s", "--steps", "60", "--nets", "1", "--seed", "3")
    said, told = shell("win", "photos", *words)
    return shell.folder / "runs" / "photos", said, told


def read(folder, name="report.json"):
    return json.loads((folder / name).read_text())


def wait_for(sign, process):
    """Wait until something stands; the process must not end before."""
    deadline = time.monotonic() + 300
    while not sign():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_phase(folder, name):
    """Whether a phase of the run is over."""
    file = folder / "run.json"
    return file.exists() and name in dict(json.loads(file.read_text())["phases"])


def test_win_prints_the_guesses_the_result_and_where_the_report_is(won):
    folder, said, told = won
    for option in ("--input KIND", "--target KIND", "--metric", "--test DATA"):
        assert option in told
    assert told.index("--target KIND") < told.index("gather") < told.index("train")
    assert f"report: {'runs/photos/report.html'}" in said
    assert "predict: fivefold predict runs/photos FILES..." in said
    assert (folder / "report.html").stat().st_size > 10_000
    assert read(folder, "run.json")["status"] == "done"


def test_report_json_keeps_its_promise(won):
    report = read(won[0])
    for key, kind in PROMISED.items():
        assert isinstance(report[key], kind), key
    assert report["schema"] == 1
    assert report["budget_s"] == 25
    assert report["used_s"] > 0
    assert {"ensemble", "traditional", "chance"} <= set(report["scores"]) <= SYSTEMS
    for scores in report["scores"].values():
        assert set(scores) == METRICS
        for interval in scores.values():
            assert set(interval) == {"value", "low", "high"}
            assert interval["low"] <= interval["high"]
    for test in report["tests"]:
        assert set(test) >= {"a", "b", "metric", "difference", "low", "high", "p"}
    assert {"fingerprint", "rows", "vault_rows"} <= set(report["data"])
    assert report["data"]["rows"] + report["data"]["vault_rows"] == 150
    assert {"fivefold", "python", "torch", "numpy"} <= set(report["versions"])
    assert report["scores"]["ensemble"]["accuracy"]["value"] > 0.7  # the pictures are easy
    deep = {member["name"] for member in report["members"] if member["kind"] == "deep"}
    assert ("best_single" in report["scores"]) == bool(deep)


@pytest.mark.usefixtures("won")
def test_predict_answers_one_line_or_one_json_object_per_item(shell):
    files = ["photos/blue/001.png", "photos/red/001.png"]
    said, _ = shell("predict", "runs/photos", *files)
    assert [line.split(":")[0] for line in said.splitlines()] == files
    (shell.folder / "no picture.png").write_text("no picture")
    said, _ = shell("predict", "runs/photos", *files, "no picture.png", "--json", code=1)
    answers = [json.loads(line) for line in said.splitlines()]
    assert [answer["item"] for answer in answers] == [*files, "no picture.png"]
    for answer in answers[:2]:
        assert set(answer) == {"item", "prediction", "probabilities", "sure"}
        assert set(answer["probabilities"]) == {"blue", "green", "red"}
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        best = max(answer["probabilities"], key=answer["probabilities"].get)
        assert answer["prediction"] == best
        assert isinstance(answer["sure"], bool)
    assert answers[2]["prediction"] is None
    assert not answers[2]["sure"]
    assert answers[2]["problem"]


def test_a_second_run_takes_another_folder_and_reuses_the_cache(won, shell):
    caches = sorted(shell.cache.iterdir())
    _, told = shell("win", "photos", "--budget", "1s", "--nets", "1")
    assert "the cache of an earlier run is used" in told
    assert told.index("a budget of 1s is short") < told.index("pick")
    assert sorted(shell.cache.iterdir()) == caches
    second = read(shell.folder / "runs" / "photos-2")
    first = read(won[0])
    assert second["data"]["cache_hit"]
    assert not first["data"]["cache_hit"]
    assert second["data"]["fingerprint"] == first["data"]["fingerprint"]


def test_a_done_run_is_shown_again_and_not_judged_again(won, shell):
    folder, said, _ = won
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    again, told = shell("win", "photos", "--resume", "--out", "runs/photos")
    assert again == said
    assert "nothing is judged again" in told
    assert before == {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.usefixtures("won")
def test_look_shows_the_data_without_training(shell):
    said, _ = shell("look", "photos", "--out", "seen")
    facts = json.loads(said)
    assert facts == read(shell.folder / "seen", "look.json")
    assert (shell.folder / "seen" / "contact_sheet.png").exists()


@pytest.mark.usefixtures("won")
def test_expand_writes_the_preview_sheet_with_reasons(shell):
    said, _ = shell("expand", "photos", "--out", "sheet.png", "--no-mirror")
    assert "mirror 0: " in said
    assert "preview: sheet.png" in said
    assert (shell.folder / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_nets_lists_the_catalog(shell):
    said, _ = shell("nets")
    words = [line.split()[0] for line in said.splitlines()[1:]]
    assert {"convnet", "fully_connected", "overfeat", "resnet"} <= set(words)


def test_help_lists_the_commands(shell):
    said, _ = shell("--help")
    for command in ("win", "look", "expand", "predict", "nets"):
        assert command in said


def test_output_inside_the_data_is_refused(shell, monkeypatch):
    monkeypatch.chdir(shell.folder)
    for word in ("win", "look", "expand"):
        done = CliRunner().invoke(app, [word, "photos", "--out", "photos/out"])
        assert done.exit_code == 2
        assert "hint: give another place with --out" in done.stderr
    assert not (shell.folder / "photos" / "out").exists()


@pytest.mark.usefixtures("won")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_in_training_ends_with_a_report(name, shell):
    folder = shell.folder / name
    process = shell.start("win", "photos", "--budget", "90s", "--nets", "1", "--out", folder)
    wait_for(lambda: has_phase(folder, "plan"), process)
    time.sleep(0.5)
    process.send_signal(signal.Signals[name])
    said, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert "Traceback" not in told
    assert f"{name}: ending with what there is" in told
    assert "report: " in said
    report = read(folder)
    assert any(line.startswith("interrupted after") for line in report["degraded"])
    assert report["used_s"] < 70
    assert (folder / "report.html").exists()
    assert read(folder, "run.json")["status"] == "interrupted"


@pytest.mark.usefixtures("won")
def test_an_interrupted_run_goes_on_and_says_that_the_vault_was_opened_before(shell):
    folder = shell.folder / "goes-on"
    process = shell.start("win", "photos", "--budget", "60s", "--nets", "1", "--out", folder)
    wait_for(lambda: has_phase(folder, "traditional"), process)
    process.send_signal(signal.SIGINT)
    assert "report: " in process.communicate(timeout=300)[0]
    shell("win", "photos", "--budget", "1s", "--nets", "1", "--out", folder, "--resume")
    assert any(line.startswith("the vault was opened before") for line in read(folder)["degraded"])
    assert read(folder, "run.json")["status"] == "done"


@pytest.mark.usefixtures("won")
def test_a_run_killed_in_training_continues_and_finishes(shell):
    folder = shell.folder / "killed"
    words = ("win", "photos", "--nets", "1", "--out", folder)
    process = shell.start(*words, "--budget", "60s")
    wait_for(lambda: has_phase(folder, "plan"), process)
    time.sleep(0.3)
    process.kill()
    process.communicate()
    assert read(folder, "run.json")["status"] == "running"
    assert (folder / "bundle" / "bundle.json").exists()  # usable from early on
    used, plan = read(folder, "run.json")["used_s"], (folder / "train" / "plan.json").read_bytes()
    fitted = (folder / "train" / "traditional.json").stat().st_mtime_ns
    shell(*words, "--budget", f"{used + 10:.0f}s", "--resume")
    assert read(folder, "run.json")["status"] == "done"
    assert read(folder)["used_s"] > used
    assert (folder / "train" / "plan.json").read_bytes() == plan
    assert (folder / "train" / "traditional.json").stat().st_mtime_ns == fitted


def test_a_run_killed_in_gather_continues_and_finishes(shell, write):
    write(shell.folder / "many", per_class=400, classes=("dark", "light"))
    words = ("win", "many", "--budget", "1s", "--nets", "1")
    process = shell.start(*words)
    wait_for(lambda: any(shell.cache.glob(".building-*/*")), process)
    process.kill()
    process.communicate()
    folder = shell.folder / "runs" / "many"
    assert not has_phase(folder, "gather")
    _, told = shell(*words, "--resume")
    assert "the cache of an earlier run is used" not in told
    assert read(folder, "run.json")["status"] == "done"
    assert not (shell.folder / "runs" / "many-2").exists()
    assert read(folder)["data"]["rows"] + read(folder)["data"]["vault_rows"] == 800
