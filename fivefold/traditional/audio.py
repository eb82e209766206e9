"""Hand-crafted features of sound: MFCC statistics, and log-band energies in slices of time.

Axes: N clips, T samples, L frames, B bands, F features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import TraditionalFeatures
from fivefold.plumbing.extras import need

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from fivefold.contracts.rows import FloatArray, Items

PADDING, FULL = -32768, 32767  # of the cached rows; see inputs/audio.py
COEFFICIENTS = 20  # of the cepstrum
BANDS, SLICES = 24, 8
WINDOW = 0.032  # seconds; frames are half a window apart
FLOOR = 1e-6  # of a clip's loudest band


@final
class Mfcc(TraditionalFeatures):
    """Mel-frequency cepstral coefficients (Davis and Mermelstein 1980), summed up over time.

    Of each coefficient and of how it changes: mean, deviation, least and most; with the length.

    Args:
        rate: Samples a second.
    """

    name = "mfcc"

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._mean = np.zeros(1, np.float32)
        self._scale = np.ones(1, np.float32)

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Learn means and deviations: coefficients differ in size by their number alone."""
        chosen = np.sort(rng.permutation(len(rows))[:200])
        found = self._described(rows.take(chosen))
        self._mean = found.mean(0)
        deviation = found.std(0)
        self._scale = np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32)

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Clips (N, T) by (N, F), of mean 0 and deviation 1."""
        return (self._described(items) - self._mean) / self._scale

    def state(self) -> dict[str, NDArray[Any]]:
        """Mean and deviation of each feature (F,)."""
        return {"mean": self._mean, "scale": self._scale}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put means and deviations back."""
        self._mean, self._scale = state["mean"], state["scale"]

    def _described(self, items: NDArray[Any]) -> FloatArray:
        return np.stack([self._one(clip) for clip in items]).astype(np.float32)

    def _one(self, clip: NDArray[Any]) -> FloatArray:
        feature = need("librosa.feature", extra="audio")
        sound = _sound(clip, self.rate)
        span = _span(self.rate)
        found = feature.mfcc(
            y=sound,
            sr=self.rate,
            n_mfcc=COEFFICIENTS,
            n_mels=2 * BANDS,
            n_fft=span,
            hop_length=span // 2,
        )
        changes = np.diff(found, axis=1, prepend=found[:, :1])
        summed = [
            summary(one, axis=1)
            for one in (found, changes)
            for summary in (np.mean, np.std, np.min, np.max)
        ]
        return np.concatenate([*summed, [np.log(len(sound))]]).astype(np.float32)


@final
class Slices(TraditionalFeatures):
    """Logarithms of the energy in bands of pitch, averaged in equal slices of a clip's own time.

    Slow and fast speakers are laid over each other; each clip is measured against its loudest band.

    Args:
        rate: Samples a second.
    """

    name = "slices"

    def __init__(self, rate: int) -> None:
        self.rate = rate

    def learn(self, rows: Items, rng: np.random.Generator) -> None:
        """Nothing is learned."""

    def describe(self, items: NDArray[Any]) -> FloatArray:
        """Clips (N, T) by (N, SLICES x BANDS)."""
        return np.stack([self._one(clip) for clip in items])

    def state(self) -> dict[str, NDArray[Any]]:
        """Nothing was learned."""
        return {}

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Nothing was learned."""

    def _one(self, clip: NDArray[Any]) -> FloatArray:
        feature = need("librosa.feature", extra="audio")
        span = _span(self.rate)
        power = feature.melspectrogram(
            y=_sound(clip, self.rate),
            sr=self.rate,
            n_mels=BANDS,
            n_fft=span,
            hop_length=span // 2,
        )
        level = np.log(np.maximum(power / max(float(power.max()), 1e-10), FLOOR))
        edges = np.linspace(0, level.shape[1], SLICES + 1)
        first = np.minimum(edges[:-1].astype(int), level.shape[1] - 1)
        last = np.maximum(np.ceil(edges[1:]).astype(int), first + 1)
        slices = [level[:, a:b].mean(1) for a, b in zip(first, last, strict=True)]
        return np.concatenate(slices).astype(np.float32) / 10.0  # about one in size


def features(shape: Mapping[str, Any]) -> tuple[TraditionalFeatures, ...]:
    """The features of sound, cheapest first."""
    found = (Slices(shape["rate"]), Mfcc(shape["rate"]))
    for one in found:
        # The library loads and compiles itself at its first calls, which is no cost of a row's.
        one.describe(np.zeros((1, shape["rate"]), np.int16))
    return found


def _span(rate: int) -> int:
    """Samples of a window."""
    return max(16, 2 * round(WINDOW * rate / 2))


def _sound(clip: NDArray[Any], rate: int) -> FloatArray:
    """A cached clip (T,) up to its end, in [-1, 1]; at least one window long."""
    sound = clip[clip != PADDING].astype(np.float32) / FULL
    return np.pad(sound, (0, max(0, _span(rate) - len(sound))))
