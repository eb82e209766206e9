"""Train under a real limit; prints the steps made and the notes. Run by test_memory.py."""

import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fivefold.contracts.records import ExpansionRecord, Recipe
from fivefold.contracts.rows import Rows
from fivefold.engine.inference import predict
from fivefold.engine.loop import Job, Training, train
from fivefold.engine.schedule import Limit
from fivefold.nets.base import Net
from fivefold.nets.build import build
from fivefold.step3_expand.image import ImageExpander

SIDE, N = 48, 512
ROOM = 100 * 2**20  # bytes beyond what is in use; a whole batch wants about twice that
RECIPE = Recipe(net="convnet", width=0.5, size=(SIDE, SIDE), batch=N, rate=0.01)


def trained(recipe: Recipe, rows: Rows) -> tuple[Net, Training]:
    """A net after two steps."""
    mean = torch.full((3, 1, 1), 100.0)
    net = build(recipe, (3, SIDE, SIDE), 2, mean, mean)
    record = ExpansionRecord(kind="image", settings={"shift": 2.0}, why={})
    job = Job(
        rows=rows,
        targets=np.arange(N) % 2,
        recipe=recipe,
        expander=ImageExpander(record, classes=2),
        limit=Limit(steps=2),
        device=torch.device("cpu"),
    )
    return net, train(net, job)


def main() -> None:
    """Everything is loaded before the limit is set."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        np.random.default_rng(0).integers(0, 255, (N, SIDE, SIDE, 3)).astype(np.uint8).tofile(file)
        shape = (SIDE, SIDE, 3)
        rows = Rows(file=file, dtype="uint8", item_shape=shape, total=N, index=np.arange(N))
        trained(replace(RECIPE, batch=8), rows)
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        used = int(status.split("VmData:")[1].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (used + ROOM, used + ROOM))
        net, training = trained(RECIPE, rows)
        assert predict(net, rows, RECIPE.size).shape == (N, 2)
    sys.stdout.write(" ".join((str(training.steps), *training.notes)))


if __name__ == "__main__":
    main()
