"""What the disk refuses is one clear line, with a hint that fits."""

import errno

import pytest

import fivefold
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.run_folder import writing


@pytest.mark.parametrize(
    ("cause", "hint"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "run/a"),
            "give another place with --out",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "cache/a"), "same command"),
    ],
)
def test_a_refusal_of_the_disk_has_a_hint_that_fits(tmp_path, cause, hint):
    with pytest.raises(RunError) as error, writing(tmp_path):
        raise cause
    assert cause.filename in error.value.found
    assert hint in error.value.hint


@pytest.mark.parametrize("inner", ["run", ".run.0a1b2c3d", ""])
def test_a_place_that_holds_no_files_is_no_file_that_is_gone(tmp_path, inner):
    """`/proc` says of a folder to be made that there is none."""
    place = tmp_path / "proc" / "run"
    where = str(place.parent / inner) if inner else None
    cause = FileNotFoundError(errno.ENOENT, "No such file or directory", where)
    with pytest.raises(RunError) as error, writing(place):
        raise cause
    assert error.value.found.endswith("cannot be made there")
    assert "folder that can be written" in error.value.wanted
    assert "another place with --out" in error.value.hint


def test_data_that_are_gone_are_told_also_where_nothing_was_written_yet(tmp_path):
    cause = FileNotFoundError(errno.ENOENT, "No such file or directory", "/photos/a/b.png")
    with pytest.raises(RunError, match="same command"), writing(tmp_path / "new"):
        raise cause


@pytest.mark.parametrize("resume", [False, True])
def test_a_name_that_is_too_long_is_one_clear_error(tmp_path, monkeypatch, resume):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match="another place with --out"):
        fivefold.win(out="a" * 300, budget=30, resume=resume)
