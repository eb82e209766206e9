"""Pieces that encoders share."""
