"""Decoders that hang, crash, fill the disk or are killed cost one item or one clear line."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from fivefold import catalog
from fivefold.catalog import Entry
from fivefold.contracts.roles import InputKind
from fivefold.inputs.image import Image
from fivefold.plumbing.errors import BadItem, DataError, RunError
from fivefold.step1_pick.problem import pick
from fivefold.step2_gather import crew, duplicates
from fivefold.step2_gather.gather import gather


class Trapped(InputKind):
    """The image kind, with a decoder that obeys what stands at the end of a file."""

    def __init__(self):
        self.image = Image()

    def recognise(self, name, head):
        return self.image.recognise(name, head)

    def learn(self, samples):
        return self.image.learn(samples)

    def open(self, raw):
        if raw.endswith(b"HANG"):
            time.sleep(600)
        if raw.endswith(b"EXIT"):
            os._exit(7)
        if raw.endswith(b"SEGV"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if raw.endswith(b"KILL"):
            os.kill(os.getpid(), signal.SIGKILL)
        if raw.endswith(b"ODD!"):
            raise ZeroDivisionError("a header of zero")
        if raw.endswith(b"SLOW"):
            time.sleep(0.05)
        return self.image.open(raw)

    def fit(self, item, shape):
        return self.image.fit(item, shape)

    def show(self, item, shape):
        return self.image.show(item, shape)


class FullDisk(Trapped):
    """From the second item on the disk takes nothing more."""

    def fit(self, item, shape):
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
        return super().fit(item, shape)


class Unfit(Trapped):
    """Opens everything and can use nothing."""

    def fit(self, item, shape):  # noqa: ARG002 - the role's form
        raise BadItem("does not fit")


def use(kind, monkeypatch):
    entry = Entry(word="image", place=f"{__name__}:{kind.__name__}")
    monkeypatch.setitem(catalog.INPUTS, "image", entry)


def write_folder(root, per_class=15):
    rng = np.random.default_rng(3)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for i in range(per_class):
            clouds = PIL.Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
            clouds.resize((24, 24), 3).save(root / name / f"{i:03d}.png")
    return root


def mark(path, word):
    with path.open("ab") as file:
        file.write(word)


def run(root, tmp_path, **options):
    picked = pick(root, scratch=tmp_path / "scratch")
    cache = tmp_path / "cache"
    return gather(
        picked.problem, picked.listing, picked.source, cache_root=cache, seed=0, **options
    )


def reasons(gathered):
    return {bad.path: bad.reason for bad in gathered.dataset.quarantine}


def test_an_item_that_hangs_is_set_apart_within_its_time(tmp_path, monkeypatch):
    use(Trapped, monkeypatch)
    root = write_folder(tmp_path / "data")
    mark(root / "cat" / "004.png", b"HANG")
    begin = time.monotonic()
    gathered = run(root, tmp_path, item_seconds=0.5)
    assert time.monotonic() - begin < 15
    assert reasons(gathered) == {"cat/004.png": "takes longer than 0.5 s to decode"}
    assert len(gathered.dataset.targets) + gathered.vault.size == 29


def test_items_that_crash_are_set_apart_and_all_others_decoded(tmp_path, monkeypatch):
    use(Trapped, monkeypatch)
    root = write_folder(tmp_path / "data")
    for name, word in {"cat/000": b"EXIT", "cat/014": b"SEGV", "dog/007": b"KILL"}.items():
        mark(root / f"{name}.png", word)
    gathered = run(root, tmp_path)
    assert reasons(gathered) == {
        "cat/000.png": "ends the decoder (exit code 7)",
        "cat/014.png": "crashes the decoder (SIGSEGV)",
        "dog/007.png": "made the system kill the decoder, most likely for lack of memory",
    }
    for part in (gathered.dataset, gathered.vault.open()):
        for item, name in zip(part.rows.take(slice(None)), part.names, strict=True):
            assert (item == np.asarray(PIL.Image.open(root / name))).all()
    assert len(gathered.dataset.targets) + gathered.vault.size == 27


def test_a_crash_behind_the_sample_loses_no_other_item(tmp_path, monkeypatch):
    """The shape is learned without the crashing items, so decoding itself must survive them."""
    use(Trapped, monkeypatch)
    monkeypatch.setattr(Trapped, "samples", 2)
    root = write_folder(tmp_path / "data")
    mark(root / "cat" / "bad.png", b"not a picture")
    for name in ("cat/003", "cat/004", "dog/014"):
        mark(root / f"{name}.png", b"EXIT")
    gathered = run(root, tmp_path)
    assert set(reasons(gathered)) == {"cat/003.png", "cat/004.png", "dog/014.png", "cat/bad.png"}
    rows = gathered.dataset.rows.take(slice(None))
    assert rows.any(axis=(1, 2, 3)).all()
    assert len(rows) + gathered.vault.size == 27


def test_any_error_of_a_decoder_is_a_reason(tmp_path, monkeypatch):
    use(Trapped, monkeypatch)
    root = write_folder(tmp_path / "data")
    mark(root / "dog" / "002.png", b"ODD!")
    words = "cannot be decoded (ZeroDivisionError: a header of zero)"
    assert reasons(run(root, tmp_path)) == {"dog/002.png": words}


def test_items_that_open_but_never_fit_are_one_line(tmp_path, monkeypatch):
    use(Unfit, monkeypatch)
    root = write_folder(tmp_path / "data")
    with pytest.raises(DataError, match=r"no usable row; 30 cannot be used \(30 x does not fit"):
        run(root, tmp_path)


def test_too_many_crashes_end_the_run_with_one_line(tmp_path, monkeypatch):
    use(Trapped, monkeypatch)
    monkeypatch.setattr(crew, "_MOST_LOST", 2)
    root = write_folder(tmp_path / "data")
    for i in range(3):
        mark(root / "dog" / f"00{i}.png", b"EXIT")
    with pytest.raises(DataError, match="more than 2 items that crash or hang the decoder"):
        run(root, tmp_path)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_kind_that_cannot_be_imported_is_one_line(tmp_path, monkeypatch):
    root = write_folder(tmp_path / "data")
    picked = pick(root, scratch=tmp_path / "scratch")
    use(Trapped, monkeypatch)
    monkeypatch.setattr(crew.Worker, "__init__", started_with(crew.Worker.__init__))
    with pytest.raises(RunError, match="does not start: ModuleNotFoundError: No module named"):
        gather(picked.problem, picked.listing, picked.source, cache_root=tmp_path / "c", seed=0)


def started_with(start):
    def begin(self, _place, *rest):
        start(self, "no_such_module:Kind", *rest)

    return begin


def test_a_disk_that_fills_up_while_writing_leaves_nothing(tmp_path, monkeypatch):
    use(FullDisk, monkeypatch)
    root = write_folder(tmp_path / "data")
    with pytest.raises(RunError) as error:
        run(root, tmp_path)
    assert "File too large" in error.value.found
    assert "free" in error.value.hint
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_interrupt_ends_the_workers_and_leaves_nothing(tmp_path, monkeypatch):
    use(Trapped, monkeypatch)
    root = write_folder(tmp_path / "data")
    mark(root / "dog" / "014.png", b"HANG")
    monkeypatch.setattr(Trapped, "samples", 2)
    hired = []
    start = crew.Worker.__init__

    def remember(self, *args):
        start(self, *args)
        hired.append(self._process)

    monkeypatch.setattr(crew.Worker, "__init__", remember)

    def stop(_share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(root, tmp_path, tick=stop)
    assert hired
    assert all(process.returncode is not None for process in hired)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_build_that_was_killed_leaves_nothing_that_looks_like_a_cache(tmp_path, monkeypatch):
    root = write_folder(tmp_path / "data")
    for file in root.rglob("*.png"):
        mark(file, b"SLOW")
    cache = tmp_path / "cache"
    code = (
        "import sys; from pathlib import Path; import test_gather as t; from fivefold import "
        "catalog; catalog.INPUTS['image'] = t.Entry(word='image', place='test_gather:Trapped'); "
        "t.run(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(root), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": path},
    )
    deadline = time.monotonic() + 30
    while not list(cache.glob(".building-*/cards.bin")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert not list(cache.glob("*/manifest.json"))
    use(Trapped, monkeypatch)
    gathered = run(root, tmp_path)
    assert not gathered.dataset.cache_hit
    assert gathered.dataset.quarantine == ()
    assert gathered.dataset.rows.take(slice(None)).any(axis=(1, 2, 3)).all()


class Folded(Trapped):
    """Pictures whose file ends with the same four bytes are said to show the same."""

    def open(self, raw):
        self.last = raw[-4:]
        return super().open(raw)

    def key(self, item):  # noqa: ARG002 - the role's form
        return self.last if self.last in (b"AAAA", b"BBBB") else None


def test_items_that_a_kind_calls_the_same_are_near_duplicates(tmp_path, monkeypatch):
    use(Folded, monkeypatch)
    monkeypatch.setattr(duplicates, "LIMIT", -1)  # what pictures look like is not asked
    root = write_folder(tmp_path / "data")
    for name in ("cat/000", "cat/001", "dog/003"):
        mark(root / f"{name}.png", b"AAAA")
    mark(root / "dog/004.png", b"BBBB")
    data = run(root, tmp_path).dataset
    found = {(pair.first, pair.second, pair.exact) for pair in data.duplicates}
    assert found == {
        ("cat/000.png", "cat/001.png", False),
        ("cat/000.png", "dog/003.png", False),
    }
