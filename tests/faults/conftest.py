"""Small pictures, the command line in this process, and what it said."""

import numpy as np
import PIL.Image
import pytest
from starts import Starter

from fivefold import cli


def write_pictures(root, per_class, classes=("blue", "red"), seed=0):
    """Tinted clouds in class folders."""
    rng = np.random.default_rng(seed)
    for number, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for i in range(per_class):
            clouds = rng.integers(0, 190, (5, 5, 3), np.uint8)
            clouds[..., 2 - number % 3] += 60
            picture = PIL.Image.fromarray(clouds).resize((16, 16), PIL.Image.Resampling.BICUBIC)
            picture.save(root / name / f"{i:03d}.png")
    return root


@pytest.fixture
def write():
    """Write made pictures in class folders: write(root, per_class, classes, seed)."""
    return write_pictures


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty working folder, with `cache/` beside it for what is decoded."""
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def refused(capsys):
    """Run a command that must end with exit code 2 and three lines; give those."""

    def run(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main([str(word) for word in words])
        assert end.value.code == 2
        lines = capsys.readouterr().err.splitlines()[-3:]
        starts = [line.partition(": ")[0] for line in lines]
        assert starts == ["found", "wanted", "hint"]
        found, wanted, hint = (line.partition(": ")[2] for line in lines)
        assert found
        assert wanted
        assert hint
        return found

    return run


@pytest.fixture(scope="module")
def starter(tmp_path_factory):
    """A folder with `data/`, three classes of pictures, and starts of the command line in it."""
    folder = tmp_path_factory.mktemp("starts")
    write_pictures(folder / "data", 40, classes=("blue", "green", "red"))
    made = Starter(folder)
    yield made
    made.close()
