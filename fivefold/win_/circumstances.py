"""What the report tells besides the records: the clock, the command, pictures, prices, versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.records import ExpansionRecord
from fivefold.contracts.rows import FloatArray


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What one system costs to use: milliseconds for one item, megabytes on disk."""

    ms_per_item: float
    megabytes: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """How the run went, as far as no record of a step says it.

    Attributes:
        budget_s: Seconds the user gave to the whole command.
        used_s: Seconds used so far; asked when the report is written.
        phases: (name, seconds) of each phase before the report, in order.
        command: The exact command that repeats the run.
        seed: Seed of the run.
        versions: Name -> version of everything that moves numbers.
        prices: System (`ensemble`, `best_single`, `traditional`) -> its price, where measured.
        degraded: What degraded outside training (`Fleet.degraded` is listed as well).
        opened_before: When the vault was opened by earlier sittings of the run (ISO 8601, UTC).
        expansion: Which label-preserving changes were used, and why.
        contact_png: Contact sheet of the open rows.
        preview_png: Preview sheet, before and after each policy.
        pairs_png: Picture i shows `Dataset.duplicates[i]` side by side; may be shorter.
        kernels: (n, h, w, 1 or 3) first-layer kernels of `best_single`, any scale.
        show: A cached item for people, as a picture or in words; None where none can be shown.
    """

    budget_s: float
    used_s: Callable[[], float]
    phases: tuple[tuple[str, float], ...]
    command: str
    seed: int
    versions: dict[str, str]
    prices: dict[str, Price]
    degraded: tuple[str, ...] = ()
    opened_before: tuple[str, ...] = ()
    expansion: ExpansionRecord | None = None
    contact_png: bytes | None = None
    preview_png: bytes | None = None
    pairs_png: tuple[bytes, ...] = ()
    kernels: FloatArray | None = None
    show: Callable[[NDArray[Any]], NDArray[np.uint8] | str] | None = None
