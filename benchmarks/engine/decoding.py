"""Files to pixels: our gather beside Pillow in threads and a DataLoader, on the same files."""

from __future__ import annotations

import statistics
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks import record
from fivefold.contracts.options import Options
from fivefold.plumbing.silence import Silence
from fivefold.preparation import gathered_from, picked_from
from fivefold.step2_gather import gather as step2

BATCH = 256
CHUNK = 32  # files that a thread takes at a time
LARGE = (4000, 3000)  # pixels of a telephone's photo,
LARGE_CACHED = (341, 256)  # and those that it is cached with
NOISE = 8  # grey levels that a sensor is off, at most

Size = tuple[int, int]  # width, height


class Files(Dataset[Tensor]):
    """Pictures as a DataLoader reads them: one file after the other, decoded when asked for."""

    def __init__(self, files: list[Path], size: Size | None) -> None:
        self.files, self.size = files, size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> Tensor:
        return torch.from_numpy(decoded(self.files[number], self.size))


def decoded(file: Path, size: Size | None) -> np.ndarray:
    """Pixels (H, W, 3) of a file, at its own size or at `size`."""
    with Image.open(file) as picture:
        colours = picture.convert("RGB")
        return np.array(colours if size is None else colours.resize(size))


def by_gather(folder: Path) -> dict[str, float]:
    """Seconds of steps 1 and 2 without a cache: all of it, and what decodes into the cache.

    Decoding has worker processes started, files read, decoded, hashed and drawn small, and the
    cache written; the rest lists files, finds duplicates and near duplicates, and cuts the split.
    """
    spent: dict[str, float] = {}

    def timed(*args: Any, **words: Any) -> Any:
        begin = time.perf_counter()
        found = step2_open(*args, **words)
        spent["decode"] = time.perf_counter() - begin
        return found

    step2_open, asked = step2.open_or_build, Options()
    with tempfile.TemporaryDirectory(prefix="fivefold-bench-") as cache:
        begin = time.perf_counter()
        with patch.object(step2, "open_or_build", timed):
            picked = picked_from(folder, asked, Silence())
            gathered_from(picked, asked, Silence(), Path(cache))
        spent["gather"] = time.perf_counter() - begin
    return spent


def by_threads(files: list[Path], cores: int, size: Size | None) -> float:
    """Seconds for Pillow in a thread per core; pixels stay in memory."""
    begin = time.perf_counter()
    out = np.empty((len(files), *decoded(files[0], size).shape), np.uint8)

    def some(start: int) -> None:
        for number, file in enumerate(files[start : start + CHUNK], start):
            out[number] = decoded(file, size)

    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(some, range(0, len(files), CHUNK)))
    return time.perf_counter() - begin


def by_loader(files: list[Path], cores: int, size: Size | None) -> float:
    """Seconds for one pass of a DataLoader with a worker process per core."""
    begin = time.perf_counter()
    seen = sum(len(batch) for batch in DataLoader(Files(files, size), BATCH, num_workers=cores))
    assert seen == len(files)
    return time.perf_counter() - begin


def measure(folder: Path, *, rounds: int, size: Size | None = None) -> dict[str, Any]:
    """Pictures per second of all of them, in turn; medians over rounds, ratios within a round.

    Args:
        folder: Picture files of one size, in class folders.
        rounds: How often.
        size: At which they are cached; None for their own.
    """
    files, cores = sorted(folder.rglob("*.jpg")), record.cores()
    decoded(files[0], size)  # Pillow loads its plugins once
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        spent = by_gather(folder)
        spent["threads"] = by_threads(files, cores, size)
        spent["loader"] = by_loader(files, cores, size)
        for name, seconds in spent.items():
            taken.setdefault(name, []).append(seconds)
    return {
        "pictures": len(files),
        "per_s": {n: round(len(files) / statistics.median(s), 1) for n, s in taken.items()},
        "gather_over": _over(taken, "gather"),
        "decode_over": _over(taken, "decode"),
    }


def _over(taken: dict[str, list[float]], ours: str) -> dict[str, float]:
    """How many times as fast as each rival."""
    return {
        rival: round(
            statistics.median(t / o for t, o in zip(taken[rival], taken[ours], strict=True)), 2
        )
        for rival in ("threads", "loader")
    }


def enlarge(photos: Path, folder: Path, *, number: int) -> None:
    """Every so many photo as a telephone would store it: 12 megapixels, with noise."""
    rng, files = np.random.default_rng(0), sorted(photos.rglob("*.jpg"))
    for file in files[:: max(1, len(files) // number)]:
        with Image.open(file) as picture:
            large = np.array(picture.convert("RGB").resize(LARGE), np.int16)
        large += rng.integers(-NOISE, NOISE + 1, (*large.shape[:2], 1), np.int16)
        place = folder / file.relative_to(photos)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(large.clip(0, 255).astype(np.uint8)).save(place, quality=90)


def unzip(archive: Path, folder: Path) -> None:
    """Lay the pictures of an archive of ours out as files."""
    with zipfile.ZipFile(archive) as members:
        members.extractall(folder)
