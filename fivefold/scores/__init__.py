"""Pure functions on arrays: metrics, intervals, paired tests, calibration."""
