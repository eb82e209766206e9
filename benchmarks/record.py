"""What every benchmark needs: which machine this is, results that are only added to, a table."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = Path(__file__).parents[1]


def data_folder(given: Path | None) -> Path:
    """The folder of real data sets: as given, FIVEFOLD_TEST_DATA, or `../shared/data`."""
    named = os.environ.get("FIVEFOLD_TEST_DATA")
    return given or (Path(named) if named else ROOT.parent / "shared" / "data")


def circumstances() -> dict[str, Any]:
    """When, where and with which code: date (UTC), processor, cores, load before, commit."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": cores(),
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


def commit() -> str | None:
    """The code that is measured, `+` where the package was changed since; None outside git."""
    head = _git("rev-parse", "--short", "HEAD")
    # Results of earlier rows change the checkout, not the code.
    changed = _git("status", "--porcelain", "--", "fivefold")
    return f"{head}{'+' if changed else ''}" if head else None


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
