"""One file per input kind: how rows of the cache become what an encoder reads."""
