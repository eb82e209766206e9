"""The settings of the expansion of tables."""

from __future__ import annotations

from fivefold.step3_expand.policies import Policy

TABLE_POLICIES: dict[str, Policy] = {
    "swap": Policy(most=1, unit="of the cells", about="taken from another row of the batch"),
    "noise": Policy(most=1, unit="of the deviation", about="Gaussian noise on every number"),
    "mixup": Policy(most=8, unit="alpha", about="a drawn share of the cells, and of the target"),
}
