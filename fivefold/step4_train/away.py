"""A site on another machine: what leaves this one, and how it is opened there."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from fivefold.contracts import saving
from fivefold.contracts.records import Dataset
from fivefold.launch.supplies import CHUNK, Supplies
from fivefold.step4_train.work import Trainer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fivefold.contracts.rows import Rows

OPENER = "fivefold.step4_train.away:open_site"
RECORDS = ("gather/dataset", "expand/expansion")


def supplies(dataset: Dataset, run: Path) -> Supplies:
    """What the nets of a run need on another machine; of the rows only the open ones.

    Args:
        dataset: The open rows.
        run: The run folder, in which steps 2 and 3 have saved their records.
    """
    rows = dataset.rows
    item = np.dtype(rows.dtype).itemsize * int(np.prod(rows.item_shape))
    made_of = (dataset.fingerprint, str(rows.file), rows.dtype, rows.item_shape, len(rows))
    key = hashlib.blake2b(repr(made_of).encode() + rows.index.tobytes(), digest_size=16)
    files = [run / f"{record}{end}" for record in RECORDS for end in (".safetensors", ".json")]
    return Supplies(
        opener=OPENER,
        records={f.relative_to(run).as_posix(): f.read_bytes() for f in files if f.exists()},
        rows=rows.file,
        key=key.hexdigest(),
        size=len(rows) * item,
        chunks=lambda: _chunks(rows, max(1, CHUNK // item)),
    )


def open_site(run: Path, copy: Path | None, *, cpus: float, gpus: float) -> Trainer:
    """The trainer of a run whose records were sent along.

    Args:
        run: Folder of these records; nets are left in it.
        copy: File of the open rows; None where the original is seen at its own path.
        cpus: Cores to train on.
        gpus: GPUs to train on; none of them is trained on a CPU.
    """
    torch.set_num_threads(max(1, int(cpus)))
    dataset = saving.load(Dataset, run / "gather", "dataset")
    if copy is not None:
        count = len(dataset.rows)
        rows = replace(dataset.rows, file=copy, total=count, index=np.arange(count))
        dataset = replace(dataset, rows=rows)
        saving.save(dataset, run / "gather", "dataset")
    return Trainer.open(run, torch.device("cuda" if gpus > 0 else "cpu"))


def _chunks(rows: Rows, count: int) -> Iterator[bytes]:
    for start in range(0, len(rows), count):
        yield rows.take(slice(start, start + count)).tobytes()
