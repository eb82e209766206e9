"""The vault is sealed: what lies in it cannot move a number of steps 3 to 5; it is judged once."""

import json

import numpy as np
import pytest

import fivefold
from fivefold import pipeline
from fivefold.plumbing.errors import RunError
from fivefold.win_ import Report


def poison(rows, wanted):
    """Overwrite rows of a decoded cache with noise."""
    shape = (rows.total, *rows.item_shape)
    items = np.memmap(rows.file, dtype=rows.dtype, mode="r+", shape=shape)
    noise = np.random.default_rng(1).integers(0, 256, (len(wanted), *rows.item_shape), np.uint8)
    items[wanted] = noise
    items.flush()


def numbers(learned):
    """Every number that steps 3 to 5 came to."""
    answers = {member.name: member.answers.tobytes() for member in learned.fleet.members}
    scores = {member.name: member.score for member in learned.fleet.members}
    return learned.settings, answers, scores, learned.ensemble


def test_garbage_in_the_vault_moves_no_number(gathered, learn, tmp_path):
    clean = gathered("clean", 40, 40)
    one = numbers(learn(clean.dataset, tmp_path / "one"))
    dirty = gathered("dirty", 40, 40)
    sealed = np.setdiff1d(np.arange(dirty.dataset.rows.total), dirty.dataset.rows.index)
    assert len(sealed) == dirty.vault.size > 0
    poison(dirty.dataset.rows, sealed)
    two = numbers(learn(dirty.dataset, tmp_path / "two"))
    assert one == two
    poison(dirty.dataset.rows, dirty.dataset.rows.index[:8])
    three = numbers(learn(dirty.dataset, tmp_path / "three"))
    assert one[1] != three[1]  # the same noise in eight open rows is felt


def test_a_vault_opens_once(gathered):
    vault = gathered("clean", 10, 40).vault
    vault.open()
    with pytest.raises(RunError, match="looked at once per run"):
        vault.open()


@pytest.fixture
def run(gathered, tmp_path, monkeypatch):
    """A whole run, as short as it gets."""
    gathered("clean", 20, 40)
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    return fivefold.win(tmp_path / "data", budget=1, nets=1, out=tmp_path / "run")


def test_a_done_run_is_not_judged_again(run, tmp_path, monkeypatch):
    def judged(*_, **__):
        raise AssertionError("the vault was opened a second time")

    monkeypatch.setattr(pipeline, "judge_and_report", judged)
    told = []
    monkeypatch.setattr(pipeline.Silence, "say", lambda _, text: told.append(text))
    again = fivefold.win(tmp_path / "data", budget=60, out=run.folder, resume=True, seed=3)
    assert again.report == run.report
    _, stands = told  # what is done follows no other options, and says so
    assert "--budget 1s --seed 0" in stands
    assert "of budget, seed changes nothing; for another run leave out --resume" in stands
    fivefold.win(tmp_path / "data", budget=1, nets=1, out=run.folder, resume=True)
    fivefold.win(tmp_path / "data", out=run.folder, resume=True)  # which says nothing of a budget
    assert len(told) == 4
    assert again.predict([tmp_path / "data" / "a" / "000.png"]) in (["a"], ["b"])


def test_a_report_is_read_back_as_it_was(run):
    back = Report.load(run.folder)
    assert back == run.report
    assert str(back) == str(run.report)


@pytest.mark.parametrize("text", [None, "{"])
def test_a_report_that_is_not_whole_is_one_clear_error(text, run):
    place = run.folder / "report.json"
    place.unlink()
    if text is not None:
        place.write_text(text)
    with pytest.raises(RunError, match="no whole report"):
        Report.load(run.folder)


def test_a_second_look_is_told(run, tmp_path):
    """A run stopped with a report may go on; then its report says that the vault was open."""
    facts = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps(facts | {"status": "interrupted"}))
    again = fivefold.win(tmp_path / "data", budget=1, nets=1, out=run.folder, resume=True)
    (opened,) = facts["vault_opened"]
    told = [line for line in again.report.data["degraded"] if "opened before" in line]
    assert len(told) == 1
    assert opened in told[0]
    assert again.report.data["vault"]["openings"][0] == opened
    assert "opened once" not in again.report.html.read_text("utf-8")
