"""Frames of a clip file: a few, spread evenly over its length, small, upright, in true colours.

Axes: T frames, H W a frame, 3 colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, final

import numpy as np

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.extras import need
from fivefold.plumbing.magic import clip_format, other_format

if TYPE_CHECKING:
    from numpy.typing import NDArray

# FFmpeg's reader for each form. Naming it keeps FFmpeg from guessing, and so from its readers that
# open what the file names (playlists, lists of files, scripts).
_READERS = {
    "MP4": "mov",
    "Matroska": "matroska",
    "AVI": "avi",
    "GIF": "gif",
    "MPEG": "mpeg",
    "MPEG-TS": "mpegts",
    "FLV": "flv",
    "Ogg": "ogg",
    "WMV": "asf",
}
_HD = 720  # rows from which unmarked colours are those of HD television (BT.709), else BT.601
_KEPT = 4  # times the frames wanted that are held while a clip of unknown length is read
_LOST = 0.1  # share of a clip that may be missing or damaged


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is taken of a clip, and what is too much.

    Attributes:
        frames: Most frames that come back.
        side: Pixels of their shorter side; smaller clips stay as they are.
        frame_pixels: A larger frame is refused before it is decoded.
        pixels: Decoded in all, about three seconds of one core; longer clips are sought through,
            and refused where that cannot be done.
        seconds: A longer clip is refused.
    """

    frames: int = 32
    side: int = 96
    frame_pixels: int = 40_000_000
    pixels: int = 600_000_000
    seconds: float = 4 * 3600.0


