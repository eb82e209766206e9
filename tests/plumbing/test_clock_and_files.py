"""Times are read as people write them; files are whole or not there."""

import os

import numpy as np
import pytest

from fivefold.plumbing.clock import Clock, seconds
from fivefold.plumbing.errors import DataError, OptionError
from fivefold.plumbing.files import atomic, printable, read_arrays, write_arrays, write_json


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), (5, 5), ("0.5m", 30), (" 2 h ", 7200)],
)
def test_budgets(text, wanted):
    assert seconds(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "soon", "-5", "0", "10x", "m", "1h of time", "nan", "1h30", "5 5"]
)
def test_what_is_no_budget(text):
    with pytest.raises(OptionError, match="10m"):
        seconds(text)


def test_the_clock_adds_earlier_sittings():
    clock = Clock(100.0, used=40.0)
    assert 40.0 <= clock.used() < 41.0
    assert 59.0 < clock.left() <= 60.0


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})

    def fail_half_way():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise OSError(28, "disk full")

    with pytest.raises(OSError, match="full"):
        fail_half_way()
    assert path.read_text() == '{\n "old": 1\n}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_arrays_come_back(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3).T, "b": np.float32([np.nan])}
    write_arrays(tmp_path / "x.safetensors", arrays)
    back = read_arrays(tmp_path / "x.safetensors")
    assert np.array_equal(back["a"], arrays["a"])
    assert np.isnan(back["b"]).all()


def test_printable_names():
    assert printable("bl\udcffob\n") == "bl\\xffob\\n"
    assert printable("blüte") == "blüte"


def test_errors_tell_three_things():
    error = DataError(found="a", wanted="b", hint="c")
    assert isinstance(error, ValueError)
    assert str(error) == "found a; wanted b; hint: c"


@pytest.mark.parametrize(("umask", "wanted"), [(0o022, 0o644), (0o077, 0o600)])
def test_files_are_for_whom_the_user_says(tmp_path, umask, wanted):
    """Some libraries write files that their owner alone can read."""
    before = os.umask(umask)
    try:
        with atomic(tmp_path / "weights") as file:
            file.unlink()
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
    finally:
        os.umask(before)
    assert (tmp_path / "weights").stat().st_mode & 0o777 == wanted
