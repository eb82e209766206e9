"""What every benchmark needs: which machine this is, who else uses it, a file of results."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import torch

from fivefold.engine.precision import choose_device, has_fast_bf16

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[1]


def data_folder(given: Path | None) -> Path:
    """The folder of real data sets: as given, FIVEFOLD_TEST_DATA, or `../shared/data`."""
    named = os.environ.get("FIVEFOLD_TEST_DATA")
    return given or (Path(named) if named else ROOT.parent / "shared" / "data")


def circumstances() -> dict[str, Any]:
    """When, where and with which code.

    Date (UTC), processor, cores, GPU, precision of products, load before, commit.
    """
    device = choose_device("auto")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": cores(),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "precision": "bfloat16" if has_fast_bf16(device) else "float32",
        "load_before": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "commit": commit(),
    }


def processor() -> str:
    """The processor's name for people."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine(result: dict[str, Any]) -> str:
    """The machine behind a result, for people; older results do not know their precision."""
    cores = result["cores"]
    words = [result["processor"], f"{cores} core{'s' if cores > 1 else ''}"]
    return ", ".join([*words, *(result[k] for k in ("gpu", "precision") if result.get(k))])


def commit() -> str | None:
    """The code that is measured, `+` where the package was changed since; None outside git."""
    head = _git("rev-parse", "--short", "HEAD")
    # Results of earlier rows change the checkout, not the code.
    changed = _git("status", "--porcelain", "--", "fivefold")
    return f"{head}{'+' if changed else ''}" if head else None


def versions() -> dict[str, str]:
    """Versions of Python and of what the figures depend on."""
    packages = ("torch", "numpy", "pillow")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


@final
class Neighbours:
    """How many cores others kept busy since this was made; a figure says little where they did."""

    def __init__(self) -> None:
        self._begin = self._now()

    def cores(self) -> float | None:
        """Cores that others used on average, processes of our own that ended not counted."""
        wall, busy, own = (now - then for now, then in zip(self._now(), self._begin, strict=True))
        if sys.platform != "linux":
            return None
        return round(max(0.0, busy - own) / max(wall, 1e-9), 2)

    def _now(self) -> tuple[float, float, float]:
        """Wall-clock, seconds that all cores were busy, seconds of our own."""
        times = os.times()
        own = times.user + times.system + times.children_user + times.children_system
        return time.monotonic(), _busy_seconds(), own


def _busy_seconds() -> float:
    """Seconds that the cores of this machine were at work since it started; 0 where unknown."""
    if sys.platform != "linux":
        return 0.0
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    user, nice, system, _idle, _waiting, *rest = map(int, words)
    return float(user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _git(*words: str) -> str:
    found = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip()


def append(file: Path, fact: dict[str, Any]) -> None:
    """Add one result; earlier ones are never changed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(fact) + "\n")


def read(file: Path) -> list[dict[str, Any]]:
    """All results, oldest first; none where nothing was measured yet."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
