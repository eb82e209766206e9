"""Public conformance checks: a part that passes can be listed in the catalog, ours or a plugin's.

    from fivefold.testing import check_encoder

    def test_my_encoder() -> None:
        check_encoder(MyEncoder, (3, 32, 32), width=0.25)

Axes: N rows, F features, K classes.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional as F

from fivefold.plumbing.errors import BadItem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fivefold.contracts.roles import InputKind
    from fivefold.nets.base import Encoder, Head, Shape

_ROWS = 12
_CLASSES = 3
_PLACES = 5
_HEAD_BYTES = 4096  # what `recognise` gets of a file


class NotConforming(AssertionError):  # noqa: N818 - a failed check of a test
    """A part does not keep the contract of its role; the message says where."""


def check_encoder(
    encoder: Callable[..., Encoder],
    shape: Shape,
    *,
    steps: int = 60,
    rate: float = 2e-3,
    batch: Tensor | None = None,
    **options: Any,  # noqa: ANN401 - the encoder's own
) -> None:
    """Check an encoder class on random inputs; it runs in seconds if `width` is small.

    Checked: features of the declared width; an answer for a row does not depend on the other rows
    (N = 1 included); bf16 autocast and channels-last give the same features, roughly and closely;
    weights survive safetensors; a tiny batch is learned, and every trainable parameter takes part.

    Args:
        encoder: Class or function, called as `encoder(shape, **options)`.
        shape: (C, H, W) or (D,).
        steps: Steps in which the loss of a tiny batch has to halve.
        rate: Learning rate of those steps.
        batch: Some rows (N, *shape) to check it on, where it does not read any numbers: codes,
            say. Numbers of mean 0 and deviation 1 when left out.
        **options: For the encoder, `width=0.25` say.

    Raises:
        NotConforming: One of the checks failed.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x = torch.randn(_ROWS, *shape) if batch is None else batch
        net = encoder(shape, **options)
        net.initialise(x)
        net.eval()
        with torch.no_grad():
            _check_width(net, x)
        _check_learning(net, x, steps, rate)
        net.eval()
        with torch.no_grad():
            _check_rows(net, x)
            _check_precision(net, x)
            _check_saving(net, encoder(shape, **options), x)


