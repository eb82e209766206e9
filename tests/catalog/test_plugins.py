"""A stranger's encoder joins by one line of its own package's metadata, and trains unchanged."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE = """
from torch import nn

from fivefold.nets.base import Encoder


class Means(Encoder):
    def __init__(self, shape, *, width=1.0, depth=2):
        super().__init__()
        self.features = round(32 * width)
        self.linear = nn.Linear(shape[0] * 16, self.features)

    def forward(self, x):
        return self.linear(nn.functional.adaptive_avg_pool2d(x, 4).flatten(1)).relu()
"""


@pytest.fixture
def in_plugin(tmp_path):
    """Run code where a package is installed that brings the encoder `means`."""
    facts = tmp_path / "means-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: means\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[fivefold.encoders]\nmeans = means_net:Means\n")
    (tmp_path / "means_net.py").write_text(MODULE)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    cache = str(tmp_path / "cache")

    def run(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "FIVEFOLD_CACHE": cache},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_plugin_keeps_the_contract(in_plugin):
    code = "from fivefold import catalog, testing; "
    code += "testing.check_encoder(catalog.load('encoder', 'means'), (3, 16, 16))"
    done = in_plugin("-c", code)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_plugin_is_trained_by_name(in_plugin):
    words = ("--net", "means", "--budget", "10s", "--steps", "20", "--nets", "1")
    done = in_plugin("-m", "fivefold", "win", *words)
    assert done.returncode == 0, done.stderr
    assert "x means-1" in done.stderr
