"""Shards: members of one key make one item; damage costs an item, not the shard."""

import io
import tarfile

import pytest

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.shards import Shards, ShardSource, split_name


def write(path, members):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as shard:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            shard.addfile(info, io.BytesIO(data))
    return path


def pair(key, label=b"1", data=b"pixels"):
    return [(f"{key}.jpg", data + key.encode()), (f"{key}.cls", label)]


def test_members_of_one_key_are_one_item(tmp_path):
    write(tmp_path / "a-0.tar", [*pair("0"), *pair("1", b"2")])
    write(tmp_path / "a-1.tar", pair("0"))
    shards = Shards(sorted(tmp_path.iterdir()))
    source = ShardSource(shards, "jpg")
    assert source.names() == ("a-0.tar/0.jpg", "a-0.tar/1.jpg", "a-1.tar/0.jpg")
    assert source.read("a-0.tar/1.jpg") == b"pixels1"
    assert source.head("a-0.tar/1.jpg", 3) == b"pix"
    assert [shards.get(item, "cls") for item in range(3)] == [b"1", b"2", b"1"]
    assert shards.fields == {"jpg": 3, "cls": 3}
    assert shards.unreadable == ()


def test_names_in_any_order_are_found(tmp_path):
    shards = Shards([write(tmp_path / "a.tar", [m for k in "c10b2" for m in pair(k)])])
    source = ShardSource(shards, "jpg")
    assert [source.read(name)[-1:] for name in source.names()] == [b"c", b"1", b"0", b"b", b"2"]
    for name in ("a.tar/9.jpg", "", "z"):
        with pytest.raises(BadItem, match="not in the shards"):
            source.read(name)


def test_shards_of_one_name_in_two_folders_are_told_apart(tmp_path):
    paths = [write(tmp_path / part / "0.tar", pair("0", data=part.encode())) for part in ("a", "b")]
    source = ShardSource(Shards(paths), "jpg")
    assert source.names() == ("a/0.tar/0.jpg", "b/0.tar/0.jpg")
    assert source.read("b/0.tar/0.jpg") == b"b0"


def test_an_item_without_the_field_or_bytes_is_bad(tmp_path):
    members = [("0.cls", b"1"), ("1.jpg", b""), ("1.cls", b"1")]
    source = ShardSource(Shards([write(tmp_path / "a.tar", members)]), "jpg")
    with pytest.raises(BadItem, match=r"has no \.jpg"):
        source.read("a.tar/0.jpg")
    with pytest.raises(BadItem, match="is empty"):
        source.read("a.tar/1.jpg")


def test_a_cut_shard_gives_what_is_whole_and_says_so(tmp_path):
    path = write(tmp_path / "a.tar", [m for key in range(40) for m in pair(str(key + 10))])
    whole = path.read_bytes()
    path.write_bytes(whole[: 30 * 1024 + 700])
    shards = Shards([path])
    source = ShardSource(shards, "jpg")
    assert 10 < len(source.names()) < 40
    assert source.read("a.tar/10.jpg") == b"pixels10"
    path.write_bytes(b"no tar at all" * 100)
    (lost,) = Shards([path]).unreadable
    assert "damaged or cut off" in lost[1]


def test_links_and_litter_are_no_items(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as shard:
        link = tarfile.TarInfo("0.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        shard.addfile(link)
        shard.addfile(tarfile.TarInfo("._1.jpg"))
    shards = Shards([tmp_path / "a.tar"])
    assert len(shards) == 0
    assert shards.unreadable == (("a.tar/0.jpg", "is a link or a special file in the archive"),)


def test_a_key_ends_at_the_first_dot_of_the_file_name():
    assert split_name("a.b/0001.seg.PNG") == ("a.b/0001", "seg.png")
    assert split_name("noise") == ("noise", "")


def test_the_stamp_follows_the_files(tmp_path):
    path = write(tmp_path / "a.tar", pair("0"))
    first = Shards([path]).stamp()
    write(path, [*pair("0"), *pair("1")])
    assert Shards([path]).stamp() != first
