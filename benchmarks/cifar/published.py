"""The other side: the record recipes for CIFAR-10 on one GPU, written in plain PyTorch.

After Jordan 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU" (arXiv 2404.00498), and the
version of it with Muon. Everything lies on the GPU, in half precision, channels last.

Axes: N rows, C channels, H W picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, islice, pairwise, repeat
from typing import TYPE_CHECKING, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator

MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
INITIAL = 5000  # pictures whose patches set the first layer
WHITEN_EPOCHS = 3  # in which its biases move
EVERY = 5  # steps between two moves of the averaged weights
SMOOTHING = 0.2
BIAS_SCALE = 64  # rate of the norms' biases, in rates of the rest
TEST_BATCH = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """Settings of a recipe as published.

    Attributes:
        widths: Channels of the three blocks.
        convolutions: Of a block; with three, the last two are residual.
        epochs: Passes.
        batch: Rows per step.
        rate: Of Nesterov's momentum, decoupled, per 1024 rows; 0 trains by Muon.
        decay: Of weights, decoupled likewise.
        shift: Pixels.
        cutout: Pixels of the square's side.
    """

    widths: tuple[int, int, int]
    epochs: float
    batch: int
    convolutions: int = 2
    rate: float = 0.0
    decay: float = 0.0
    shift: int = 2
    cutout: int = 0


NESTEROV_94 = Published(widths=(64, 256, 256), epochs=9.9, batch=1024, rate=11.5, decay=0.0153)
MUON_94 = Published(widths=(64, 256, 256), epochs=8, batch=2000)
NESTEROV_96 = Published(
    widths=(128, 512, 512),
    convolutions=3,
    epochs=40,
    batch=1024,
    rate=9.0,
    decay=0.012,
    shift=4,
    cutout=12,
)


@final
class Block(nn.Module):
    """Convolutions, the first of which is followed by pooling."""

    def __init__(self, before: int, after: int, convolutions: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        self.norms = nn.ModuleList()
        for channels in (before, *[after] * (convolutions - 1)):
            convolution = nn.Conv2d(channels, after, 3, padding=1, bias=False)
            nn.init.dirac_(convolution.weight[: min(channels, after)])
            norm = nn.BatchNorm2d(after, eps=1e-12, momentum=0.4)
            norm.weight.requires_grad_(False)  # noqa: FBT003 - torch's own signature
            self.convolutions.append(convolution)
            self.norms.append(norm)

    def forward(self, x: Tensor) -> Tensor:
        """Half as high and wide."""
        first, *rest = self.convolutions
        norm, *norms = self.norms
        x = F.gelu(norm(F.max_pool2d(first(x), 2)))
        residual = x if len(rest) > 1 else None
        for i, (convolution, after) in enumerate(zip(rest, norms, strict=True)):
            x = after(convolution(x))
            if residual is not None and i == len(rest) - 1:
                x = x + residual
            x = F.gelu(x)
        return x


@final
class RecordNet(nn.Module):
    """A frozen whitening layer, three blocks, a linear layer with small answers."""

    def __init__(self, published: Published) -> None:
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        widths = (24, *published.widths)
        blocks = [Block(a, b, published.convolutions) for a, b in pairwise(widths)]
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(widths[-1], 10, bias=False)
        self.scale = 1 / 9
        if not published.rate:  # the version with Muon
            self.linear.weight.data /= self.linear.weight.data.std()
            self.scale = 1 / widths[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 10) of pictures (N, 3, 32, 32)."""
        x = self.blocks(F.gelu(self.whiten(x)))
        return self.linear(F.max_pool2d(x, 3).flatten(1)) * self.scale

    @torch.no_grad()
    def set_whitening(self, pictures: Tensor) -> None:
        """First filters: the principal directions of 2 x 2 patches, and their opposites."""
        patches = pictures.float().unfold(2, 2, 1).unfold(3, 2, 1)
        patches = patches.permute(0, 2, 3, 1, 4, 5).reshape(-1, 12)
        values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (vectors / (values + 5e-4).sqrt()).T.flip(0).reshape(12, 3, 2, 2)
        self.whiten.weight.copy_(torch.cat([filters, -filters]))
        self.whiten.weight.requires_grad_(False)  # noqa: FBT003 - torch's own signature
        self.whiten.bias.zero_()


