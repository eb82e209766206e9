"""Folders and arrays as sources: every odd file gets a true reason, none stops the scan."""

from __future__ import annotations

import os
import socket
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from fivefold.plumbing.errors import BadItem, DataError
from fivefold.plumbing.files import hidden, printable, size_words
from fivefold.plumbing.sources import ArraySource, FolderSource, open_source


def fill(root: Path, **files: bytes) -> Path:
    for name, raw in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return root


def test_names_are_sorted_relative_and_without_litter(tmp_path):
    fill(tmp_path, b__z=b"1", b__a=b"2", a__x=b"3")
    for litter in (".DS_Store", "b/Thumbs.db", "__MACOSX/b/z", "a/.hidden/y"):
        (tmp_path / litter).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / litter).write_bytes(b"litter")
    source = FolderSource(tmp_path)
    assert source.names() == ("a/x", "b/a", "b/z")
    assert source.folders == ("a", "b")
    assert source.read("b/a") == b"2"
    assert source.head("b/a", 0) == b""


def test_names_in_any_encoding(tmp_path):
    odd = [b"caf\xe9.png", b"new\nline.png", b" space .png", "ä漢.png".encode()]
    for name in odd:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    source = FolderSource(tmp_path)
    assert {os.fsencode(name) for name in source.names()} == set(odd)
    assert {source.read(name) for name in source.names()} == set(odd)
    assert all(printable(name).isprintable() for name in source.names())
    assert len(source.stamp()) == 32


def test_linked_folders_are_read_once_and_cycles_end(tmp_path):
    fill(tmp_path, real__x=b"1")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    outside = fill(tmp_path.parent / "outside", y=b"2")
    (tmp_path / "link").symlink_to(outside)
    source = FolderSource(tmp_path)
    assert source.names() == ("link/y", "real/x")
    assert dict(source.unreadable).keys() == {"again", "real/loop"}


def test_special_files_are_named_and_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to("nowhere")
    (tmp_path / "self.png").symlink_to("self.png")
    fill(tmp_path, empty=b"", good=b"x")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        source = FolderSource(tmp_path)
        reasons = {}
        for name in source.names():
            try:
                source.read(name)
            except BadItem as cause:
                reasons[name] = str(cause)
    assert reasons == {
        "pipe.png": "is a named pipe, not a file",
        "gone.png": "is a link to nothing",
        "self.png": "cannot be read (too many levels of symbolic links)",
        "empty": "is empty (0 bytes)",
        "socket": "is a socket, not a file",
    }


def test_read_says_what_is_wrong(tmp_path):
    fill(tmp_path, big=b"12345", folder__x=b"1")
    source = FolderSource(tmp_path, ("big", "folder", "none", "zero\0byte"), limit=4)
    with pytest.raises(BadItem, match="is 5 bytes, above the limit of 4 bytes"):
        source.read("big")
    with pytest.raises(BadItem, match="is a folder, not a file"):
        source.read("folder")
    with pytest.raises(BadItem, match="is not there"):
        source.read("none")
    with pytest.raises(BadItem, match="null byte"):
        source.read("zero\0byte")


def test_no_permission(tmp_path, monkeypatch):
    fill(tmp_path, shut__x=b"1", open__y=b"2")
    scandir, opened = os.scandir, open

    def shut(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    def refuse(path, *arguments, **keywords):
        if str(path).endswith("y"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **keywords)

    monkeypatch.setattr(os, "scandir", shut)
    source = FolderSource(tmp_path)
    assert source.names() == ("open/y",)
    assert source.unreadable == (("shut", "is a folder that may not be read (no permission)"),)
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(BadItem, match="no permission"):
        source.read("open/y")


def test_stamp_follows_content_and_survives_lost_files(tmp_path):
    fill(tmp_path, x=b"1")
    source = FolderSource(tmp_path)
    before = source.stamp()
    assert FolderSource(tmp_path).stamp() == before
    fill(tmp_path, x=b"22")
    changed = source.stamp()
    (tmp_path / "x").unlink()
    assert len({before, changed, source.stamp()}) == 3


def test_arrays():
    items = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    source = ArraySource(items)
    assert source.names() == ("row-000000", "row-000001")
    assert np.array_equal(source.array("row-000001"), items[1])
    assert np.array_equal(np.load(BytesIO(source.read("row-000001"))), items[1])
    assert source.stamp() == ArraySource(items.copy()).stamp()
    assert source.stamp() != ArraySource(items[::-1]).stamp()
    assert source.stamp() != ArraySource(items.reshape(2, 12)).stamp()


@pytest.mark.parametrize(
    ("name", "raw", "found"),
    [
        ("none", None, "is not there"),
        ("zero\0byte", None, "null byte"),
        ("one.png", b"\x89PNG\r\n\x1a\n", "the single file"),
        ("void.zip", b"", "is empty"),
        ("sheet.xlsx", b"PK\x03\x04", "the single file"),
    ],
)
def test_open_source_refuses(tmp_path, name, raw, found):
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=found) as caught:
        open_source(tmp_path / name, tmp_path / "scratch")
    assert caught.value.wanted
    assert caught.value.hint


def test_open_source_of_a_table_offers_only_the_table(tmp_path):
    fill(tmp_path, x=b"1")
    (tmp_path / "labels.csv").write_text("path,label\nx,a\n")
    assert open_source(tmp_path / "labels.csv", tmp_path).names() == ("labels.csv",)


def test_words():
    assert [size_words(n) for n in (5, 1024, 1.5 * 2**30, 2**50)] == [
        "5 bytes", "1.0 KiB", "1.5 GiB", "1024.0 TiB",
    ]  # fmt: skip
    assert hidden("a/.b/c")
    assert not hidden("a/b.c")
