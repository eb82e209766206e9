"""The decoded cache: reused while the data stand still, whole or not there, bounded in size."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from clouds import picture

from fivefold.inputs.image import Image
from fivefold.plumbing.errors import RunError
from fivefold.step2_gather import crew, fill, room
from fivefold.step2_gather.worker import TimeLimit, decode


@pytest.fixture
def hired(monkeypatch):
    """Counts the decoding processes that were started."""
    count = []
    start = crew.Worker

    def counted(*args):
        count.append(args)
        return start(*args)

    monkeypatch.setattr(crew, "Worker", counted)
    return count


def test_a_second_run_decodes_nothing_and_knows_the_same(make, look, hired):
    root = make({"cat": 12, "dog": 12})
    (root / "cat" / "bad.png").write_text("broken")
    first = look(root, seed=1).dataset
    started = len(hired)
    again = look(root, seed=2).dataset
    assert started > 0
    assert len(hired) == started
    assert (first.cache_hit, again.cache_hit) == (False, True)
    assert again.quarantine == first.quarantine
    assert again.fingerprint == first.fingerprint
    assert again.rows.file == first.rows.file


def test_changed_data_are_decoded_anew(make, look, rng):
    root = make({"cat": 12, "dog": 12})
    first = look(root).dataset
    picture(rng).save(root / "cat" / "0000.png")
    again = look(root).dataset
    assert not again.cache_hit
    assert again.fingerprint != first.fingerprint


def test_another_test_part_is_another_cache(look, tmp_path):
    """What the form of items is learned from are other rows then."""
    lines = [f"{['good', 'bad'][i % 2]},{2000 + i},{'long ' * i} text {i}" for i in range(80)]
    file = tmp_path / "reviews.csv"
    file.write_text("label,year,text\n" + "\n".join(lines))
    whole = look(file).dataset
    assert look(file).dataset.cache_hit
    early = look(file, test="year>=2020").dataset
    assert not early.cache_hit
    assert early.shape != whole.shape


def test_a_damaged_cache_is_made_anew(make, look):
    root = make({"cat": 12, "dog": 12})
    file = look(root).dataset.rows.file
    os.truncate(file, 100)
    again = look(root).dataset
    assert not again.cache_hit
    assert again.rows.take(slice(None)).any(axis=(1, 2, 3)).all()


def test_the_rows_do_not_depend_on_the_number_of_workers(make, look, tmp_path):
    root = make({"cat": 150, "dog": 150}, size=(8, 8))
    one = look(root, workers=1).dataset
    rows = one.rows.take(slice(None))
    shutil.rmtree(tmp_path / "cache")
    two = look(root, workers=2).dataset
    assert (two.rows.take(slice(None)) == rows).all()


def test_progress_ends_at_all(make, look):
    seen = []
    look(make({"cat": 12, "dog": 12}), tick=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_too_little_space_is_said_before_anything_is_written(make, look, monkeypatch, tmp_path):
    root = make({"cat": 12, "dog": 12})
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    with pytest.raises(RunError) as error:
        look(root)
    assert "1.0 MiB free" in error.value.found
    assert "for the decoded cache" in error.value.wanted
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_folder_that_cannot_be_made_is_one_clear_error(make, look, tmp_path):
    root = make({"cat": 12, "dog": 12})
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(RunError, match="a folder that can hold the decoded cache"):
        look(root)


def old_cache(root, name, *, size, days):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "rows.bin").write_bytes(b"\0" * size)
    (folder / "manifest.json").write_text("{}")
    then = folder.stat().st_mtime - days * 86_400
    os.utime(folder / "manifest.json", (then, then))
    return folder


def test_the_least_recently_used_caches_make_room(tmp_path):
    oldest = old_cache(tmp_path, "a", size=1000, days=9)
    older = old_cache(tmp_path, "b", size=1000, days=5)
    kept = old_cache(tmp_path, "c", size=1000, days=2)
    (note,) = room.make_room(tmp_path, needed=1000, limit=2500)
    assert not oldest.exists()
    assert not older.exists()
    assert kept.exists()
    assert "removed 2 old caches of decoded or unpacked data" in note
    assert room.make_room(tmp_path, needed=1000, limit=2500) == ()


def test_unpacked_archives_make_room_as_caches_do(tmp_path):
    blobs = []
    for name, days in (("x", 9), ("y", 2)):
        index, blob = tmp_path / f"archive-{name}.json", tmp_path / f"archive-{name}.blob"
        blob.write_bytes(b"\0" * 1000)
        index.write_text("{}")
        then = index.stat().st_mtime - days * 86_400
        os.utime(index, (then, then))
        blobs.append(blob)
    kept = old_cache(tmp_path, "c", size=1000, days=5)
    assert len(room.make_room(tmp_path, needed=1000, limit=3500)) == 1
    assert [blob.exists() for blob in blobs] == [False, True]
    assert [file.name for file in tmp_path.glob("*.json")] == ["archive-y.json"]
    assert kept.exists()


def test_a_cache_of_today_stays(tmp_path):
    today = old_cache(tmp_path, "a", size=1000, days=0)
    assert room.make_room(tmp_path, needed=1000, limit=10) == ()
    assert today.exists()


def test_what_a_killed_build_left_is_cleared_away_once_it_is_still(tmp_path):
    left = tmp_path / ".building-0123"
    left.mkdir()
    (left / "rows.bin").write_bytes(b"\0" * 100)
    room.make_room(tmp_path, needed=0, limit=10)
    assert left.exists()
    for path in (left / "rows.bin", left):
        os.utime(path, (1, 1))
    room.make_room(tmp_path, needed=0, limit=10)
    assert not left.exists()


def test_workers_load_no_torch():
    code = "import sys, fivefold.step2_gather.worker, fivefold.inputs.image; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "fivefold.inputs.image" in out.stdout.split()
    assert "torch" not in out.stdout.split()


def test_a_full_disk_is_reported_by_the_worker(tmp_path):
    shape = {"item_shape": [4, 4, 3], "dtype": "uint8"}
    for name in ("rows.bin", "cards.bin"):
        (tmp_path / name).symlink_to("/dev/full")
    file = tmp_path / "a.png"
    picture(np.random.default_rng(0), (4, 4)).save(file)
    limit = TimeLimit(10.0)
    task = {"rows": [0], "shape": shape, "folder": str(tmp_path)}
    answers = list(decode(Image(), task, [file.read_bytes()], limit))
    limit.rest()
    assert answers == [{"disk": "No space left on device"}]


def test_python_files_among_the_data_are_not_run(make, look, monkeypatch):
    root = make({"cat": 12, "dog": 12})
    (root / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(root)
    assert len(look(root).dataset.targets) == 19


@pytest.mark.parametrize(
    ("items", "item_bytes", "workers"),
    [(1, 100, 1), (63, 1000, 1), (128, 1000, 2), (10_000, 1000, 4), (10, 3 << 20, 3), (2, 1e9, 2)],
)
def test_as_many_workers_as_are_worth_starting(monkeypatch, items, item_bytes, workers):
    monkeypatch.setattr(fill.os, "sched_getaffinity", lambda _: range(4), raising=False)
    monkeypatch.setattr(fill.sys, "platform", "linux")
    assert fill._workers(items, item_bytes) == workers
