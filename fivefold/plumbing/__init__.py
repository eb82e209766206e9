"""What every room stands on: errors, atomic files, sources of raw items, the clock, seeds."""
