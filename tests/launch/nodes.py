"""Several nodes of Ray on this machine, from a process of their own."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Nodes:
    """Several nodes of Ray on this machine, with a cache folder of their own."""

    def __init__(self, cache):
        if find_spec("ray") is None:
            pytest.skip("Ray is not installed: pip install 'fivefold[ray]'")
        self.cache = cache
        self.log = cache / "log"
        environment = {
            **os.environ,
            "FIVEFOLD_CACHE": str(cache),
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("several_nodes.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment,
            )
        self.address = f"ray:{self._answer()['address']}"

    def add(self, *, cpus, gpus=0):
        """A further node; gives its name."""
        return self._ask(f"add {cpus} {gpus}")["node"]

    def kill(self, node):
        """Kill a node with all that runs on it."""
        self._ask(f"kill {node}")

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def _ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        return json.loads(line)
