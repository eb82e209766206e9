"""A run folder behind an address: what changes goes there, whole, and comes back."""

import math
import shutil
import tempfile
import time
import uuid
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from fivefold.plumbing import mirror as mirrors
from fivefold.plumbing.changes import Changes
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.mirror import Mirror, fetched_bundle, is_url, mirrored


class Shaky(MemoryFileSystem):
    """A store in memory that can be shut, and remembers in which sequence it was written."""

    protocol = "shaky"
    left = math.inf  # files that it takes, gives or removes before it is shut
    error = ConnectionError("nobody answers")
    written: list = []  # noqa: RUF012 - of all instances, as the files are

    def put_file(self, lpath, rpath, **rest):
        self.answer()
        super().put_file(lpath, rpath, **rest)
        Shaky.written.append(rpath.rpartition("/")[2])

    def get_file(self, rpath, lpath, **rest):
        self.answer()
        super().get_file(rpath, lpath, **rest)

    def rm_file(self, path):
        self.answer()
        super().rm_file(path)

    @staticmethod
    def answer():
        if Shaky.left <= 0:
            raise Shaky.error
        Shaky.left -= 1


@pytest.fixture
def shaky(monkeypatch):
    """An address in a store that can be shut."""
    fsspec.register_implementation("shaky", Shaky, clobber=True)
    monkeypatch.setattr(mirrors, "OBJECT_STORES", {"shaky"})
    monkeypatch.setattr(Shaky, "left", math.inf)
    monkeypatch.setattr(Shaky, "written", [])
    return f"shaky://{uuid.uuid4().hex}/run"


@pytest.fixture
def scratches(tmp_path, monkeypatch):
    """Where scratch folders are made."""
    folder = tmp_path / "scratches"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


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


def wait(until):
    """Until something is so, which another thread brings about."""
    deadline = time.monotonic() + 60.0
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.005)


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
    trial, mark = Shaky.written[:2]
    assert trial == mark == mirrors.MARK
    assert Shaky.written[2:] == ["a.safetensors", "z.png", "a.json", "run.json"]
    Shaky.written.clear()
    with mirrored(shaky, resume=True, say=nobody) as folder:
        write(folder, z_png="two")
    assert Shaky.written == [trial, "z.png"]


def test_an_address_that_is_away_for_a_while_loses_nothing(shaky, monkeypatch):
    monkeypatch.setattr(mirrors, "EVERY", 0.02)
    said = []
    with mirrored(shaky, resume=False, say=said.append) as folder:
        Shaky.left = 0
        write(folder, run_json="1")
        wait(lambda: said)
        Shaky.left = math.inf
        wait(lambda: "run.json" in Shaky.written)
    assert len(said) == 1
    assert "nobody answers" in said[0]
    assert listing(shaky) == {"run.json": b"1"}


@pytest.mark.parametrize("changes", [False, True])  # so that it cannot be sent before it goes
def test_what_goes_while_an_address_is_away_goes_there_too(shaky, monkeypatch, changes):
    monkeypatch.setattr(mirrors, "EVERY", 0.02)
    said = []
    with mirrored(shaky, resume=False, say=said.append) as folder:
        write(folder, run_json="1", a="1", b="1")
        wait(lambda: "run.json" in Shaky.written)
        Shaky.left = 0
        if changes:
            write(folder, a="two", b="two")
            wait(lambda: said)
        (folder / "a").unlink()
        (folder / "b").unlink()
        wait(lambda: said)
        time.sleep(5 * mirrors.EVERY)  # it fails several times
        Shaky.left = math.inf
    assert listing(shaky) == {"run.json": b"1"}


def run_into(error, url, say=nobody):
    """A run that ends with an error."""
    with mirrored(url, resume=False, say=say) as folder:
        write(folder, run_json=str(folder))
        raise error


def shut_while_running(url, error=None, say=nobody):
    """A run whose address goes away in the middle."""
    with mirrored(url, resume=False, say=say) as folder:
        write(folder, run_json=str(folder))
        Shaky.left = 0
        if error:
            raise error


def left_here(text):
    """The run in the folder that a text tells of."""
    folder = Path(text.partition(" stands in ")[2].partition(":")[0])
    assert (folder / "run.json").read_text() == str(folder)
    return folder


def test_what_could_not_be_sent_stays_here(shaky, scratches):
    with pytest.raises(RunError, match="nobody answers") as error:
        shut_while_running(shaky)
    assert [left_here(error.value.hint)] == list(scratches.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RunError(found="a", wanted="b", hint="c")])
def test_a_run_that_ends_early_is_sent_and_leaves_nothing_here(url, scratches, error):
    with pytest.raises(type(error)):
        run_into(error, url)
    assert list(scratches.iterdir()) == []
    assert list(listing(url)) == ["run.json"]


@pytest.mark.parametrize("again", [ConnectionError("nobody answers"), KeyboardInterrupt()])
def test_why_a_run_ended_is_not_hidden_by_a_mirror_that_fails(shaky, scratches, monkeypatch, again):
    said = []
    monkeypatch.setattr(Shaky, "error", again)
    with pytest.raises(KeyboardInterrupt):
        shut_while_running(shaky, KeyboardInterrupt(), said.append)
    (text,) = said
    assert shaky in text
    assert [left_here(text)] == list(scratches.iterdir())


