"""From a recipe to a net, and what can be told of a net without training it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from fivefold import catalog
from fivefold.nets.base import Encoder, Head, Intake, Net, Shape
from fivefold.plumbing.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from fivefold.contracts.records import Recipe
    from fivefold.contracts.rows import FloatArray


def build(
    recipe: Recipe,
    shape: Shape,
    outputs: int,
    mean: Tensor,
    std: Tensor,
    learned: Mapping[str, Any] | None = None,
) -> Net:
    """The net of a recipe, on the CPU, with weights that depend on the recipe's seed alone.

    Args:
        recipe: Names encoder, head, width, depth and seed.
        shape: Shape of one input, (C, H, W) or (D,).
        outputs: What the head answers with, the number of classes say.
        mean: Mean of the raw input over training rows, (C, 1, 1) or (D,).
        std: Its deviation, of the same shape.
        learned: What the input kind learned of its items (`Dataset.shape`); an encoder gets of it
            what its catalog line `wants`, as far as the kind has it.

    Raises:
        OptionError: The catalog has no such encoder or head, or they do not fit each other.
    """
    head_class = catalog.load("head", recipe.head)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = build_encoder(
            recipe.net, shape, recipe.width, recipe.depth, learned, sequence=_sequence(recipe)
        )
        head: Head = head_class(encoder.features, outputs)
    return Net(encoder, head, intake_of(recipe.input), mean, std)


def intake_of(kind: str) -> Intake:
    """How rows of an input kind (a catalog word) enter a net."""
    intake: Intake = catalog.load("intake", kind)()
    return intake


def build_encoder(
    word: str,
    shape: Shape,
    width: float,
    depth: int,
    learned: Mapping[str, Any] | None = None,
    *,
    sequence: bool = False,
) -> Encoder:
    """An encoder of the catalog with what its line `wants` of what the input kind learned.

    With `sequence` it gives features of every place (N, L, F).

    Raises:
        OptionError: The catalog has no such encoder.
    """
    wants = catalog.entry("encoder", word).facts.get("wants", ())
    wanted = {name: learned[name] for name in wants if learned and name in learned}
    if sequence:
        wanted["sequence"] = True
    encoder: Encoder = catalog.load("encoder", word)(shape, width=width, depth=depth, **wanted)
    return encoder


def _sequence(recipe: Recipe) -> bool:
    """Whether the head answers for every place of a row, as the encoder then has to."""
    if catalog.entry("head", recipe.head).facts.get("reads") != "sequence":
        return False
    if not catalog.entry("encoder", recipe.net).facts.get("sequence"):
        able = [e.word for e in catalog.listed("encoder").values() if e.facts.get("sequence")]
        raise OptionError(
            found=f"net {recipe.net}, which answers for a row as a whole",
            wanted=f"one that answers for every place: {', '.join(able)}",
            hint="choose one of them with --net, or leave it out",
        )
    return True


def count_parameters(net: nn.Module) -> int:
    """Number of parameters, frozen ones included."""
    return sum(parameter.numel() for parameter in net.parameters())


def first_layer_kernels(net: Net) -> FloatArray | None:
    """Weights of the first layer as pictures (M, h, w, C); None where they are no pictures."""
    kernels = net.encoder.kernels()
    if kernels is None or kernels.shape[1] not in (1, 3):  # of frames side by side, say
        return None
    return kernels.detach().float().permute(0, 2, 3, 1).cpu().numpy()


def describe_encoders(
    shape: Shape, *, width: float = 1.0, depth: int = 2
) -> tuple[dict[str, Any], ...]:
    """Every encoder of the catalog that reads inputs of `shape`, with what it would cost.

    Nothing is allocated or computed: the nets are built and run on the meta device.

    Args:
        shape: (C, H, W) of pictures or (D,) of arrays.
        width: As in the recipe.
        depth: As in the recipe.

    Returns:
        For each: `word`, `about`, `source`, `features`, `parameters`, and `flops` of the forward
        pass of one row, a multiply-add being two.
    """
    kind = "image" if len(shape) == 3 else "array"
    entries = catalog.listed("encoder").values()
    return tuple(
        {
            "word": entry.word,
            "about": entry.about,
            "source": entry.facts.get("source", ""),
            **_costs(entry.word, shape, width, depth),
        }
        for entry in entries
        if catalog.reads(entry, kind, len(shape))
    )


def _costs(word: str, shape: Shape, width: float, depth: int) -> dict[str, int]:
    with torch.device("meta"):
        encoder: Encoder = catalog.load("encoder", word)(shape, width=width, depth=depth).eval()
        row = torch.empty(1, *shape)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        encoder(row)
    return {
        "features": encoder.features,
        "parameters": count_parameters(encoder),
        "flops": counter.get_total_flops(),
    }