def sampled_frames(raw: bytes, limits: Limits) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) of a clip file, T from 1 to `limits.frames`.

    Short clips are read through, since most of their frames are needed to decode the others. Of
    long ones, each wanted moment is sought: what is taken lies as near to it as a few frames
    behind its key frame allow.

    Raises:
        BadItem: It is no clip, has no pictures, is damaged, cut off or too large.
    """
    if not raw:
        raise BadItem("is empty (0 bytes)")
    form = clip_format(raw)
    if not form:
        raise BadItem(f"is not a clip but {other_format(raw)}")
    av = need("av", extra="video")
    av.logging.set_level(av.logging.PANIC)  # what a decoder has to say ends as a reason
    try:
        # Damaged titles are no reason to refuse pictures.
        with av.open(BytesIO(raw), format=_READERS[form], metadata_errors="ignore") as container:
            return _Clip(av, container, form, limits).frames()
    except BadItem:
        raise
    except Exception as cause:  # a decoder may raise anything on a damaged file
        said = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
        raise BadItem(f"is damaged ({form}: {said})") from cause


@final
class _Clip:
    """One open clip; `av` is the library, which is there only with its extra."""

    def __init__(self, av: Any, container: Any, form: str, limits: Limits) -> None:  # noqa: ANN401
        self._av, self._container, self._form, self._limits = av, container, form, limits
        if not container.streams.video:
            sound = "only sound" if container.streams.audio else "no sound either"
            raise BadItem(f"has no pictures, {sound} ({form})")
        self._stream = container.streams.video[0]
        context = self._stream.codec_context
        if context is None:
            raise BadItem(f"is coded in a way that is not read ({form})")
        context.thread_count = 1  # clips are decoded side by side, a process per core
        self._pixels = context.width * context.height
        if self._pixels > limits.frame_pixels:
            raise BadItem(
                f"would decode to {context.width} x {context.height} pixels a frame, above "
                f"{limits.frame_pixels:,}"
            )
        if self._seconds() > limits.seconds:
            raise BadItem(f"lasts {self._seconds():,.0f} s, above {limits.seconds:,.0f}")

    def frames(self) -> NDArray[np.uint8]:
        """The frames wanted."""
        counted = self._stream.frames or self._seconds() * float(self._stream.average_rate or 0)
        if counted * self._pixels > self._limits.pixels:
            return self._sought()
        return self._read_through()

    def _seconds(self) -> float:
        stream = self._stream
        if stream.duration is not None and stream.time_base:
            return float(stream.duration * stream.time_base)
        return float((self._container.duration or 0) / self._av.time_base)

    def _read_through(self) -> NDArray[np.uint8]:
        sampler = _Sampler(self._limits.frames)
        packets = keys = damaged = 0
        for packet in self._container.demux(self._stream):
            packets += packet.size > 0
            keys += packet.is_keyframe
            try:
                decoded = packet.decode()
            except self._av.FFmpegError:
                damaged += 1
                continue
            for frame in decoded:
                if sampler.count * frame.width * frame.height > 2 * self._limits.pixels:
                    raise BadItem(f"has more than {sampler.count:,} frames and tells no length")
                if sampler.wants():
                    sampler.keep(frame.time, self._small(frame))
                sampler.count += 1
        self._check(packets, keys, damaged, sampler.count)
        return sampler.spread()

    def _check(self, packets: int, keys: int, damaged: int, decoded: int) -> None:
        """Refuse what was not read whole.

        Raises:
            BadItem: Frames are missing or damaged.
        """
        announced = max(self._stream.frames, packets)
        if not packets:
            raise BadItem(self._nothing())
        if not decoded and not keys:
            raise BadItem(f"has no key frame to begin from in {packets} frames")
        if decoded < min((1 - _LOST) * announced, announced - 1) or damaged > _LOST * packets:
            raise BadItem(
                f"is damaged or cut off: {decoded} of {announced} frames can be decoded "
                f"({self._form})"
            )

    def _nothing(self) -> str:
        promised = f" of the {self._stream.frames:,} it announces" if self._stream.frames else ""
        return f"holds not one frame{promised} ({self._form})"

    def _sought(self) -> NDArray[np.uint8]:
        stream, wanted = self._stream, self._limits.frames
        base = float(stream.time_base)
        begin = float(stream.start_time or 0) * base
        reach = max(1, self._limits.pixels // (wanted * self._pixels))
        found: list[NDArray[np.uint8]] = []
        for moment in begin + (np.arange(wanted) + 0.5) / wanted * self._seconds():
            self._container.seek(int(moment / base), stream=stream)
            nearest = None
            for count, frame in enumerate(self._container.decode(stream), 1):
                nearest = frame
                if count == reach or (frame.time is not None and frame.time >= moment):
                    break
            if nearest is not None:
                found.append(self._small(nearest))
        if not found:
            raise BadItem(self._nothing())
        if len(found) < (1 - _LOST) * wanted:
            raise BadItem(
                f"is damaged or cut off: {len(found)} of {wanted} moments can be decoded "
                f"({self._form})"
            )
        return _stacked(found)

    def _small(self, frame: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - of an optional library
        """A frame (H, W, 3), its shorter side at most `side`, square pixels, upright."""
        stretch = float(self._stream.sample_aspect_ratio or 1) or 1.0
        width, height = frame.width * stretch, float(frame.height)
        shrink = min(1.0, self._limits.side / min(width, height))
        colours = self._av.video.reformatter
        small = frame.reformat(
            width=max(1, round(width * shrink)),
            height=max(1, round(height * shrink)),
            format="rgb24",
            src_colorspace=_colours(colours, frame),
            interpolation=colours.Interpolation.AREA,
            threads=1,
        ).to_ndarray()
        return np.rot90(small, round(frame.rotation / 90) % 4)


@final
class _Sampler:
    """Frames of a clip of unknown length: every so-manieth, fewer of them as it goes on."""

    def __init__(self, wanted: int) -> None:
        self.count = 0
        self._wanted, self._step = wanted, 1
        self._moments: list[float | None] = []
        self._kept: list[NDArray[np.uint8]] = []

    def wants(self) -> bool:
        """Whether the frame that comes now is one of those kept."""
        return self.count % self._step == 0

    def keep(self, moment: float | None, frame: NDArray[np.uint8]) -> None:
        """Keep a frame shown at `moment` (seconds)."""
        self._moments.append(moment)
        self._kept.append(frame)
        if len(self._kept) > _KEPT * self._wanted:
            self._moments, self._kept = self._moments[::2], self._kept[::2]
            self._step *= 2

    def spread(self) -> NDArray[np.uint8]:
        """Frames (T, H, W, 3) at even moments; at even places where moments are not told."""
        n = len(self._kept)
        if n <= self._wanted:
            return _stacked(self._kept)
        known = [moment for moment in self._moments if moment is not None]
        at = np.asarray(known if len(known) == n else np.arange(n), np.float64)
        if (np.diff(at) <= 0).any():
            at = np.arange(n, dtype=np.float64)
        moments = np.linspace(at[0], at[-1], self._wanted)
        nearest = np.unique(np.abs(at[:, None] - moments).argmin(0))
        return _stacked([self._kept[i] for i in nearest])


def _stacked(frames: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """(T, H, W, 3); frames of another size than the first (a clip may change) are left out."""
    return np.stack([frame for frame in frames if frame.shape == frames[0].shape])


def _colours(colours: Any, frame: Any) -> Any:  # noqa: ANN401 - of an optional library
    """How a frame's colours are coded, by its mark; by its size where it has none."""
    marks = colours.Colorspace
    known = {1: marks.ITU709, 4: marks.FCC, 5: marks.ITU601, 6: marks.ITU601, 7: marks.SMPTE240M,
             9: marks.BT2020, 10: marks.BT2020}  # fmt: skip
    return known.get(frame.colorspace, marks.ITU709 if frame.height >= _HD else marks.ITU601)
