"""Gather a source and draw training batches from it under a hard limit on memory.

`python flat_memory.py SOURCE FOLDER`: a small source of the same form is gathered first, so that
all libraries are there; then 20 MB more than the process holds by now are all it may take.
"""

import json
import resource
import sys
from pathlib import Path

import numpy as np

from fivefold import catalog
from fivefold.contracts.records import Input, Listing, Problem, Target
from fivefold.contracts.roles import InputKind
from fivefold.engine.batches import Batches, Position
from fivefold.plumbing.column_rows import ColumnRows, ColumnSource
from fivefold.plumbing.shards import Shards, ShardSource
from fivefold.step2_gather.gather import gather

LIMIT = 20 << 20


class Bytes(InputKind):
    """Numbers as they are: whatever is slow or large here is the house's, not a decoder's."""

    def recognise(self, name, head):  # noqa: ARG002 - the role's form
        return True

    def open(self, raw):
        return np.frombuffer(raw, np.uint8)

    def learn(self, samples):
        return {"item_shape": [len(samples[0])], "dtype": "uint8"}

    def fit(self, item, shape):  # noqa: ARG002 - the role's form
        return item

    def show(self, item, shape):  # noqa: ARG002 - the role's form
        return str(item[:4])


def opened(path):
    """The source and the label of each of its rows."""
    if path.is_dir():
        shards = Shards(sorted(path.iterdir()))
        labels = (shards.get(item, "cls").decode() for item in range(len(shards)))
        return ShardSource(shards, "bin"), tuple(map(sys.intern, labels))
    rows = ColumnRows([path])
    return ColumnSource(rows, "x"), tuple(map(sys.intern, rows.column("label")))


def gathered(path, folder):
    """Steps 1 and 2."""
    source, labels = opened(path)
    listing = Listing(names=source.names(), labels=labels, parts=(None,) * len(labels))
    inputs, target = (Input(kind="bytes"),), Target(kind="class")
    problem = Problem(
        source="", inputs=inputs, target=target, metric="accuracy", layout="", guesses=()
    )
    return gather(problem, listing, source, cache_root=folder, seed=0, workers=1)


def held(field):
    """What /proc says of this process, in bytes."""
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{field}:")[1].split()[0]) << 10


def train(dataset, batches):
    """Rows of some batches, as the training loop reads them."""
    total = 0
    order = Batches(len(dataset.rows), 64, 0).start(Position())
    for _, (_, which) in zip(range(batches), order, strict=False):
        total += int(dataset.rows.take(which)[:, 0].sum())
    return total


def main(path, folder):
    """Warm up, set the limit, do it in earnest."""
    small = path.with_name("small" + path.suffix)
    train(gathered(small, folder / "warm").dataset, 4)
    resource.setrlimit(resource.RLIMIT_DATA, (held("VmData") + LIMIT,) * 2)
    before = held("VmData")
    made = gathered(path, folder / "cache")
    train(made.dataset, 2 * len(made.dataset.rows) // 64)
    facts = {
        "rows": len(made.dataset.rows) + made.vault.size,
        "bad": len(made.dataset.quarantine),
        "bytes": made.dataset.rows.file.stat().st_size,
        "grown": held("VmData") - before,
    }
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    catalog.INPUTS["bytes"] = catalog.Entry(word="bytes", place="flat_memory:Bytes")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
