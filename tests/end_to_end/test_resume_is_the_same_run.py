"""A resumed run is the run that was begun: other options would seal other rows."""

import pytest

import fivefold
from fivefold.beginning import facts
from fivefold.contracts.options import Options
from fivefold.plumbing.run_folder import RunFolder


@pytest.mark.parametrize("change", [{"seed": 1}, {"label": "other"}, {"metric": "log_loss"}])
def test_other_options_are_refused(tmp_path, change):
    RunFolder.begin(tmp_path / "run", facts(None, Options(budget=60.0))).release()
    with pytest.raises(fivefold.OptionError, match="leave out --resume"):
        fivefold.win(budget=60, out=tmp_path / "run", resume=True, **change)


@pytest.mark.parametrize("seed", [-1, -100])
def test_seeds_below_zero_are_refused(tmp_path, seed):
    with pytest.raises(fivefold.OptionError, match="--seed"):
        fivefold.win(budget=60, out=tmp_path / "run", seed=seed)
    assert not (tmp_path / "run").exists()
