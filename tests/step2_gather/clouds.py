"""Made-up pictures."""

import numpy as np
from PIL import Image


def picture(rng: np.random.Generator, size: tuple[int, int] = (40, 32)) -> Image.Image:
    """Coloured clouds: as unlike each other as photographs are."""
    return Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize(size, 3)
