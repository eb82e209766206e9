"""Step 5: a fleet becomes an ensemble: greedy selection, pooling, calibration."""

from fivefold.step5_ensemble.ensemble import ensemble

__all__ = ["ensemble"]
