"""The hand-crafted pipeline, the opponent: features per input kind, then a classifier."""