def check_head(
    head: Callable[[int, int], Head],
    *,
    features: int = 8,
    outputs: int = 3,
    target: str = "class",
    sequence: bool = False,
) -> None:
    """Check a head class.

    Checked: answers in float32, also from bf16 outputs, shaped and bounded as the target has them;
    the loss is one finite number; a gradient step lowers it; one row is enough. Of classes also:
    the loss is the same for class numbers and for their one-hot probabilities, and smoothing
    raises the loss of a sure answer. Of sequences: padding, where features are 0, is answered by 0
    and changes no other answer.

    Args:
        head: Class, called as `head(features, outputs)`.
        features: F.
        outputs: K, or M numbers.
        target: Target kind (a catalog word).
        sequence: It reads features (N, L, F).

    Raises:
        NotConforming: One of the checks failed.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = head(features, outputs)
        shape = (_ROWS, _PLACES, features) if sequence else (_ROWS, features)
        x = torch.randn(shape)
        targets = example_targets(target, _ROWS, outputs, length=_PLACES)
        net.learn(targets)
        output = net(x)
        for answer in (output, output.bfloat16(), output[:1]):
            _check_answers(net.probabilities(answer), len(answer), outputs, target)
        if target == "class":
            _check_loss(net, output, targets, outputs)
        if sequence:
            _check_padding(net, x)
        _require(bool(net.loss(output[:1], targets[:1]).isfinite()), "no loss for a single row")
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
        losses = []
        for _ in range(3):
            loss = net.loss(net(x), targets)
            _require(loss.ndim == 0 and bool(loss.isfinite()), "the loss is not one finite number")
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            losses.append(loss.item())
        falling = all(late < early for early, late in pairwise(losses))
        _require(falling, f"gradient steps do not lower the loss: {losses}")


def example_targets(target: str, rows: int, outputs: int, *, length: int = 4) -> Tensor:
    """Targets of a kind that differ from row to row: for tests of heads and nets.

    Args:
        target: Target kind (a catalog word); an unknown one is taken for classes.
        rows: N.
        outputs: K, or M numbers.
        length: L of tags.
    """
    numbers_N = torch.arange(rows) % outputs
    if target == "labels":
        return F.one_hot(numbers_N, outputs).float()
    if target == "number":
        return 100.0 + 10.0 * F.one_hot(numbers_N, outputs).float()
    if target == "tags":
        return (numbers_N[:, None] + torch.arange(length)) % outputs
    return numbers_N


def check_input_kind(kind: InputKind, good: Sequence[bytes], bad: Sequence[bytes]) -> None:
    """Check an input kind on raw items.

    Checked: good items are recognised by their first bytes, open alike twice, and fit the shape
    that was learned from them, which is plain JSON; bad items raise `BadItem` with a reason.

    Args:
        kind: The input kind.
        good: Raw items that must open.
        bad: Raw items that must not.

    Raises:
        NotConforming: One of the checks failed.
    """
    opened = []
    for i, raw in enumerate(good):
        _require(kind.recognise("item", raw[:_HEAD_BYTES]), f"good item {i} is not recognised")
        item = kind.open(raw)
        _require(np.array_equal(item, kind.open(raw)), f"good item {i} opens differently twice")
        opened.append(item)
    shape = json.loads(json.dumps(kind.learn(opened)))
    for key in ("item_shape", "dtype"):
        _require(key in shape, f"learn does not return {key!r}")
    wanted = (tuple(shape["item_shape"]), np.dtype(shape["dtype"]))
    for i, (raw, item) in enumerate(zip(good, opened, strict=True)):
        cheap, sides = kind.open_for(raw, shape)
        known = sides in (item.shape, ())
        _require(known, f"good item {i} is {item.shape}, open_for says {sides}")
        fitted = kind.fit(cheap, shape)
        found = (fitted.shape, fitted.dtype)
        _require(found == wanted, f"good item {i} fits to {found}, learned was {wanted}")
    for i, raw in enumerate(bad):
        _require(_refused(kind, raw), f"bad item {i} opens, or is refused without a reason")


def _require(kept: bool, broken: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not kept:
        raise NotConforming(broken)


def _check_width(net: Encoder, x: Tensor) -> None:
    features = net(x)
    wanted = (len(x), net.features)
    _require(features.shape == wanted, f"features are {tuple(features.shape)}, declared {wanted}")
    _require(bool(features.isfinite().all()), "features are not finite")


def _check_learning(net: Encoder, x: Tensor, steps: int, rate: float) -> None:
    targets = torch.arange(len(x)) % _CLASSES
    head = nn.Linear(net.features, _CLASSES)
    whole = nn.Sequential(net, head)
    trained = [p for p in whole.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=rate)
    reached: set[str] = set()
    net.eval()
    before = F.cross_entropy(whole(x), targets).item()
    net.train()
    for _ in range(steps):
        optimiser.zero_grad()
        torch.autograd.backward(F.cross_entropy(whole(x).float(), targets))
        reached.update(
            name
            for name, p in net.named_parameters()
            if p.grad is not None and bool(p.grad.any()) and bool(p.grad.isfinite().all())
        )
        optimiser.step()
    # A block that starts as the identity gets its gradient from the second step on.
    missed = [n for n, p in net.named_parameters() if p.requires_grad and n not in reached]
    _require(not missed, f"no finite gradient other than zero ever reaches {', '.join(missed)}")
    net.eval()
    after = F.cross_entropy(whole(x), targets).item()
    _require(after < before / 2, f"loss of a tiny batch: {before:.3f}, {after:.3f} after training")


def _check_rows(net: Encoder, x: Tensor) -> None:
    alone = torch.cat([net(row) for row in torch.split(x, 1)])
    _require(_distance(alone, net(x)) < 1e-3, "features of a row depend on the other rows")


def _check_precision(net: Encoder, x: Tensor) -> None:
    features = net(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = net(x)
    _require(_distance(low, features) < 0.1, "features under bf16 autocast are far off")
    if x.ndim == 4:
        turned = net(x.contiguous(memory_format=torch.channels_last))
        _require(_distance(turned, features) < 1e-3, "features differ in channels-last")


def _check_saving(net: Encoder, fresh: Encoder, x: Tensor) -> None:
    fresh.load_state_dict(load(save(net.state_dict())))
    _require(torch.equal(fresh.eval()(x), net(x)), "features differ after saving and loading")


def _check_loss(net: Head, output: Tensor, numbers_N: Tensor, outputs: int) -> None:
    loss = net.loss(output, numbers_N)
    _require(loss.ndim == 0 and bool(loss.isfinite()), "the loss is not one finite number")
    soft = net.loss(output, F.one_hot(numbers_N, outputs).float())
    _require(torch.allclose(loss, soft), "one-hot probabilities and class numbers differ in loss")
    sure = output.detach().clone()
    sure[torch.arange(len(sure)), numbers_N] += 20
    smooth = net.loss(sure, numbers_N, smoothing=0.1)
    _require(bool(smooth > net.loss(sure, numbers_N)), "smoothing does not tame a sure answer")


def _check_answers(answers: Tensor, rows: int, outputs: int, target: str) -> None:
    _require(answers.dtype == torch.float32, "probabilities are not float32")
    if target == "number":
        _require(answers.shape == (rows, 2 * outputs), "answers are not (N, 2M)")
        _require(bool((answers[:, outputs:] > 0).all()), "deviations are not above 0")
        return
    wanted = (rows, _PLACES, outputs) if target == "tags" else (rows, outputs)
    _require(answers.shape == wanted, f"probabilities are not of shape {wanted}")
    sound = bool(((answers >= 0) & (answers <= 1 + 1e-5)).all())
    if target != "labels":
        sums = answers.sum(-1)
        sound = sound and torch.allclose(sums, torch.ones_like(sums))
    _require(sound, "probabilities are negative or do not sum to one")


def _check_padding(net: Head, x: Tensor) -> None:
    short = x[:, : _PLACES - 2]
    padded = torch.cat([short, torch.zeros_like(x[:, :2])], dim=1)
    alone, beside = (net.probabilities(net(some)) for some in (short, padded))
    _require(bool((beside[:, _PLACES - 2 :] == 0).all()), "padding is answered")
    _require(_distance(beside[:, : _PLACES - 2], alone) < 1e-4, "padding changes other answers")


def _refused(kind: InputKind, raw: bytes) -> bool:
    try:
        kind.open(raw)
    except BadItem as reason:
        return bool(str(reason).strip())
    return False


def _distance(a: Tensor, b: Tensor) -> float:
    """Distance of `a` from `b`, relative to the size of `b`."""
    return ((a.float() - b.float()).norm() / b.float().norm().clamp(min=1e-12)).item()
