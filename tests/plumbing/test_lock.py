"""Locks end with whoever holds them, however it ended; what cannot be locked is told."""

import errno
import fcntl
import os
import subprocess
import sys

import numpy as np
import pytest

from fivefold.contracts.rows import Rows
from fivefold.plumbing.building import PREFIX, Building, remove_killed
from fivefold.plumbing.lock import InUse, Lock, abandoned

HOLD = (
    "import sys; from pathlib import Path; from fivefold.plumbing.{module} import {name};"
    "held = {name}(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
)


def holder(path, module="lock", name="Lock"):
    """A process that holds a lock until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(module=module, name=name), path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    return process


def kill(process):
    process.kill()
    process.communicate()


def test_a_lock_keeps_others_out_and_says_who_holds_it(tmp_path):
    lock = Lock(tmp_path / "lock", "process 7 on here")
    with pytest.raises(InUse, match="process 7 on here"):
        Lock(tmp_path / "lock", "process 8")
    lock.release()
    assert list(tmp_path.iterdir()) == []
    Lock(tmp_path / "lock").release()


def test_a_lock_ends_with_its_process_and_leaves_a_file_that_locks_nothing(tmp_path):
    process = holder(tmp_path / "lock")
    with pytest.raises(InUse):
        Lock(tmp_path / "lock")
    assert abandoned(tmp_path / "lock") is False
    kill(process)
    assert abandoned(tmp_path / "lock") is True
    lock = Lock(tmp_path / "lock", "me")
    assert not lock.trouble
    assert (tmp_path / "lock").read_text() == "me"


def test_processes_begun_meanwhile_do_not_inherit_a_lock(tmp_path):
    lock = Lock(tmp_path / "lock")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        os.close(lock._handle)  # as a kill does: nothing is put away
        assert abandoned(tmp_path / "lock") is True
        assert child.poll() is None


def test_a_lock_file_that_its_holder_removed_meanwhile_is_made_anew(tmp_path, monkeypatch):
    first, usual = Lock(tmp_path / "lock"), fcntl.flock
    waited = []

    def slow(handle, how):
        if not waited:
            waited.append(1)
            first.release()  # between our opening of the file and our locking of it
        usual(handle, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    second = Lock(tmp_path / "lock")
    assert waited
    with pytest.raises(InUse):
        Lock(tmp_path / "lock")
    second.release()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF])
def test_where_nothing_can_be_locked_that_is_told(tmp_path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    lock = Lock(tmp_path / "lock")
    assert lock.trouble == os.strerror(code)
    assert abandoned(tmp_path / "lock") is None
    lock.release()


def test_a_folder_that_is_not_there_or_shut_is_told(tmp_path):
    lock = Lock(tmp_path / "nowhere" / "lock")
    assert lock.trouble == "No such file or directory"
    lock.release()
    assert abandoned(tmp_path / "nowhere") is None


def test_a_cache_is_in_use_while_it_is_mapped_and_no_longer(tmp_path):
    np.arange(12, dtype=np.uint8).tofile(tmp_path / "rows.bin")
    rows = Rows(
        file=tmp_path / "rows.bin", dtype="uint8", item_shape=(3,), total=4, index=np.arange(4)
    )
    assert abandoned(rows.file) is True
    assert rows.take(np.array([1])).tolist() == [[3, 4, 5]]
    assert abandoned(rows.file) is False
    from fivefold.contracts import rows as room

    room._map.cache_clear()
    assert abandoned(rows.file) is True


def test_only_what_killed_builders_left_is_removed(tmp_path):
    living, killed = (
        holder(tmp_path, "building", "Building"),
        holder(tmp_path, "building", "Building"),
    )
    kill(killed)
    assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 2
    remove_killed(tmp_path)
    (left,) = tmp_path.glob(f"{PREFIX}*")
    assert abandoned(left / "lock") is False
    kill(living)
    remove_killed(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_built_has_its_place_or_is_gone(tmp_path):
    with Building(tmp_path) as building:
        (building.folder / "a").touch()
        building.move_to(tmp_path / "place")
    with pytest.raises(KeyboardInterrupt), Building(tmp_path) as building:  # noqa: PT012
        (building.folder / "b").touch()
        raise KeyboardInterrupt
    assert [str(f.relative_to(tmp_path)) for f in sorted(tmp_path.rglob("*"))] == [
        "place",
        "place/a",
    ]
