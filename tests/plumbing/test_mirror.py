"""A run folder behind an address: what changes goes there, whole, and comes back."""

import shutil
import uuid
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from fivefold.plumbing import mirror as mirrors
from fivefold.plumbing.changes import Changes
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.mirror import Mirror, fetched_bundle, is_url, mirrored


class Shaky(MemoryFileSystem):
    """A store in memory that can be shut, and remembers in which sequence it was written."""

    protocol = "shaky"
    shut = False
    written: list = []  # noqa: RUF012 - of all instances, as the files are

    def put_file(self, lpath, rpath, **rest):
        if Shaky.shut:
            raise ConnectionError("nobody answers")
        super().put_file(lpath, rpath, **rest)
        Shaky.written.append(rpath.rpartition("/")[2])


@pytest.fixture
def shaky(monkeypatch):
    """An address in a store that can be shut."""
    fsspec.register_implementation("shaky", Shaky, clobber=True)
    monkeypatch.setattr(mirrors, "OBJECT_STORES", {"shaky"})
    monkeypatch.setattr(Shaky, "shut", False)
    monkeypatch.setattr(Shaky, "written", [])
    return f"shaky://{uuid.uuid4().hex}/run"


@pytest.fixture(params=["memory", "file"])
def url(request, tmp_path):
    """An address of a run that is not there yet."""
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}/run"
    return f"file://{tmp_path}/not/yet/run"


def write(folder, **files):
    for name, content in files.items():
        place = folder / name.replace("__", "/").replace("_", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)


def listing(url):
    """What stands there."""
    fs, root = fsspec.url_to_fs(url)
    fs.invalidate_cache()
    return {str(name)[len(root) :].lstrip("/"): fs.cat_file(name) for name in fs.find(root)}


def nobody(_):
    raise AssertionError("nothing to say")


def test_what_changes_stands_there_and_comes_back(url):
    with mirrored(url, resume=False, say=nobody) as folder:
        write(folder, run_json="1", train__a__0_json="1", train__a__0_checkpoint="half")
        write(folder, cache__rows="large", lock="mine")
        (folder / "train" / ".0.json.12345678").write_text("not whole")
    assert listing(url) == {
        "run.json": b"1",
        "train/a/0.json": b"1",
        "train/a/0.checkpoint": b"half",
    }
    with mirrored(url, resume=True, say=nobody) as folder:
        assert (folder / "train" / "a" / "0.checkpoint").read_text() == "half"
        (folder / "train" / "a" / "0.checkpoint").unlink()
        write(folder, run_json="2")
    assert listing(url) == {"run.json": b"2", "train/a/0.json": b"1"}


def test_a_taken_place_is_refused_and_left_alone(url):
    with mirrored(url, resume=False, say=nobody) as folder:
        write(folder, run_json="1")
    with (
        pytest.raises(OptionError, match="is not empty"),
        mirrored(url, resume=False, say=nobody),
    ):
        pass
    assert listing(url) == {"run.json": b"1"}


def test_only_what_changed_is_sent_and_run_json_last(shaky):
    with mirrored(shaky, resume=False, say=nobody) as folder:
        write(folder, run_json="1", a_safetensors="1", a_json="1", z_png="1")
    assert Shaky.written[1:] == ["a.safetensors", "z.png", "a.json", "run.json"]
    Shaky.written.clear()
    with mirrored(shaky, resume=True, say=nobody) as folder:
        write(folder, z_png="two")
    assert Shaky.written[1:] == ["z.png"]  # after the trial


def test_an_address_that_is_away_for_a_while_loses_nothing(shaky, monkeypatch):
    monkeypatch.setattr(mirrors, "EVERY", 0.02)
    said = []
    with mirrored(shaky, resume=False, say=said.append) as folder:
        Shaky.shut = True
        write(folder, run_json="1")
        while not said:
            pass
        Shaky.shut = False
        while "run.json" not in Shaky.written:
            pass
    assert len(said) == 1
    assert "nobody answers" in said[0]
    assert listing(shaky) == {"run.json": b"1"}


def shut_while_running(url, end=None):
    """A run whose address goes away in the middle; gives its folder here."""
    with mirrored(url, resume=False, say=nobody) as folder:
        write(folder, run_json=str(folder))
        Shaky.shut = True
        if end:
            raise end


def test_what_could_not_be_sent_stays_here(shaky):
    with pytest.raises(RunError, match="nobody answers") as error:
        shut_while_running(shaky)
    folder = Path(error.value.hint.partition(" stands in ")[2].partition(":")[0])
    assert (folder / "run.json").read_text() == str(folder)
    shutil.rmtree(folder)


def test_an_address_that_cannot_be_written_is_told_before_anything_is_done(shaky):
    Shaky.shut = True
    with pytest.raises(RunError, match="nobody answers"), mirrored(shaky, resume=False, say=nobody):
        raise AssertionError("begun")


def test_why_a_run_ended_is_not_hidden_by_a_mirror_that_fails(shaky):
    with pytest.raises(KeyboardInterrupt):
        shut_while_running(shaky, KeyboardInterrupt)


def test_a_bundle_is_fetched_from_its_run_or_by_itself(url):
    with mirrored(url, resume=False, say=nobody) as folder:
        write(folder, run_json="1", bundle__bundle_json="b", train__large="large")
    for place in (url, f"{url}/bundle"):
        found = fetched_bundle(place)
        assert [file.name for file in found.iterdir()] == ["bundle.json"]
    assert list(fetched_bundle(f"{url}/train").iterdir()) == []


def test_what_no_package_reads_is_one_line():
    with pytest.raises(OptionError, match="understands"):
        Mirror("nonsense://x")
    with pytest.raises(RunError) as error:
        Mirror("s3://bucket/run")
    assert "s3" in error.value.found
    assert error.value.hint == "pip install s3fs"


@pytest.mark.parametrize(("place", "so"), [("s3://a/b", True), ("runs/a", False), ("C:/a", False)])
def test_an_address_has_a_scheme(place, so):
    assert is_url(place) is so


def test_changes_are_seen_once_and_files_that_could_not_be_sent_again(tmp_path):
    changes = Changes(tmp_path / "later")
    assert changes.look() == ((), ())
    write(tmp_path / "later", a="1", b="1")
    assert changes.look() == (("a", "b"), ())
    changes.forget("b")
    (tmp_path / "later" / "a").unlink()
    assert changes.look() == (("b",), ("a",))
    assert changes.look() == ((), ())
