"""The house keeps its shape: budgets, lazy imports, a frozen command line."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from fivefold.cli import app

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fivefold"
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_no_file_over_400_lines(file):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_module_says_what_it_is(file):
    assert file.read_text(encoding="utf-8").startswith('"""')


def test_no_room_called_utils():
    assert not [f for f in FILES if "util" in f.stem]


def loaded_after(code):
    """Names of modules that a fresh interpreter holds after `code`."""
    script = f"{code}\nimport sys; print(' '.join(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(found.stdout.split())


@pytest.mark.parametrize(
    "heavy", ["torch", "sklearn", "skimage", "matplotlib", "pyarrow", "requests", "pooch"]
)
def test_importing_fivefold_loads_nothing_heavy(heavy):
    assert heavy not in loaded_after("import fivefold, fivefold.cli")


def test_help_loads_no_torch():
    code = "import contextlib, fivefold.cli as c"
    code += "\nwith contextlib.suppress(SystemExit): c.main(['--help'])"
    assert "torch" not in loaded_after(code)


def test_worker_side_of_gather_loads_no_torch():
    assert "torch" not in loaded_after("import fivefold.step2_gather, fivefold.inputs.image")


def test_the_command_line_is_as_agreed():
    command = typer.main.get_command(app)
    found = [
        f"{name} {' '.join(sorted(option))}"
        for name, sub in sorted({**command.commands, "fivefold": command}.items())
        for option in sorted(p.opts + p.secondary_opts for p in sub.params)
    ]
    assert found == (Path(__file__).parent / "options.txt").read_text().splitlines()


def test_readme_stays_on_a_page():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 150
