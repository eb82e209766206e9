"""Data twenty times larger than the memory that is allowed are gathered and trained from."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from flat_memory import LIMIT

ROW = 40_000  # bytes
ROWS = 20 * LIMIT // ROW + 1

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does")


def rows(count, start=0):
    for i in range(start, start + count):
        yield i.to_bytes(8, "little") * (ROW // 8)


def write_parquet(path, count):
    schema = pa.schema([("x", pa.binary()), ("label", pa.string())])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for start in range(0, count, 1000):
            some = list(rows(min(1000, count - start), start))
            labels = [str(i % 2) for i in range(len(some))]
            writer.write_table(pa.table({"x": some, "label": labels}, schema=schema))


def write_arrow(path, count):
    schema = pa.schema([("x", pa.binary()), ("label", pa.string())])
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as writer:
        for start in range(0, count, 1000):
            some = list(rows(min(1000, count - start), start))
            labels = [str(i % 2) for i in range(len(some))]
            writer.write_batch(pa.record_batch({"x": some, "label": labels}, schema=schema))


def write_shards(folder, count):
    folder.mkdir()
    for start in range(0, count, 4000):
        with tarfile.open(folder / f"shard-{start:06d}.tar", "w") as shard:
            for i, raw in enumerate(rows(min(4000, count - start), start), start):
                for field, data in (("bin", raw), ("cls", str(i % 2).encode())):
                    info = tarfile.TarInfo(f"{i:08d}.{field}")
                    info.size = len(data)
                    shard.addfile(info, io.BytesIO(data))


WRITERS = {".parquet": write_parquet, ".arrow": write_arrow, "": write_shards}


@pytest.mark.parametrize("suffix", WRITERS, ids=["parquet", "arrow", "shards"])
def test_data_twenty_times_the_limit_leave_memory_flat(suffix, tmp_path):
    write = WRITERS[suffix]
    write(tmp_path / f"small{suffix}", 50)
    write(tmp_path / f"large{suffix}", ROWS)
    script = Path(__file__).with_name("flat_memory.py")
    run = subprocess.run(
        [sys.executable, script, tmp_path / f"large{suffix}", tmp_path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.returncode == 0, run.stderr
    facts = json.loads(run.stdout)
    assert facts["bytes"] >= 20 * LIMIT
    assert (facts["rows"], facts["bad"]) == (ROWS, 0)
    assert facts["grown"] < LIMIT


def test_the_limit_is_one_that_a_whole_read_breaks(tmp_path):
    """The test above can fail: what reads the data at once does not live through it."""
    write_parquet(tmp_path / "large.parquet", ROWS)
    whole = (
        "import resource, sys, pyarrow.parquet as pq, flat_memory as f\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (f.held('VmData') + f.LIMIT,) * 2)\n"
        "pq.read_table(sys.argv[1])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", whole, tmp_path / "large.parquet"],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.returncode != 0
