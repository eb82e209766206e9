"""What moves to another machine: proofs that nothing has to, copies that are whole."""

import os
import threading
import time

import numpy as np
import pytest

from fivefold.contracts.rows import Rows
from fivefold.launch import supplies
from fivefold.launch.supplies import copy_of, proof, receive, standing


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of this test alone."""
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("size", [0, 1, 4096, 5000, 3_000_000])
def test_equal_files_have_equal_proofs_and_others_not(size, tmp_path):
    content = os.urandom(size)
    changed = content[:-1] + bytes([content[-1] ^ 1]) if size else b"x"
    (tmp_path / "one").write_bytes(content)
    (tmp_path / "same").write_bytes(content)
    (tmp_path / "longer").write_bytes(content + b"x")
    (tmp_path / "other").write_bytes(changed)
    assert proof(tmp_path / "one") == proof(tmp_path / "same") != ""
    assert proof(tmp_path / "longer") != proof(tmp_path / "one") != proof(tmp_path / "other")
    assert proof(tmp_path / "none") == ""


def test_a_copy_is_written_once():
    assert not standing("key", 6)
    assert receive("key", 6, [b"abc", b"def"])
    assert standing("key", 6)
    assert copy_of("key").read_bytes() == b"abcdef"
    assert not receive("key", 6, [b"ghi", b"jkl"])
    assert copy_of("key").read_bytes() == b"abcdef"


def test_of_two_neighbours_one_writes_and_the_other_waits():
    written = []

    def slow():
        for part in (b"abc", b"def"):
            time.sleep(0.2)
            yield part

    def get():
        written.append(receive("key", 6, slow()))

    threads = [threading.Thread(target=get) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [False, False, True]


def test_a_transfer_that_breaks_leaves_nothing_behind():
    def broken():
        yield b"abc"
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        receive("key", 6, broken())
    assert list(copy_of("key").parent.iterdir()) == []
    assert receive("key", 6, [b"abcdef"])


def test_copies_that_nobody_opened_for_a_day_make_way():
    receive("old", 1, [b"a"])
    receive("used", 1, [b"a"])
    long_ago = time.time() - supplies.KEPT_SECONDS - 1
    for key in ("old", "used"):
        os.utime(copy_of(key), (long_ago, long_ago))
    assert standing("used", 1)
    receive("new", 1, [b"a"])
    assert {file.name for file in copy_of("new").parent.iterdir()} == {"used", "new"}


def test_a_copy_that_is_read_stays_however_old_it_seems():
    receive("read", 2, [b"ab"])
    rows = Rows(file=copy_of("read"), dtype="uint8", item_shape=(), total=2, index=np.arange(2))
    rows.take(slice(0, 1))
    long_ago = time.time() - supplies.KEPT_SECONDS - 1
    os.utime(copy_of("read"), (long_ago, long_ago))
    receive("new", 1, [b"a"])
    assert rows.take(slice(0, 2)).tobytes() == b"ab"
