"""The roles of nets: an intake takes rows of the cache in, an encoder reads them, a head answers.

Axes: N rows, C channels, H W picture, F features, K classes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, final

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fivefold.contracts.rows import Items

Shape = tuple[int, ...]
Scale = tuple[Tensor, Tensor]
Views = tuple[str, ...]
Blend = tuple[Tensor, Tensor]  # (N,) partner of each row, (N,) its share


class Intake(ABC):
    """How rows of the cache become the input of a net: one per input kind, without state.

    Attributes:
        views: Sets of test-time views, and the passes that an answer by each takes.
    """

    views: ClassVar[dict[Views, int]] = {(): 1}

    @abstractmethod
    def plain(self, raw: Tensor, size: Shape) -> Tensor:
        """Rows as they lie in the cache (N, *item_shape) -> the net's input, in raw scale.

        Args:
            raw: On the device of the net.
            size: `Recipe.size`, where the kind has one; () otherwise.
        """

    @abstractmethod
    def shape(self, item: Shape, size: Shape) -> Shape:
        """Shape of one input of the net, from that of a cached item and `Recipe.size`."""

    @abstractmethod
    def scale(self, rows: Items) -> Scale:
        """Mean and deviation of the raw input over training rows; two empty tensors for none."""

    def ladder(self, item: Shape, widths: Sequence[float]) -> list[tuple[float, Shape]]:  # noqa: ARG002
        """(width, `Recipe.size`) of the nets worth trying, cheap to dear."""
        return [(width, ()) for width in widths]

    def line_up(self, words: Sequence[str], learned: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002
        """Of the encoders that the catalog names for the kind, best first, those for these data.

        Args:
            words: Of the catalog.
            learned: What the kind learned of its items (`Dataset.shape`).
        """
        return tuple(words)

    def seen(self, x: Tensor, names: Sequence[str]) -> list[Tensor]:  # noqa: ARG002 - without any
        """The views of an input whose answers are averaged; the input itself comes first."""
        return [x]


class Encoder(nn.Module, ABC):
    """Input of `shape`, (C, H, W) or (D,), normalised to mean 0 and deviation 1 -> features (N, F).

    Every encoder is built as `Name(shape, width=..., depth=...)` and sets `features`. What else it
    `wants` of what the input kind learned, says its line in the catalog.

    Attributes:
        features: F.
        steady: Every batch of one shape is read by the same operations, whatever is in it.
    """

    features: int
    steady: ClassVar[bool] = False

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Features (N, F) of a normalised batch (N, *shape)."""

    def initialise(self, x: Tensor) -> None:
        """Set weights from a normalised batch `x` before training; nothing unless overridden."""

    def kernels(self) -> Tensor | None:
        """Weights of the first layer as M pictures (M, C, h, w); None where they are no pictures.

        Those of the first convolution, unless overridden.
        """
        convolutions = (m for m in self.modules() if isinstance(m, nn.Conv2d))
        first = next(convolutions, None)
        return None if first is None else first.weight


class Head(nn.Module, ABC):
    """Features -> output, its loss and its answers, as the target kind has them.

    Every head is built as `Name(features, outputs)`; what it learns of the training targets it
    keeps in buffers. A head that `reads="sequence"`, as its line in the catalog says, gets
    features (N, L, F) of which those of padding are exactly 0; any other gets (N, F).

    Attributes:
        steady: As an encoder's; its loss, too.
    """

    steady: ClassVar[bool] = False

    def learn(self, targets: Tensor) -> None:
        """Learn what it needs of the targets of training rows; nothing unless overridden."""

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Output (N, ...) of features; outputs of one row by several views are averaged."""

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        """Mean loss; `target` as the target kind has it, or mixed: probabilities (N, K) say."""

    def untrained(self) -> tuple[float, float]:
        """Least that the mean and the greatest loss of rows may be put at without training."""
        return 0.5, 0.5  # below that of two classes

    def count(self, target: Tensor) -> int:
        """How many the mean loss of `target` is a mean over: its rows unless overridden."""
        return len(target)

    @abstractmethod
    def probabilities(self, output: Tensor) -> Tensor:
        """Answers in float32 of an output: probabilities, or means and deviations."""


@final
class Net(nn.Module):
    """An encoder and a head behind the input's own scale.

    Args:
        encoder: Reads the normalised input.
        head: Answers.
        intake: Takes rows of the cache in.
        mean: Mean of the raw input over training rows, (C, 1, 1) or (D,); empty where it has no
            scale, as symbols have none.
        std: Its deviation, of the same shape; zeros count as one.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, encoder: Encoder, head: Head, intake: Intake, mean: Tensor, std: Tensor
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.intake = intake
        self.register_buffer("mean", mean.float())
        self.register_buffer("scale", (1.0 / torch.where(std > 0, std, 1.0)).float())

    def normalise(self, x: Tensor) -> Tensor:
        """Raw scale -> mean 0, deviation 1."""
        return (x.float() - self.mean) * self.scale if self.mean.numel() else x

    def forward(self, x: Tensor, blend: Blend | None = None) -> Tensor:
        """Output of the head for a batch in raw scale, its features mixed as `blend` says."""
        features = self.encoder(self.normalise(x))
        if blend is not None:
            partner, share = blend
            features = torch.lerp(features, features[partner], share[:, None].to(features.dtype))
        return self.head(features)
