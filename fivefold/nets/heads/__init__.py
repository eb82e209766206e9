"""One file per head; a head is the loss and the decoding of one target kind."""
