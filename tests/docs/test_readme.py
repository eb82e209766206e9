"""What the documents say can be typed: commands exist, snippets run, links lead somewhere."""

import ast
import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from fivefold.cli import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("README.md")),
]
PROGRAMS = ("fivefold ", "make ", "python ", "pip ", "pipx ")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(document, language):
    """Fenced blocks of a language; plain fences have the language ''."""
    text = document.read_text(encoding="utf-8")
    return [body for word, body in FENCE.findall(text) if word == language]


def commands(document):
    """Command lines in plain fences and in the code spans of tables, without their comments."""
    lines = [line for body in blocks(document, "") for line in body.splitlines()]
    for row in document.read_text(encoding="utf-8").splitlines():
        lines += re.findall(r"`([^`]+)`", row) if row.startswith("|") else []
    bare = (line.partition("#")[0].strip() for line in lines)
    return [line for line in bare if line.startswith(PROGRAMS)]


COMMANDS = sorted({line for document in DOCUMENTS for line in commands(document)})
each_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT))
)


def parse(words):
    """Let our own command line read words, options and values included, without acting on them."""
    name, *rest = words
    typer.main.get_command(app).commands[name].make_context(name, rest)


@cache
def told_by(script):
    """The help of a script, which is run once however many commands begin it."""
    command = [sys.executable, script, "--help"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_be_typed(command):
    program, *words = shlex.split(command)
    if program == "fivefold":
        parse(words)
    elif program == "make":
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE)
    elif program == "python" and words[0].endswith(".py"):
        told = told_by(words[0])
        assert all(word in told for word in words if word.startswith("--"))
    else:
        assert words[:1] == ["install"] or words[:2] == ["-m", "pip"]


def test_an_option_that_is_not_there_is_noticed():
    done = CliRunner().invoke(app, ["win", "photos/", "--epochs", "3"])
    assert done.exit_code == 2


@each_document
def test_snippets_are_python_and_their_imports_exist(document):
    for code in blocks(document, "python"):
        tree = ast.parse(code)
        imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
        lines = "\n".join(ast.unparse(node) for node in imports)
        exec(compile(lines, str(document), "exec"), {})


@each_document
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://)([^)#]+)", text)
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


@pytest.fixture
def desk(tmp_path):
    """A folder like the README's reader has: photos/ with two classes, and new.jpg."""
    rng = np.random.default_rng(0)
    for number in range(60):
        label = ("cat", "dog")[number % 2]
        pixels = rng.integers(0, 120, (16, 16, 3)) + 120 * (number % 2)
        folder = tmp_path / "photos" / label
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.jpg")
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "new.jpg")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2))
def test_the_readme_runs_as_it_stands(number, desk):
    code = blocks(ROOT / "README.md", "python")[number]
    short, changed = re.subn(r'budget="\w+"', 'budget="4s"', code)
    assert changed == 1
    environment = {**os.environ, "FIVEFOLD_CACHE": str(desk / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", short],
        cwd=desk,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
