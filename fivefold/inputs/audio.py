"""Input kind `audio`: sound files. Axes: T samples, C channels, F frames and B bands of a picture.

What a file holds is brought to one channel, at its own rate, when it is opened; to the rate and the
length of the data set when it is fitted. Silent clips are kept: silence may be a class.
"""

from __future__ import annotations

import struct
from collections import Counter
from io import BytesIO
from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.contracts.roles import InputKind
from fivefold.plumbing.errors import BadItem, RunError
from fivefold.plumbing.extras import need
from fivefold.plumbing.magic import other_format, sound_format
from fivefold.plumbing.sketch import grey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PADDING = -32768  # marks what lies behind a clip's end; a sample is never below -32767
_LOUDEST = 32767
_BEST_RATE = 16_000  # samples a second; above it is little that tells words, birds or engines apart
_LEAST_RATE = 8_000
_BLOCK = 1 << 18  # frames decoded at a time: many channels never stand in memory whole
_PERCENTILE = 98  # of durations: a few long clips must not make all rows long
_PROMISE = 0.95  # share of what a header promises that has to be there
_UNKNOWN = 0x7FFF0000  # sizes from here on are written by programs that do not know the size yet
_BANDS, _FRAMES, _WINDOW = 64, 128, 512  # of the picture


@final
class Sound(np.ndarray[Any, np.dtype[np.float32]]):
    """Samples (T,) in float32 that know their rate.

    Attributes:
        rate: Samples a second.
    """

    rate: int

    @classmethod
    def of(cls, samples: NDArray[Any], rate: int) -> Sound:
        """Samples (T,) at a rate."""
        sound = np.asarray(samples, np.float32).view(cls)
        sound.rate = rate
        return sound

    def __array_finalize__(self, source: object) -> None:
        self.rate = getattr(source, "rate", 0)


@final
class Audio(InputKind):
    """Sound files -> float32 (T,), one channel.

    Args:
        max_frames: Files of more samples a channel are refused before they are decoded whole.
        max_channels: Files of more channels are refused.
        rates: Lowest and highest rate that is read.
        min_seconds: Shorter clips are refused: nothing can be heard in them.
        max_seconds: Longer clips are cut, whatever the others last.
    """

    def __init__(
        self,
        max_frames: int = 100_000_000,
        max_channels: int = 64,
        rates: tuple[int, int] = (1_000, 768_000),
        min_seconds: float = 0.01,
        max_seconds: float = 30.0,
    ) -> None:
        self.max_frames, self.max_channels, self.rates = max_frames, max_channels, rates
        self.min_seconds, self.max_seconds = min_seconds, max_seconds

    def recognise(self, name: str, head: bytes) -> bool:  # noqa: ARG002 - names lie
        """Whether the first bytes are those of a sound format that is read."""
        return bool(sound_format(head))

    def open(self, raw: bytes) -> NDArray[np.generic]:
        """Decode a file: the mean of its channels, at its own rate, full scale being 1.

        Returns:
            A `Sound` (T,). Floats that go beyond 1 are scaled down to it.

        Raises:
            BadItem: It is no sound, is damaged, cut off, too short, or absurd in its header.
            RunError: The libraries that read sound are not installed.
        """
        if not raw:
            raise BadItem("is empty (0 bytes)")
        soundfile = need("soundfile", extra="audio")
        try:
            with soundfile.SoundFile(BytesIO(raw)) as file:
                self._check_header(file)
                _check_whole(raw)
                samples = self._mono(file)
                return _checked(samples, file.samplerate, self.min_seconds)
        except (BadItem, RunError, MemoryError):
            raise
        except Exception as cause:  # a decoder may raise anything on a damaged file
            raise BadItem(_reason(raw, cause)) from cause

    def _check_header(self, file: Any) -> None:  # noqa: ANN401 - soundfile is optional
        low, high = self.rates
        if not low <= file.samplerate <= high:
            raise BadItem(f"states {file.samplerate:,} samples a second, not {low:,} to {high:,}")
        if file.channels > self.max_channels:
            raise BadItem(f"states {file.channels} channels, above {self.max_channels}")

    def _mono(self, file: Any) -> NDArray[np.float32]:  # noqa: ANN401
        """The mean of the channels (T,), read in blocks to the end or to the limit."""
        blocks: list[NDArray[np.float32]] = []
        read = 0
        while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
            read += len(block)
            if read > self.max_frames:
                raise BadItem(f"lasts longer than {self.max_frames:,} samples")
            blocks.append(block.mean(1, dtype=np.float32))
        promised = file.frames
        if promised <= self.max_frames and read < _PROMISE * promised:
            raise BadItem(f"is cut off: {read:,} samples are there of {promised:,} promised")
        return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)

    def take(
        self,
        item: NDArray[np.generic],
        scale: tuple[float, float] | None,  # noqa: ARG002 - of pictures
    ) -> NDArray[np.generic]:
        """Samples (T,) of unknown rate, in whole numbers of 16 bits or in floats, as 16 kHz.

        Raises:
            BadItem: Another shape or type, or values that are not finite.
        """
        samples = np.asarray(item)
        if samples.ndim != 1 or samples.dtype.kind not in "if":
            raise BadItem(f"is {samples.dtype} of shape {samples.shape}, not one row of samples")
        scaled = samples.astype(np.float32) / (_LOUDEST if samples.dtype.kind == "i" else 1.0)
        return _checked(scaled, _BEST_RATE, 1 / _BEST_RATE)

    def learn(self, samples: Sequence[NDArray[np.generic]]) -> dict[str, Any]:
        """The rate that most clips have, at most 16 kHz, and the length that nearly all fit in."""
        rates = Counter(_rate(sample) for sample in samples)
        rate = min(_BEST_RATE, max(rates, key=lambda r: (rates[r], r)))
        seconds = [len(sample) / _rate(sample) for sample in samples]
        length = min(self.max_seconds, float(np.percentile(seconds, _PERCENTILE)))
        return {"item_shape": [max(1, round(length * rate))], "dtype": "int16", "rate": rate}

    def fit(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.generic]:
        """The clip at the common rate in int16 (T,): longer ones cut, shorter ones padded.

        Of a longer clip its loudest part is kept: what a clip is about seldom lies in its pauses.
        """
        (length,), rate = shape["item_shape"], shape["rate"]
        samples = np.asarray(item, np.float32)
        if _rate(item) != rate:
            soxr = need("soxr", extra="audio")
            samples = soxr.resample(samples, _rate(item), rate)
        samples = _loudest(samples, length)
        top = max(1.0, float(np.abs(samples).max(initial=0.0)))  # resampling may overshoot
        fitted = np.full(length, PADDING, np.int16)
        fitted[: len(samples)] = np.rint(samples * (_LOUDEST / top)).astype(np.int16)
        return fitted

    def smaller(self, shape: dict[str, Any], share: float) -> dict[str, Any] | None:
        """The same seconds at a lower rate, down to that of a telephone."""
        (length,), rate = shape["item_shape"], shape["rate"]
        lower = max(_LEAST_RATE, int(share * rate))
        if lower >= rate:
            return None
        return {**shape, "item_shape": [max(1, round(length * lower / rate))], "rate": lower}

    def tell(self, shape: dict[str, Any]) -> tuple[str, ...]:
        """At which rate and length sounds are read."""
        (length,), rate = shape["item_shape"], shape["rate"]
        seconds = f"{length / rate:.2g} s at {rate / 1000:g} kHz"
        return (f"sounds are read as {seconds}: of longer ones the loudest part is kept",)

    def blank(self, shape: dict[str, Any]) -> NDArray[np.generic]:
        """Nothing but padding."""
        return np.full(shape["item_shape"], PADDING, np.int16)

    def length(self, sides: tuple[int, ...], shape: dict[str, Any]) -> tuple[float, str]:  # noqa: ARG002
        """Its samples, at its own rate."""
        return float(sides[0]), "samples"

    def show(self, item: NDArray[np.generic], shape: dict[str, Any]) -> NDArray[np.uint8]:
        """A spectrogram (B, F, 1): time from left to right, pitch upwards, loud is bright."""
        del shape
        samples = item[item != PADDING].astype(np.float64) / _LOUDEST
        samples = np.pad(samples, (0, max(0, _WINDOW - len(samples))))
        starts = np.linspace(0, len(samples) - _WINDOW, _FRAMES).astype(int)
        frames = samples[starts[:, None] + np.arange(_WINDOW)] * np.hanning(_WINDOW)
        power = np.abs(np.fft.rfft(frames)) ** 2
        # Even steps of pitch, as ears hear it; each band is at least one line of the spectrum wide.
        edges = np.geomspace(2, power.shape[1], _BANDS + 1)
        first = np.minimum(edges[:-1].astype(int), power.shape[1] - 1)
        last = np.maximum(edges[1:].astype(int), first + 1)
        bands = np.stack([power[:, a:b].mean(1) for a, b in zip(first, last, strict=True)])
        loud = np.log10(np.maximum(bands, 1e-6 * max(float(bands.max()), 1e-12)))
        return grey(loud[::-1])


