"""Clips: evenly spread frames, upright, in true colours; what is unusable is refused."""

from __future__ import annotations

import struct
import time
from fractions import Fraction
from io import BytesIO

import numpy as np
import pytest

from fivefold.inputs.video import Video
from fivefold.plumbing.clips import Limits
from fivefold.plumbing.errors import BadItem
from fivefold.testing import check_input_kind

av = pytest.importorskip("av")

KIND = Video()
WIDE = (48, 64)
UNUSABLE = {
    "invalid_userdata.mp4": "not one frame",
    "truncated-64bit.mp4": "not one frame of the 5",
}
USABLE = {"minimal.mp4": 1, "no_timescale.mp4": 32, "video_rotation_90.mp4": 1}


def grey_steps(count, size=WIDE):
    """Frames of which each is a little brighter than the one before."""
    levels = np.linspace(20, 230, count).round().astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, *size, 3))


def encode(frames, form="mp4", codec="mpeg4", *, sound=False, keep=None, gap=12, options=None):
    """A clip file of frames (T, H, W, 3); `keep` chooses packets by number."""
    buffer = BytesIO()
    with av.open(buffer, "w", format=form, options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        stream.gop_size, stream.bit_rate = gap, 8_000_000
        if sound:
            track = container.add_stream("aac", rate=16000)
            note = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            note.sample_rate = 16000
            container.mux(track.encode(note))
            container.mux(track.encode(None))
        packets = []
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            packets += stream.encode(picture)
        packets += stream.encode(None)
        for number, packet in enumerate(packets):
            if keep is None or keep(number):
                container.mux(packet)
    return buffer.getvalue()


def only_sound(form="mp4", codec="aac"):
    buffer = BytesIO()
    with av.open(buffer, "w", format=form) as container:
        track = container.add_stream(codec, rate=16000)
        note = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        note.sample_rate = 16000
        container.mux(track.encode(note))
        container.mux(track.encode(None))
    return buffer.getvalue()


def levels(item):
    return item.reshape(len(item), -1).mean(1)


# --------------------------------------------------------------------------- real odd files


def test_every_odd_clip_is_opened_or_refused_with_a_reason(shared_data):
    opened, refused = {}, {}
    folder = shared_data / "bad_inputs" / "video"
    for path in sorted(folder.iterdir()):
        start = time.perf_counter()
        try:
            opened[path.name] = KIND.open(path.read_bytes())
        except BadItem as cause:
            refused[path.name] = str(cause)
        assert time.perf_counter() - start < 5
    assert {name: len(item) for name, item in opened.items()} == USABLE
    assert refused.keys() == UNUSABLE.keys()
    assert [n for n, words in UNUSABLE.items() if words not in refused[n]] == []
    listed = (folder.parent / "contents.csv").read_text().splitlines()
    named = {line.split(",")[0] for line in listed if line.startswith("video/")}
    assert named == {f"video/{name}" for name in (*opened, *refused)}


# ------------------------------------------------------------------------------- frames


@pytest.mark.parametrize(
    ("form", "codec"),
    [
        ("mp4", "mpeg4"),
        ("mp4", "h264"),
        ("avi", "mpeg4"),
        ("webm", "vp8"),
        ("matroska", "mpeg4"),
        ("gif", "gif"),
        ("mpegts", "mpeg2video"),
        ("flv", "flv"),
    ],
)
def test_every_container_gives_its_frames_in_order(form, codec):
    raw = encode(grey_steps(20), form, codec)
    assert KIND.recognise("no name tells", raw[:512])
    item = KIND.open(raw)
    assert item.shape == (20, *WIDE, 3)
    assert np.abs(levels(item) - levels(grey_steps(20))).max() < (20 if codec == "gif" else 6)


def test_frames_are_spread_evenly_over_a_long_clip():
    item = KIND.open(encode(grey_steps(200)))
    assert 30 <= len(item) <= 32
    found = levels(item)
    assert abs(found[0] - 20) < 6
    assert abs(found[-1] - 230) < 6
    assert np.abs(np.diff(found) - 210 / (len(found) - 1)).max() < 4


def test_a_clip_too_long_to_read_through_is_sought():
    frames = grey_steps(400)
    raw = encode(frames, gap=10)
    pixels = WIDE[0] * WIDE[1]
    item = Video(Limits(pixels=320 * pixels)).open(raw)
    assert len(item) == 32
    wanted = np.interp(np.arange(32) + 0.5, [0, 32], [20, 230])
    assert np.abs(levels(item) - wanted).max() < 8


def test_one_frame_is_a_clip():
    item = KIND.open(encode(grey_steps(1)))
    assert item.shape == (1, *WIDE, 3)
    shape = {"item_shape": [5, 24, 32, 3], "dtype": "uint8"}
    fitted = KIND.fit(item, shape)
    assert fitted.shape == (5, 24, 32, 3)
    assert (fitted == fitted[0]).all()


@pytest.mark.parametrize("size", [(480, 640), (720, 1280)])
def test_colours_are_those_that_went_in(size):
    colours = np.array([[200, 40, 40], [40, 180, 60], [50, 60, 200]], np.uint8)
    frames = np.broadcast_to(np.repeat(colours, size[1] // 3 + 1, 0)[: size[1]], (2, *size, 3))
    item = KIND.open(encode(frames, codec="h264")).astype(int)
    third = item.shape[2] // 3
    for number, colour in enumerate(colours):
        seen = item[0, 40, number * third + third // 2]
        # Unmarked colours are read by size, as players do; the encoder here always writes BT.601.
        assert np.abs(seen - colour).max() < (12 if size[0] < 720 else 40)
        assert seen.argmax() == colour.argmax()


@pytest.mark.parametrize(("degrees", "quarters"), [(0, 0), (90, 3), (180, 2), (270, 1)])
def test_a_turned_clip_comes_out_upright(degrees, quarters):
    frames = np.zeros((3, *WIDE, 3), np.uint8)
    frames[:, :24, :32] = (220, 30, 30)  # a red corner, top left
    item = KIND.open(turned(encode(frames), degrees))
    upright = np.rot90(frames, quarters, axes=(1, 2))
    assert item.shape == upright.shape
    assert np.abs(item.astype(int) - upright).mean() < 8


def turned(raw, degrees):
    """The same MP4 with another display matrix: turned clockwise when shown."""
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    one = 1 << 16
    still = struct.pack(">9i", one, 0, 0, 0, one, 0, 0, 0, 1 << 30)
    matrix = struct.pack(">9i", cos * one, sin * one, 0, -sin * one, cos * one, 0, 0, 0, 1 << 30)
    at = raw.index(still, raw.index(b"tkhd"))
    return raw[:at] + matrix + raw[at + len(still) :]


# ------------------------------------------------------------------------------ refusals


def test_what_is_no_clip_is_named():
    for raw, words in (
        (b"", "empty"),
        (b"PK\x03\x04" + bytes(60), "zip archive"),
        (b"hello, world\n" * 20, "text"),
        (b"\0\0\0\x18ftypheic" + bytes(60), "HEIC"),
        (b"\0\0\0\x18ftypmp42" + bytes(60), "damaged"),
    ):
        with pytest.raises(BadItem, match=words):
            KIND.open(raw)


def test_only_sound_is_no_clip():
    with pytest.raises(BadItem, match="no pictures, only sound"):
        KIND.open(only_sound())


def test_a_sound_track_does_no_harm():
    assert len(KIND.open(encode(grey_steps(20), sound=True))) == 20


def test_a_clip_without_a_key_frame_is_refused():
    raw = encode(grey_steps(20), codec="h264", gap=100, keep=lambda number: number > 0)
    with pytest.raises(BadItem, match="key frame"):
        KIND.open(raw)


@pytest.mark.parametrize("form", ["mp4", "avi"])
def test_a_clip_cut_in_half_is_refused(form):
    noise = np.random.default_rng(0).integers(0, 256, (30, *WIDE, 3), dtype=np.uint8)
    raw = encode(noise, form)
    with pytest.raises(BadItem, match=r"damaged|cut off"):
        KIND.open(raw[: len(raw) // 2])


def test_a_clip_of_no_frames_is_refused():
    with pytest.raises(BadItem, match="not one frame"):
        KIND.open(encode(grey_steps(5), "matroska", sound=True, keep=lambda _: False))


def test_limits_hold_before_much_is_decoded():
    raw = encode(grey_steps(50))
    with pytest.raises(BadItem, match="64 x 48 pixels a frame, above 1,000"):
        Video(Limits(frame_pixels=1000)).open(raw)
    with pytest.raises(BadItem, match="lasts 2 s, above 1"):
        Video(Limits(seconds=1)).open(raw)
    endless = encode(grey_steps(50), "matroska", options={"live": "1"})
    with pytest.raises(BadItem, match="tells no length"):
        Video(Limits(pixels=10 * 48 * 64)).open(endless)


def test_random_damage_never_escapes_as_another_error():
    rng = np.random.default_rng(1)
    outcomes = {"opened": 0, "refused": 0}
    for form, codec in (("mp4", "mpeg4"), ("webm", "vp8"), ("avi", "mpeg4"), ("gif", "gif")):
        raw = encode(grey_steps(8, (32, 32)), form, codec)
        for _ in range(25):
            damaged = np.frombuffer(raw, dtype=np.uint8).copy()
            where = rng.integers(0, len(raw), 12)
            damaged[where] = rng.integers(0, 256, 12)
            try:
                item = Video(Limits(frame_pixels=1_000_000)).open(damaged.tobytes())
                assert item.dtype == np.uint8
                outcomes["opened"] += 1
            except BadItem as cause:
                outcomes["refused"] += bool(str(cause))
    assert min(outcomes.values()) > 5
    assert sum(outcomes.values()) == 100


# ------------------------------------------------------------------------ learn, fit, show


def test_the_kind_conforms():
    good = [encode(grey_steps(n, size)) for n, size in ((20, (48, 64)), (30, (96, 128)), (1, WIDE))]
    check_input_kind(KIND, good, [b"", b"nothing", only_sound()])


def test_the_cached_shape_is_the_median_and_bounded():
    items = [
        np.zeros((t, h, w, 3), np.uint8)
        for t, h, w in ((20, 96, 170), (32, 96, 170), (32, 96, 120))
    ]
    assert KIND.learn(items) == {"item_shape": [32, 80, 142, 3], "dtype": "uint8"}
    assert KIND.learn(items[:1])["item_shape"] == [20, 80, 142, 3]
    assert KIND.learn([np.zeros((1, 30, 300, 3), np.uint8)])["item_shape"] == [1, 30, 60, 3]


def test_fit_takes_first_and_last_and_squeezes():
    item = KIND.open(encode(grey_steps(20)))
    fitted = KIND.fit(item, {"item_shape": [8, 40, 40, 3], "dtype": "uint8"})
    assert fitted.shape == (8, 40, 40, 3)
    assert np.abs(levels(fitted)[[0, -1]] - levels(item)[[0, -1]]).max() < 2


def test_a_clip_is_shown_as_four_frames():
    item = grey_steps(10).astype(np.uint8)
    shown = KIND.show(item, {})
    assert shown.shape == (2 * WIDE[0], 2 * WIDE[1], 3)
    corners = [shown[0, 0, 0], shown[0, -1, 0], shown[-1, 0, 0], shown[-1, -1, 0]]
    assert corners == [item[i, 0, 0, 0] for i in (0, 3, 6, 9)]


def test_times_not_numbers_decide_which_frames_are_taken():
    """Half of the frames of this clip are shown for a tenth of the time."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.height, stream.width, stream.pix_fmt = *WIDE, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number, frame in enumerate(grey_steps(120)):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            picture.pts = number * 5 if number < 60 else 300 + (number - 60) * 50
            picture.time_base = Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    found = levels(KIND.open(buffer.getvalue()))
    assert (found < 125).mean() < 0.25


def test_a_cache_short_of_room_gets_smaller_clips_but_not_too_small():
    shape = {"item_shape": [32, 80, 142, 3], "dtype": "uint8"}
    for share in (0.9, 0.5, 0.2, 0.01):
        less = KIND.smaller(shape, share)
        assert less["dtype"] == "uint8"
        frames, height, width, _ = less["item_shape"]
        assert frames >= 8
        assert min(height, width) >= 47
        assert share < 0.1 or frames * height * width <= share * 32 * 80 * 142
    assert KIND.smaller({"item_shape": [8, 40, 60, 3], "dtype": "uint8"}, 0.5) is None
    assert "32 frames of 142 x 80" in KIND.tell(shape)[0]
    assert KIND.length((20, 96, 171), shape)[0] == 20
