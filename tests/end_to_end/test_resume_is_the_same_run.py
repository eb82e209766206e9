"""A resumed run is the run that was begun: other options would seal other rows."""

import os

import pytest

import fivefold
from fivefold.beginning import facts, run_folder
from fivefold.contracts.options import Options
from fivefold.plumbing.run_folder import RunFolder, default_path
from fivefold.preparation import look, preview


@pytest.mark.parametrize("change", [{"seed": 1}, {"label": "other"}, {"metric": "log_loss"}])
def test_other_options_are_refused(tmp_path, change):
    RunFolder.begin(tmp_path / "run", facts(None, Options(budget=60.0))).release()
    with pytest.raises(fivefold.OptionError, match="leave out --resume"):
        fivefold.win(budget=60, out=tmp_path / "run", resume=True, **change)


def test_the_run_of_the_same_data_and_options_goes_on(tmp_path, monkeypatch, capsys):
    """The newest folder of that name may be of other data, or of another seed."""
    monkeypatch.setenv("FIVEFOLD_RUNS", str(tmp_path / "runs"))
    for number, (folder, seed) in enumerate([("a", 0), ("a", 1), ("b", 0)]):
        data = tmp_path / folder / "train"
        begun = facts(data, Options(budget=60.0, seed=seed))
        run = RunFolder.begin(default_path("train"), begun)
        run.release()
        os.utime(run.path / "run.json", (number, number))

    (tmp_path / "runs" / "train-9").mkdir()
    (tmp_path / "runs" / "train-9" / "run.json").write_text("damaged")

    def resumed(folder, **asked):
        asked = Options(budget=60.0, **asked)
        with run_folder(tmp_path / folder / "train", asked, None, resume=True, say=print) as run:
            return run.path.name

    assert resumed("a") == "train"
    assert resumed("a", seed=1) == "train-2"
    assert resumed("b") == "train-3"
    assert not capsys.readouterr().out
    assert resumed("c") == "train-4"  # nothing of it was begun
    assert "there is no run to go on with at" in capsys.readouterr().out
    with pytest.raises(fivefold.OptionError, match="seed 2 on resuming"):
        resumed("a", seed=2)


@pytest.mark.parametrize("seed", [-1, -100, 2**31])
@pytest.mark.parametrize("command", [fivefold.win, preview, look])
def test_seeds_that_no_generator_takes_are_refused(tmp_path, seed, command):
    with pytest.raises(fivefold.OptionError, match="--seed"):
        command(out=tmp_path / "run", seed=seed)
    assert not (tmp_path / "run").exists()
