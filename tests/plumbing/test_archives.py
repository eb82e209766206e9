"""Archives as sources: good members are used, every other one is listed with a true reason."""

from __future__ import annotations

import io
import os
import shutil
import struct
import tarfile
import zipfile

import pytest

from fivefold.plumbing import archives
from fivefold.plumbing.archives import ArchiveSource, Limits
from fivefold.plumbing.errors import BadItem, DataError, RunError
from fivefold.plumbing.sources import open_source

FILES = {"top/a/1.png": b"one" * 500, "top/b/2.png": os.urandom(3000), "top/readme": b"x"}


def pack_tar(path, files=FILES, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, raw in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return path


def pack_zip(path, files=FILES, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return path


def below(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("name", "mode"),
    [("x.zip", None), ("x.tar", "w"), ("x.tgz", "w:gz"), ("x.tar.xz", "w:xz"), ("x.bin", "w:bz2")],
)
def test_every_packing_gives_the_same_files(tmp_path, name, mode):
    path = pack_tar(tmp_path / name, mode=mode) if mode else pack_zip(tmp_path / name)
    shares = []
    source = open_source(path, tmp_path / "scratch", tick=shares.append)
    assert isinstance(source, ArchiveSource)
    assert {name: source.read(name) for name in source.names()} == FILES
    assert source.names() == tuple(sorted(FILES))
    assert source.unreadable == ()
    assert source.head("top/a/1.png", 3) == b"one"
    assert shares
    assert all(0 <= share <= 1 for share in shares)
    with pytest.raises(BadItem, match="not in the archive"):
        source.read("top")


def test_an_unchanged_archive_is_unpacked_once(tmp_path, monkeypatch):
    path = pack_zip(tmp_path / "x.zip")
    first = ArchiveSource(path, tmp_path / "scratch")
    monkeypatch.setattr(ArchiveSource, "_spool", lambda *_: pytest.fail("unpacked again"))
    again = ArchiveSource(path, tmp_path / "scratch")
    assert again.names() == first.names()
    assert again.stamp() == first.stamp()


def test_a_changed_archive_or_a_half_written_one_is_unpacked_again(tmp_path):
    path = pack_zip(tmp_path / "x.zip")
    stamp = ArchiveSource(path, tmp_path / "scratch").stamp()
    for index in (tmp_path / "scratch").glob("*.json"):
        index.unlink()  # as after a kill between blob and index
    assert ArchiveSource(path, tmp_path / "scratch").names() == tuple(sorted(FILES))
    pack_zip(path, {"other": b"1"})
    changed = ArchiveSource(path, tmp_path / "scratch")
    assert changed.names() == ("other",)
    assert changed.stamp() != stamp


def test_paths_that_lead_out_are_refused_and_nothing_is_written_by_name(tmp_path):
    evil = {"../evil": b"1", "/abs": b"2", "C:\\win": b"3", "a/../../evil": b"4", "good": b"5"}
    for path in (pack_zip(tmp_path / "x.zip", evil), pack_tar(tmp_path / "x.tar", evil)):
        before = below(tmp_path)
        source = ArchiveSource(path, tmp_path / "scratch")
        assert source.names() == ("good",)
        assert len(source.unreadable) == 4
        assert all(reason.startswith("has a") for _, reason in source.unreadable)
        new = below(tmp_path) - before
        assert len(new) == 2
        assert all(p.parent == tmp_path / "scratch" for p in new)


def test_links_devices_and_empty_members_are_refused(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        # Type letters of the format: file, hard link, soft link, device, folder, pipe.
        for name, kind in zip(
            ("empty", "hard", "sym", "dev", "dir", "fifo"), "012356", strict=True
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind.encode(), "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("good")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"1"))
    source = ArchiveSource(tmp_path / "x.tar", tmp_path / "scratch")
    reasons = dict(source.unreadable)
    assert source.names() == ("good",)
    assert reasons.pop("empty") == "is empty (0 bytes)"
    assert reasons.keys() == {"sym", "hard", "fifo", "dev"}
    assert set(reasons.values()) == {"is a link or a special file in the archive"}


def test_zip_links_and_encrypted_members_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("secret", b"x" * 20)
        archive.writestr("good", b"y" * 20)
    raw = bytearray((tmp_path / "x.zip").read_bytes())
    entry = raw.index(b"secret", raw.index(b"PK\x01\x02")) - 46
    raw[entry + 8] |= 1
    (tmp_path / "x.zip").write_bytes(raw)
    source = ArchiveSource(tmp_path / "x.zip", tmp_path / "scratch")
    assert source.names() == ("good",)
    assert dict(source.unreadable) == {
        "link": "is a link or a special file in the archive",
        "secret": "is encrypted",
    }


def test_a_member_with_a_wrong_checksum_is_set_aside(tmp_path):
    path = pack_zip(tmp_path / "x.zip", {"bad": b"a" * 99, "good": b"b" * 99}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"a" * 99, b"a" * 98 + b"c", 1))
    source = ArchiveSource(path, tmp_path / "scratch")
    assert source.names() == ("good",)
    assert source.read("good") == b"b" * 99
    (only,) = source.unreadable
    assert only[0] == "bad"
    assert "crc" in only[1]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_what_lies_before_the_end_of_a_truncated_tar_is_used(tmp_path, mode):
    files = {f"a/{i:03d}": os.urandom(5000) for i in range(400)}
    path = pack_tar(tmp_path / "x", files, mode)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = ArchiveSource(path, tmp_path / "scratch")
    assert 50 < len(source.names()) < 250
    assert all(source.read(name) == files[name] for name in source.names())
    assert source.unreadable
    assert any("cut off" in reason for _, reason in source.unreadable)


def test_damage_between_members_is_told(tmp_path):
    path = pack_tar(tmp_path / "x.tar", {"a": b"1" * 512, "b": b"2" * 512, "c": b"3" * 512})
    raw = bytearray(path.read_bytes())
    raw[1024:1536] = b"\xff" * 512
    path.write_bytes(raw)
    source = ArchiveSource(path, tmp_path / "scratch")
    assert source.names() == ("a",)
    assert source.unreadable == (
        ("x.tar", "the archive is damaged or cut off after a (the mark at its end is missing)"),
    )


def test_the_later_of_two_equal_names_is_used(tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for raw in (b"old", b"new!"):
            info = tarfile.TarInfo("./same")
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    source = ArchiveSource(tmp_path / "x.tar", tmp_path / "scratch")
    assert source.read("same") == b"new!"
    assert source.unreadable == (("same", "stands twice in the archive; the later one is used"),)


def test_names_in_any_encoding(tmp_path):
    pack_tar(tmp_path / "x.tar", {"caf\udce9": b"1", "new\nline": b"2"})
    assert set(ArchiveSource(tmp_path / "x.tar", tmp_path / "s").names()) == {
        "caf\udce9", "new\nline",
    }  # fmt: skip
    # UTF-8 bytes without the UTF-8 flag, as many packers write them.
    path = pack_zip(tmp_path / "x.zip", {"katze": b"1"})
    path.write_bytes(path.read_bytes().replace(b"katze", "kätz".encode()))
    assert ArchiveSource(path, tmp_path / "s").names() == ("kätz",)


def test_limits(tmp_path):
    zeros = pack_tar(tmp_path / "x.tgz", {"a": bytes(3 << 20), "b": bytes(3 << 20)}, "w:gz")
    zipped = pack_zip(tmp_path / "x.zip", {"a": bytes(3 << 20), "b": bytes(3 << 20)})
    for path in (zeros, zipped):
        for limits, words in (
            (Limits(total=4 << 20), "more than 4.0 MiB"),
            (Limits(ratio=100, ratio_from=1 << 20), "more than 100 times its own size"),
            (Limits(members=1), "more than 1 members"),
        ):
            with pytest.raises(DataError, match=words):
                ArchiveSource(path, tmp_path / "scratch", limits=limits)
        assert below(tmp_path / "scratch") == set()
    with pytest.raises(DataError, match=r"a is 3.0 MiB, above the limit of 1.0 MiB"):
        ArchiveSource(zeros, tmp_path / "scratch", limits=Limits(item=1 << 20))


def test_a_header_that_claims_gigabytes_is_not_believed(tmp_path):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 4 << 30
    good = tarfile.TarInfo("good")
    good.size = 1
    raw = good.tobuf() + b"1".ljust(512, b"\0") + header.tobuf() + bytes(4096)
    (tmp_path / "x.tar").write_bytes(raw)
    source = ArchiveSource(tmp_path / "x.tar", tmp_path / "scratch")
    assert source.names() == ("good",)
    assert "a header of 4.0 gib" in source.unreadable[0][1]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    path = pack_tar(tmp_path / "x.tar", {"a": bytes(2 << 20)})
    usage = shutil.disk_usage(tmp_path)
    for free, words in ((1 << 20, "0 bytes of room"), ((1 << 30) + (1 << 20), "1.0 MiB of room")):
        monkeypatch.setattr(
            archives.shutil, "disk_usage", lambda _, free=free: usage._replace(free=free)
        )
        with pytest.raises(RunError, match=words):
            ArchiveSource(path, tmp_path / "scratch")
    assert below(tmp_path / "scratch") == set()


def test_the_disk_fills_up_while_unpacking(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives._Spool, "_copy", full)
    with pytest.raises(RunError, match="of room in"):
        ArchiveSource(pack_tar(tmp_path / "x.tar"), tmp_path / "scratch")
    assert below(tmp_path / "scratch") == set()


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("x.zip", b"PK\x03\x04" + bytes(100)),
        ("x.zip", b"no zip at all"),
        ("x.tar", b"no tar at all" * 100),
        ("x.tar.gz", b"\x1f\x8bno gzip at all"),
        ("x.tar.xz", b"\xfd7zXZ\0" + bytes(50)),
        ("x.zip", struct.pack("<4s18x", b"PK\x05\x06")),
        ("x.tar", bytes(10240)),
    ],
)
def test_an_archive_without_a_usable_member(tmp_path, name, raw):
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError) as caught:
        open_source(tmp_path / name, tmp_path / "scratch")
    assert name in caught.value.found


def test_every_bad_archive_ends_well(tmp_path, shared_data):
    evil = below(tmp_path.parent)
    outcomes = {}
    for path in sorted((shared_data / "bad_inputs" / "archive").iterdir()):
        try:
            source = open_source(path, tmp_path / "scratch")
            outcomes[path.name[:9]] = (source.names(), bool(source.unreadable))
        except DataError:
            outcomes[path.name[:9]] = "refused"
    assert outcomes == {
        "End_of_ce": "refused",
        "absolute_": (("b.txt",), True),
        "compresse": (("a.txt", "b.txt"), False),
        "file_data": (("b.txt",), True),
        "invalid_c": (("b.txt",), True),
        "invalid_l": (("a.txt",), True),
        "zip-slip.": (("good.txt",), True),
    }
    new = below(tmp_path.parent) - evil
    assert all(path.parent == tmp_path / "scratch" for path in new)
