"""The one training loop: batches, loop, precision, optimisers, checkpoints, inference."""
