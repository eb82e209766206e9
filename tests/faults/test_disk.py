"""Disks that are full, shut or fail in the middle: one clear line, and what stands is whole."""

import errno
import json
import os
import resource
from contextlib import contextmanager

import pytest
from safetensors import safe_open

import fivefold
from fivefold.plumbing import files
from fivefold.plumbing.errors import RunError


def whole(folder):
    """Every file that stands can be read; give their number."""
    found = [file for file in folder.rglob("*") if file.is_file()]
    for file in found:
        assert not file.name.startswith("."), file
        if file.suffix == ".json":
            json.loads(file.read_text())
        if file.suffix == ".safetensors":
            with safe_open(file, framework="np"):
                pass
    return len(found)


@pytest.fixture
def data(place, write):
    """A folder of pictures that is decoded already."""
    root = write(place / "data", 25)
    fivefold.look("data", out=place / "seen")
    return root


@contextmanager
def full_after(count, monkeypatch):
    """The disk is full once `count` files were written."""
    written = []
    usual = os.fsync

    def fsync(handle):
        if len(written) >= count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(handle)
        usual(handle)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", fsync)
        yield


@contextmanager
def largest_file(size):
    """Every file that grows above `size` bytes is refused by the system itself."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("data")
def test_a_disk_that_is_full_at_once_leaves_nothing(place, refused, monkeypatch):
    before = sorted(place.rglob("*"))
    with full_after(0, monkeypatch):
        assert "No space left on device" in refused("win", "data", "--budget", "1s")
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("count", [3, 10, 20])
@pytest.mark.usefixtures("data")
def test_a_disk_that_fills_up_stops_the_run_and_it_continues(count, place, monkeypatch):
    with full_after(count, monkeypatch), pytest.raises(RunError, match="No space left on device"):
        fivefold.win("data", budget=1, nets=1, out="run")
    assert whole(place / "run") > 0
    fivefold.win("data", budget=1, nets=1, out="run", resume=True)
    assert json.loads((place / "run" / "run.json").read_text())["status"] == "done"


@pytest.mark.parametrize("size", [1_000, 8_000])
@pytest.mark.usefixtures("data")
def test_a_write_that_the_system_refuses_is_one_line(size, place):
    with largest_file(size), pytest.raises(RunError, match="File too large"):
        fivefold.win("data", budget=1, nets=1, out="run")
    assert whole(place / "run") > 0


@pytest.mark.parametrize("command", ["win", "look", "expand"])
@pytest.mark.usefixtures("data")
def test_an_output_below_a_file_is_one_line(command, place, refused):
    (place / "file").touch()
    assert "file" in refused(command, "data", "--out", "file/out.png")


@pytest.mark.parametrize("command", ["win", "look", "expand"])
@pytest.mark.usefixtures("data")
def test_a_read_only_output_is_one_line(command, place, refused, monkeypatch):
    shut = place / "shut"
    shut.mkdir()
    usual = os.mkdir

    def mkdir(path, *rest, **named):  # root may write anywhere, so the lock is played
        if shut in type(shut)(path).absolute().parents:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        usual(path, *rest, **named)

    monkeypatch.setattr(os, "mkdir", mkdir)
    assert "Read-only" in refused(command, "data", "--out", shut / "down" / "out.png")
    assert list(shut.iterdir()) == []


def test_a_read_only_cache_is_one_line(place, write, refused, monkeypatch):
    write(place / "data", 5)
    (place / "file").touch()
    monkeypatch.setenv("FIVEFOLD_CACHE", str(place / "file" / "cache"))
    assert "file/cache" in refused("win", "data", "--budget", "1s")
    assert not (place / "runs").exists()
