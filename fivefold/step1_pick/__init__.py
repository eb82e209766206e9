"""Step 1, pick: what is input, what is target, which metric; read off the data, with reasons."""

from __future__ import annotations

from fivefold.step1_pick.problem import Picked, pick

__all__ = ["Picked", "pick"]
