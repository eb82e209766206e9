"""One file per encoder; each opens with its paper."""
