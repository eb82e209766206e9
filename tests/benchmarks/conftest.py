"""Benchmarks loaded as their commands load them, and a small world for them to measure."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    """Load a benchmark by its path, as its command does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS.parent))

    def load(place):
        spec = importlib.util.spec_from_file_location(Path(place).stem, BENCHMARKS / place)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """The embedded digits after steps 1 to 3."""
    from benchmarks import harness

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIVEFOLD_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield harness.opened("digits", Path("nowhere"))
        harness.opened.cache_clear()


@pytest.fixture
def command(script, monkeypatch, capsys):
    """Run a benchmark's command line, some of its names changed, and give what it printed."""

    def run(place, *words, **changes):
        monkeypatch.setattr(sys, "argv", [place, *map(str, words)])
        module = script(place)
        for name, value in changes.items():
            monkeypatch.setattr(module, name, value)
        module.main()
        return capsys.readouterr().out

    return run
