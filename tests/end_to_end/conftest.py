"""The command line as a process of its own, and small pictures made on the fly."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

REPOSITORY = Path(__file__).parents[2]


def write_pictures(root, per_class, classes=("blue", "green", "red"), seed=0):
    """Tinted clouds: easy, but not the same twice."""
    rng = np.random.default_rng(seed)
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for i in range(per_class):
            clouds = rng.integers(0, 190, (5, 5, 3), np.uint8)
            clouds[..., 2 - number % 3] += 60
            picture = PIL.Image.fromarray(clouds).resize((16, 16), PIL.Image.Resampling.BICUBIC)
            picture.save(root / name / f"{i:03d}.png")
    return root


class Shell:
    """`python -m fivefold ...` in a folder, with a cache of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.cache = folder / "cache"

    def start(self, *words, python=("-m", "fivefold")):
        """Begin a command; `python` is what the interpreter is told to run."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("FIVEFOLD")}
        env |= {
            "FIVEFOLD_CACHE": str(self.cache),
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
        }
        return subprocess.Popen(
            [sys.executable, *python, *map(str, words)],
            cwd=self.folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def __call__(self, *words, code=0):
        """Run a command to its end and give what it printed: (stdout, stderr)."""
        process = self.start(*words)
        said, told = process.communicate(timeout=300)
        assert "Traceback" not in told, told
        assert process.returncode == code, told
        return said, told


@pytest.fixture(scope="session")
def shell(tmp_path_factory):
    """A folder with `photos/`, three classes of pictures, and a shell in it."""
    folder = tmp_path_factory.mktemp("shell")
    write_pictures(folder / "photos", per_class=50)
    return Shell(folder)


@pytest.fixture
def write():
    """Write made pictures in class folders: write(root, per_class, classes, seed)."""
    return write_pictures
