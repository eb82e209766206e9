"""The catalog is the test matrix: what is listed is there, and learns."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch

import fivefold
from fivefold import catalog
from fivefold.contracts.records import Recipe
from fivefold.nets.build import build
from fivefold.testing import check_encoder, check_head, example_targets
from tests.grid.rows import MADE, specimen, tags_of

PACKAGE = Path(fivefold.__file__).parent
FIRST_IS_CHANNELS = ("image", "video")  # a scale for each
TINY = 0.0625
WIDTHS = {"text": 4 * TINY, "tokens": 4 * TINY, "series": 2 * TINY}  # parts are dropped at random
ROWS, CLASSES, STEPS = 12, 3, 40

FOLDERS = {
    "encoder": ("nets/encoders", catalog.ENCODERS),
    "head": ("nets/heads", catalog.HEADS),
}
ENCODERS = sorted({(cell.encoder, cell.input) for cell in catalog.cells()})


@pytest.mark.parametrize("cell", catalog.cells(), ids=str)
def test_cell_learns_one_batch(cell: catalog.Cell) -> None:
    facts = catalog.entry("encoder", cell.encoder).facts
    target = catalog.entry("head", cell.head).facts["target"]
    width = WIDTHS.get(cell.input, TINY)
    recipe = Recipe(net=cell.encoder, head=cell.head, width=width, seed=1)
    x, shape, learned = specimen(cell.encoder, cell.input)
    mean, std = torch.empty(0), torch.empty(0)
    if cell.input not in MADE:
        x = 5 + 3 * x
        one = (shape[0], *[1] * (len(shape) - 1)) if cell.input in FIRST_IS_CHANNELS else shape
        mean, std = torch.full(one, 5.0), torch.full(one, 3.0)
    targets = tags_of(x, CLASSES) if target == "tags" else example_targets(target, ROWS, CLASSES)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = build(recipe, shape, CLASSES, mean, std, learned)
        net.head.learn(targets)
        net.encoder.initialise(net.normalise(x))
        optimiser = torch.optim.AdamW(net.parameters(), lr=5 * min(facts["rate"], 2e-3))
        before = net.eval().head.loss(net(x), targets).item()
        net.train()
        for _ in range(STEPS):
            optimiser.zero_grad()
            net.head.loss(net(x), targets).backward()
            optimiser.step()
    output = net.eval()(x)
    # A likelihood of numbers has no floor at 0; it falls by what half the errors are worth.
    assert net.head.loss(output, targets).item() < before - 0.5 * abs(before)
    wanted = {"number": (ROWS, 2 * CLASSES), "tags": (ROWS, shape[0], CLASSES)}
    assert net.head.probabilities(output).shape == wanted.get(target, (ROWS, CLASSES))


@pytest.mark.parametrize(("word", "kind"), ENCODERS, ids=[f"{w}-{k}" for w, k in ENCODERS])
def test_encoder_conforms(word: str, kind: str) -> None:
    entry = catalog.entry("encoder", word)
    x, shape, learned = specimen(word, kind)
    wanted = {n: learned[n] for n in entry.facts.get("wants", ()) if n in learned}
    encoder = partial(catalog.load("encoder", word), **wanted)
    check_encoder(encoder, shape, width=TINY, rate=5e-3, batch=x)
    assert entry.about
    assert entry.facts["source"]


@pytest.mark.parametrize("word", catalog.HEADS)
def test_head_conforms(word: str) -> None:
    facts = catalog.entry("head", word).facts
    check_head(
        catalog.load("head", word),
        target=facts["target"],
        sequence=facts.get("reads") == "sequence",
    )


@pytest.mark.parametrize("room", FOLDERS)
def test_catalog_lists_every_file_and_no_other(room: str) -> None:
    folder, entries = FOLDERS[room]
    files = {f.stem for f in (PACKAGE / folder).glob("*.py") if f.stem != "__init__"}
    assert {entry.place.partition(":")[0].rpartition(".")[2] for entry in entries.values()} == files
    assert {stem.removesuffix("_") for stem in files} == set(entries)
