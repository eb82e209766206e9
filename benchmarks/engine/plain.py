"""The other side: a training loop as tutorials write it. Axes: N rows, C channels, H W picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler

from benchmarks.record import cores

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

PADDING = 2  # pixels, for the random crop


class Pictures(Dataset[tuple[Tensor, int]]):
    """JPEG files in class folders; each is opened, flipped and cropped when it is asked for.

    Args:
        folder: One folder per class.
    """

    def __init__(self, folder: Path) -> None:
        classes = sorted(path.name for path in folder.iterdir())
        self.files = [(f, classes.index(f.parent.name)) for f in sorted(folder.glob("*/*.jpg"))]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        file, label = self.files[number]
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
        if torch.rand(()) < 0.5:
            picture = ImageOps.mirror(picture)
        width, height = picture.size
        left, top = (int(torch.randint(2 * PADDING + 1, ())) for _ in range(2))
        padded = ImageOps.expand(picture, border=PADDING)
        cropped = padded.crop((left, top, left + width, top + height))
        return torch.from_numpy(np.array(cropped)).permute(2, 0, 1).float(), label


def train(
    net: nn.Module,
    folder: Path,
    *,
    steps: int,
    batch: int,
    device: torch.device,
    mark: Callable[[], None],
) -> None:
    """Train `net` in fp32 with plain SGD for `steps` batches.

    Args:
        net: Takes (N, C, H, W) in 0..255.
        folder: One folder of JPEG files per class.
        steps: Batches; all of one pass, so that no worker has to be started twice.
        batch: Pictures per step.
        device: Where.
        mark: Called after every step.
    """
    net = net.to(device).train()
    pictures = Pictures(folder)
    sampler = RandomSampler(pictures, replacement=True, num_samples=steps * batch)
    loader = DataLoader(pictures, batch_size=batch, sampler=sampler, num_workers=cores())
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    for x_NCHW, target_N in loader:
        loss = F.cross_entropy(net(x_NCHW.to(device)), target_N.to(device))
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        mark()