@final
class Loader:
    """Pictures on the GPU; a pass is changed as a whole, then cut into batches.

    Args:
        pictures: uint8 (N, H, W, C), on the device.
        labels: (N,) there too.
        published: Batch and changes.
    """

    def __init__(self, pictures: Tensor, labels: Tensor, published: Published) -> None:
        self.pictures, self.labels, self.published = normalised(pictures), labels, published
        flip = torch.rand(len(labels), device=labels.device) < 0.5
        self.pictures[flip] = self.pictures[flip].flip(3)
        r = published.shift
        self._padded = F.pad(self.pictures, (r, r, r, r), "reflect")
        self._passes = 0

    def __len__(self) -> int:
        return len(self.labels) // self.published.batch

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """One pass; every second one shows every picture mirrored."""
        x = shifted(self._padded, self.published.shift)
        if self.published.cutout:
            cut(x, self.published.cutout)
        if self._passes % 2:
            x = x.flip(3)
        self._passes += 1
        x = x.contiguous(memory_format=torch.channels_last)
        order = torch.randperm(len(x), device=x.device)
        for i in range(len(self)):
            some = order[i * self.published.batch : (i + 1) * self.published.batch]
            yield x[some], self.labels[some]


def normalised(pictures: Tensor) -> Tensor:
    """uint8 (N, H, W, C) -> half (N, C, H, W), channels last."""
    mean, std = (pictures.new_tensor(v, dtype=torch.half)[:, None, None] for v in (MEAN, STD))
    x = (pictures.permute(0, 3, 1, 2).half() / 255 - mean) / std
    return x.contiguous(memory_format=torch.channels_last)


def shifted(padded: Tensor, most: int) -> Tensor:
    """Each picture cut out of its padded version at a place of its own."""
    n, side = len(padded), padded.shape[2] - 2 * most
    at = torch.arange(side, device=padded.device)
    rows, columns = (
        torch.randint(2 * most + 1, (n, 1), device=padded.device) + at for _ in range(2)
    )
    number = torch.arange(n, device=padded.device)[:, None, None]
    pixels = padded.permute(0, 2, 3, 1)[number, rows[:, :, None], columns[:, None, :]]
    return pixels.permute(0, 3, 1, 2)


def cut(x: Tensor, side: int) -> None:
    """A square of every picture set to the mean, in place."""
    n, height = len(x), x.shape[2]
    at = torch.arange(height, device=x.device)
    masks = []
    for _ in range(2):
        first = torch.randint(height - side + 1, (n, 1), device=x.device)
        masks.append((at >= first) & (at < first + side))
    x.masked_fill_((masks[0][:, :, None] & masks[1][:, None, :])[:, None], 0)


@torch.backends.cudnn.flags(enabled=True, benchmark=True)
def train(published: Published, pictures: Tensor, labels: Tensor) -> RecordNet:
    """Train as published.

    Args:
        published: Settings.
        pictures: uint8 (N, H, W, C), on the GPU.
        labels: (N,), there too.
    """
    loader = Loader(pictures, labels, published)
    net = RecordNet(published).to(pictures.device).to(memory_format=torch.channels_last).half()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.float()
    net.set_whitening(loader.pictures[:INITIAL])
    steps = math.ceil(published.epochs * len(loader))
    frozen_at = WHITEN_EPOCHS * len(loader)
    optimisers = (nesterov if published.rate else muon)(net, published)
    average = {k: v.clone() for k, v in net.state_dict().items()}
    net.train()
    for step, (x, target) in enumerate(islice(chain.from_iterable(repeat(loader)), steps)):
        net.whiten.bias.requires_grad_(step < frozen_at)
        loss = F.cross_entropy(net(x), target, label_smoothing=SMOOTHING, reduction="none")
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.sum().backward()
        for optimiser in optimisers:
            set_rates(optimiser, step, steps, frozen_at)
            optimiser.step()
        if published.rate and (step + 1) % EVERY == 0:
            move(net, average, 0.95**EVERY * ((step + 1) / steps) ** 3)
    if published.rate:
        move(net, average, 1.0)
    return net


def set_rates(optimiser: torch.optim.Optimizer, step: int, steps: int, frozen_at: int) -> None:
    """A triangle for Nesterov's momentum alone; beside Muon, a fall from the first step."""
    for group in optimiser.param_groups:
        if "whiten" in group:
            share = 1 - step / (frozen_at if group["whiten"] else steps)
        else:
            share = triangle(step / steps)
        group["lr"] = group["peak"] * max(0.0, share)


