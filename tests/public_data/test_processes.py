"""Several processes at once, and one that is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from publisher import left

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json, sys
from pathlib import Path
from fivefold.public_data import partial
from fivefold.public_data.fetch import fetch
from fivefold.public_data.records import parse
from fivefold.plumbing.silence import Silence
partial.SYNC_EVERY = 65536
facts = json.loads(sys.argv[1])
print(fetch(parse("thing", "image", facts), Path(sys.argv[2]), Silence()))
"""


@pytest.fixture
def start(host, tmp_path):
    """Begin to fetch in a process of its own."""
    facts = {
        "title": "a thing",
        "target": "class",
        "licence": "not stated",
        "citation": "nobody",
        "address_from": "a test",
        "data": "a.zip",
        "files": [{"name": "a.zip", "url": f"{host.url}/a.zip"}],
    }

    def begin():
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, json.dumps(facts), str(tmp_path / "here")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    return begin


def test_two_processes_fetch_it_once(host, body, start, tmp_path):
    host.put("/a.zip", body)
    ends = [process.communicate(timeout=120) for process in (start(), start())]
    assert [said.strip() for said, _ in ends] == [str(tmp_path / "here" / "thing")] * 2, ends
    assert (tmp_path / "here" / "thing" / "a.zip").read_bytes() == body
    assert left(tmp_path / "here") == ["thing/a.zip"]
    assert len(host.asked) == 1


def test_a_killed_process_leaves_a_part_to_go_on_from(host, body, start, tmp_path):
    host.put("/a.zip", body, silent=200_000)
    notes = tmp_path / "here" / ".thing.part" / ".a.zip.part.json"
    process = start()
    deadline = time.monotonic() + 120
    while not notes.exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "here" / "thing").exists()
    host.put("/a.zip", body)
    said, told = start().communicate(timeout=120)
    assert said.strip() == str(tmp_path / "here" / "thing"), told
    assert (tmp_path / "here" / "thing" / "a.zip").read_bytes() == body
    assert left(tmp_path / "here") == ["thing/a.zip"]
    assert host.asked[-1][1]["Range"].startswith("bytes=")
