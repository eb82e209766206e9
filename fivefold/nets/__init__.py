"""Torch modules and losses, one device: encoders, heads, blocks. A net is encoder + head."""
