"""One file per target kind: parse, learn the vocabulary, decode, the chance level. Numpy only."""