def triangle(progress: float) -> float:
    """Rise from a fifth to the peak in 23 % of the steps, then fall."""
    if progress < 0.23:
        return 0.2 + 0.8 * progress / 0.23
    return 1.0 + (0.07 - 1.0) * (progress - 0.23) / 0.77


@torch.no_grad()
def move(net: nn.Module, average: dict[str, Tensor], decay: float) -> None:
    """The average goes towards the net, and the net to the average."""
    pairs = [(average[k], v) for k, v in net.state_dict().items() if v.dtype != torch.long]
    for kind in (torch.half, torch.float):
        kept, now = ([pair[i] for pair in pairs if pair[0].dtype == kind] for i in (0, 1))
        torch._foreach_lerp_(kept, now, 1 - decay)
        torch._foreach_copy_(now, kept)


def nesterov(net: RecordNet, published: Published) -> list[torch.optim.Optimizer]:
    """One optimiser; rates are those of a sum over the batch."""
    momentum = 0.85
    scale = 1024 * (1 + 1 / (1 - momentum))
    rate, decay = published.rate / scale, published.decay * published.batch / scale
    biases = [p for n, p in net.named_parameters() if "norms" in n and p.requires_grad]
    others = [p for n, p in net.named_parameters() if "norms" not in n and p.requires_grad]
    groups = [
        {"params": ps, "lr": r, "peak": r, "weight_decay": decay / r}
        for ps, r in ((biases, rate * BIAS_SCALE), (others, rate))
    ]
    return [torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=True)]


def muon(net: RecordNet, published: Published) -> list[torch.optim.Optimizer]:
    """Muon for the filters of the blocks, Nesterov's momentum for the rest."""
    decay = 2e-6 * published.batch
    biases = [p for n, p in net.named_parameters() if "norms" in n and p.requires_grad]
    groups = [
        {"params": ps, "lr": r, "peak": r, "weight_decay": decay / r, "whiten": whiten}
        for ps, r, whiten in (
            ([net.whiten.bias], 0.053, True),
            (biases, 0.053, False),
            ([net.linear.weight], 0.67, False),
        )
    ]
    filters = [p for p in net.blocks.parameters() if p.ndim == 4]
    rest = torch.optim.SGD(groups, lr=0.1, momentum=0.85, nesterov=True, fused=True)
    return [Muon(filters, 0.24), rest]


@final
class Muon(torch.optim.Optimizer):
    """Nesterov's momentum, orthogonalised by three Newton-Schulz iterations."""

    def __init__(self, params: list[nn.Parameter], rate: float) -> None:
        super().__init__(params, {"lr": rate, "peak": rate, "whiten": False})
        self._momentum = [torch.zeros_like(p) for p in params]

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One move of every filter."""
        del closure
        (group,) = self.param_groups
        for p, momentum in zip(group["params"], self._momentum, strict=True):
            momentum.mul_(0.6).add_(p.grad)
            gradient = p.grad.add(momentum, alpha=0.6)
            p.mul_(len(p) ** 0.5 / p.norm())
            update = orthogonal(gradient.reshape(len(p), -1)).view(p.shape)
            p.add_(update, alpha=-group["lr"])


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with all its singular values near one."""
    x = matrix.bfloat16()
    x = x / (x.norm() + 1e-7)
    if tall := len(x) > x.shape[1]:
        x = x.T
    for _ in range(3):
        gram = x @ x.T
        x = torch.addmm(
            x, torch.addmm(gram, gram, gram, beta=-4.7750, alpha=2.0315), x, beta=3.4445
        )
    return x.T if tall else x


@torch.inference_mode()
def answers(net: RecordNet, pictures: Tensor) -> Tensor:
    """(N,) classes by six views: moved by a pixel two ways, and all of that mirrored."""
    net.eval()
    x = normalised(pictures)
    padded = F.pad(x, (1, 1, 1, 1), "reflect")
    total = x.new_zeros(len(x), 10)
    for view, weight in ((x, 0.5), (padded[..., :-2, :-2], 0.25), (padded[..., 2:, 2:], 0.25)):
        for some in (view, view.flip(3)):
            parts = [net(part) for part in some.split(TEST_BATCH)]
            total += weight * torch.cat(parts)
    return total.argmax(1)