@pytest.mark.parametrize("resume", [False, True])
def test_an_address_that_cannot_be_written_is_told_before_anything_is_done(
    shaky, scratches, resume
):
    if resume:
        with mirrored(shaky, resume=False, say=nobody) as folder:
            write(folder, run_json="1")
        shutil.rmtree(folder)
    Shaky.left = 0
    with (
        pytest.raises(RunError, match="nobody answers"),
        mirrored(shaky, resume=resume, say=nobody),
    ):
        raise AssertionError("begun")
    assert list(scratches.iterdir()) == []


def test_what_cannot_be_fetched_leaves_nothing_here(shaky, scratches):
    with mirrored(shaky, resume=False, say=nobody) as folder:
        write(folder, run_json="1", bundle__bundle_json="b")
    shutil.rmtree(folder)
    Shaky.left = 3  # the trial, its removal, and the first file
    with pytest.raises(RunError, match="nobody answers"), mirrored(shaky, resume=True, say=nobody):
        raise AssertionError("begun")
    Shaky.left = 0
    with pytest.raises(RunError, match="nobody answers"):
        fetched_bundle(shaky)
    assert list(scratches.iterdir()) == []


@pytest.mark.usefixtures("scratches")
# The trial, its removal, the mark, a.safetensors, a.json, run.json; then the mark goes.
@pytest.mark.parametrize(
    ("answers", "stands"),
    [(1, "nothing"), (3, "nothing"), (4, "beginning"), (5, "beginning"), (6, "run")],
)
def test_a_first_upload_that_was_cut_short_is_begun_anew(shaky, answers, stands):
    Shaky.left = answers
    with (
        pytest.raises(RunError, match="nobody answers"),
        mirrored(shaky, resume=False, say=nobody) as folder,
    ):
        write(folder, run_json="old", a_safetensors="old", a_json="old")
    Shaky.left = math.inf
    assert Mirror(shaky).stands() == stands
    if stands != "nothing":
        before = listing(shaky)
        with (
            pytest.raises(OptionError, match="is not empty") as error,
            mirrored(shaky, resume=False, say=nobody),
        ):
            raise AssertionError("begun")
        assert "--resume" in error.value.hint
        assert listing(shaky) == before
    with mirrored(shaky, resume=True, say=nobody) as folder:
        assert len(list(folder.iterdir())) == (3 if stands == "run" else 0)
        write(folder, run_json="new", b="new")
    old = {"a.safetensors": b"old", "a.json": b"old"} if stands == "run" else {}
    assert listing(shaky) == {"run.json": b"new", "b": b"new", **old}


def leave(url, **files):
    """Somebody leaves files there."""
    fs, root = fsspec.url_to_fs(url)
    for name, content in files.items():
        place = f"{root}/{name.replace('__', '/').replace('_', '.')}"
        fs.makedirs(place.rpartition("/")[0], exist_ok=True)
        fs.pipe_file(place, content.encode())


def test_folders_that_a_first_upload_left_are_in_nobodys_way(url):
    names = '["report.json", "train/a/0.json", "train/b/0.json"]'
    leave(url, _fivefold=names, train__a__0_json="old", train__b__0_json="old")
    for text in ("1", "2"):
        with mirrored(url, resume=True, say=nobody) as folder:
            assert len(list(folder.iterdir())) == int(text) - 1
            write(folder, run_json=text)
    assert listing(url) == {"run.json": b"2"}


@pytest.mark.parametrize("resume", [False, True])
def test_hidden_files_are_in_nobodys_way(url, resume):
    leave(url, _fivefold="", _git__index="theirs", _0_json="half")
    with mirrored(url, resume=resume, say=nobody) as folder:
        write(folder, run_json="1")
    hidden = {".git/index": b"theirs", ".0.json": b"half"}
    assert listing(url) == {"run.json": b"1", **hidden}


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("mark", [None, "", "5", '["a.json", "run.json"]'])
def test_what_is_somebody_elses_stays_as_it_is(url, mark, resume):
    leave(url, a_json="theirs", photos__b_png="theirs")
    if mark is not None:
        leave(url, _fivefold=mark)
    before = listing(url)
    with (
        pytest.raises(OptionError, match="is not empty") as error,
        mirrored(url, resume=resume, say=nobody),
    ):
        raise AssertionError("begun")
    assert "is no run" in error.value.hint
    assert listing(url) == before


def test_where_nothing_is_renamed_onto_a_file_that_one_goes_first(tmp_path, monkeypatch):
    usual = LocalFileSystem.mv

    def mv(self, path1, path2, **rest):
        assert not Path(path2).exists()
        usual(self, path1, path2, **rest)

    monkeypatch.setattr(mirrors, "NEVER_REPLACE", {"file"})
    monkeypatch.setattr(LocalFileSystem, "mv", mv)
    url = f"file://{tmp_path}/run"
    for text in ("1", "two"):
        with mirrored(url, resume=text != "1", say=nobody) as folder:
            write(folder, run_json=text)
    assert listing(url) == {"run.json": b"two"}


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
    assert changes.look() == ()
    write(tmp_path / "later", a="1", b="1")
    assert changes.look() == ("a", "b")
    changes.forget("b")
    (tmp_path / "later" / "a").unlink()
    assert changes.look() == ("b",)
    assert changes.look() == ()
