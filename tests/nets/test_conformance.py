"""The conformance checks must fail on parts that break their contract."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fivefold.contracts.roles import InputKind
from fivefold.nets.base import Encoder, Head
from fivefold.nets.heads.class_ import ClassHead
from fivefold.plumbing.errors import BadItem
from fivefold.testing import NotConforming, check_encoder, check_head, check_input_kind


class Plain(Encoder):
    def __init__(self, shape: tuple[int, ...], change: Callable[..., Tensor] | None = None) -> None:
        super().__init__()
        self.features = 16
        self.linear = nn.Linear(shape[0], 16)
        self.change = change

    def forward(self, x: Tensor) -> Tensor:
        features = self.linear(x)
        return features if self.change is None else self.change(self, features)


class Idle(Plain):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.unused = nn.Parameter(torch.ones(1))


class Forgetful(Plain):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__(shape)
        self.secret = torch.rand(16)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.secret


def test_a_plain_encoder_conforms() -> None:
    check_encoder(Plain, (20,), rate=1e-2)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda net, f: f + (0.0 if net.training else f.mean(0)), "depend on the other rows"),
        (lambda net, f: torch.cat([f, f], 1) if not net.training else f, "declared"),
        (lambda _net, f: f / 0, "not finite"),
        (lambda net, f: f * 0 + net.linear.bias, "ever reaches linear.weight"),
        (lambda _net, f: f.detach() * 0 + f.mean() * 1e-9 + f * 1e-9, "loss of a tiny batch"),
        (lambda _net, f: f + 1e3 * (f.dtype == torch.bfloat16), "bf16"),
    ],
    ids=["batch", "width", "infinite", "gradient", "learning", "precision"],
)
def test_check_encoder_catches(change: Callable[..., Tensor], broken: str) -> None:
    with pytest.raises(NotConforming, match=broken):
        check_encoder(Plain, (20,), rate=1e-2, change=change)


def test_check_encoder_catches_idle_parameters_and_unsaved_state() -> None:
    with pytest.raises(NotConforming, match="ever reaches unused"):
        check_encoder(Idle, (20,), rate=1e-2)
    with pytest.raises(NotConforming, match="after saving"):
        check_encoder(Forgetful, (20,), rate=1e-2)


def test_check_encoder_leaves_the_global_stream_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(2)
    torch.manual_seed(5)
    check_encoder(Plain, (20,), rate=1e-2)
    assert torch.equal(torch.rand(2), wanted)


class Faulty(Head):
    def __init__(self, fault: str, features: int, outputs: int) -> None:
        super().__init__()
        self.fault = fault
        self.right = ClassHead(features, outputs)

    def forward(self, features: Tensor) -> Tensor:
        return self.right(features)

    def loss(self, output: Tensor, target: Tensor, *, smoothing: float = 0.0) -> Tensor:
        if self.fault == "smoothing":
            return self.right.loss(output, target)
        if self.fault == "soft" and target.ndim == 2:
            return self.right.loss(output, target, smoothing=0.5)
        sign = -1 if self.fault == "sign" else 1
        return sign * self.right.loss(output, target, smoothing=sign * smoothing)

    def probabilities(self, output: Tensor) -> Tensor:
        if self.fault == "sum":
            return output.float().sigmoid()
        return output.softmax(1) if self.fault == "dtype" else self.right.probabilities(output)


@pytest.mark.parametrize(
    ("fault", "broken"),
    [("sum", "sum to one"), ("dtype", "float32"), ("soft", "one-hot"), ("smoothing", "smoothing")],
)
def test_check_head_catches(fault: str, broken: str) -> None:
    with pytest.raises(NotConforming, match=broken):
        check_head(lambda features, outputs: Faulty(fault, features, outputs))


class Floats(InputKind):
    """Little-endian float32 numbers behind the letters `FL`."""

    reason = "not floats"

    def recognise(self, name: str, head: bytes) -> bool:
        return not name.endswith(".txt") and head.startswith(b"FL")

    def open(self, raw: bytes) -> NDArray[np.generic]:
        if not raw.startswith(b"FL") or len(raw) % 4 != 2:
            raise BadItem(self.reason)
        return np.frombuffer(raw[2:], "<f4")

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        return {"item_shape": [max(len(s) for s in samples)], "dtype": "float32"}

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        return np.resize(item, shape["item_shape"]).astype(shape["dtype"])

    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> str:
        return f"{item} of {shape['dtype']}"


class Wide(Floats):
    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        return super().fit(item, shape).astype("float64")


class Mute(Floats):
    reason = " "


GOOD = [b"FL" + struct.pack("<3f", 1, 2, 3), b"FL" + struct.pack("<2f", 4, 5)]
BAD = [b"", b"FL\0", b"no floats"]


def test_a_kind_that_keeps_its_role_conforms() -> None:
    check_input_kind(Floats(), GOOD, BAD)


@pytest.mark.parametrize(
    ("kind", "good", "bad", "broken"),
    [
        (Floats(), [b"XX" + GOOD[0]], BAD, "item 0 is not recognised"),
        (Wide(), GOOD, BAD, "item 0 fits to"),
        (Floats(), GOOD, [b"", GOOD[0]], "bad item 1 opens"),
        (Mute(), GOOD, BAD, "without a reason"),
    ],
)
def test_check_input_kind_catches(
    kind: InputKind, good: list[bytes], bad: list[bytes], broken: str
) -> None:
    with pytest.raises(NotConforming, match=broken):
        check_input_kind(kind, good, bad)
