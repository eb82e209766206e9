"""One file per input kind: recognise, open, learn the cached shape, fit into it. Numpy only."""