def _rate(sound: NDArray[np.generic]) -> int:
    """The rate of what `open` or `take` gave."""
    return int(getattr(sound, "rate", 0)) or _BEST_RATE


def _checked(samples: NDArray[np.float32], rate: int, min_seconds: float) -> Sound:
    """Samples (T,) that can be worked with.

    Raises:
        BadItem: Nothing to hear, or values that are no numbers.
    """
    if not len(samples):
        raise BadItem("holds no sound (0 samples)")
    if len(samples) < min_seconds * rate:
        raise BadItem(
            f"lasts {1e3 * len(samples) / rate:.2g} ms, too short to hear anything in "
            f"(at least {1e3 * min_seconds:g} ms)"
        )
    top = float(np.abs(samples).max())
    if not np.isfinite(top):
        raise BadItem("has samples that are not finite numbers")
    return Sound.of(samples / max(top, 1.0), rate)


def _loudest(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """The `length` samples in a row with the most energy; all where there are no more."""
    if len(samples) <= length:
        return samples
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    start = int((energy[length:] - energy[:-length]).argmax())
    return samples[start : start + length]


def _check_whole(raw: bytes) -> None:
    """Refuse a WAV or AIFF file that ends long before the end its header states.

    The decoder reads what is there and calls it the whole.
    """
    order = {b"RIFF": "<", b"RIFX": ">", b"FORM": ">"}.get(raw[:4])
    if order is None or len(raw) < 8:
        return
    promised = struct.unpack(f"{order}I", raw[4:8])[0] + 8
    if promised < _UNKNOWN and len(raw) < _PROMISE * promised:
        raise BadItem(f"is cut off: {len(raw):,} bytes are there of {promised:,} promised")


def _reason(raw: bytes, cause: Exception) -> str:
    """Why `raw` could not be decoded, in words."""
    form = sound_format(raw)
    if not form:
        return f"is not a sound but {other_format(raw)}"
    said = str(getattr(cause, "error_string", cause)).rstrip(".")
    # Where the decoder finds nothing it speaks of a missing file; the file is there.
    said = "no sound can be decoded" if not said or "does not exist" in said else said
    return f"is damaged ({form}: {said})"
