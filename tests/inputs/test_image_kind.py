"""Pictures: upright, in true colours, of one shape; what is unusable is refused with a reason."""

from __future__ import annotations

import struct
import threading
import time
import warnings
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms, features

from fivefold.inputs.image import Image
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.quiet import quiet

KIND = Image()
RNG = np.random.default_rng(0)
COLOUR = np.kron(RNG.integers(0, 256, (5, 7, 3)), np.ones((8, 8, 1))).astype(np.uint8)
UNUSABLE = {
    "badwidth.bmp": "decompression bomb",
    "broken.png": "header is damaged",
    "broken_data_stream.png": "unrecognized data stream",
    "crash-0c7e0e8e11ce787078f00b5b0ca409a167f070e0.tif": "decoder error",
    "crash-b82e64d4f3f76d7465b6af535283029eda211259.sgi": "buffer overrun",
    "decompression_bomb.gif": "decompression bomb",
    "oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif": "header is damaged",
    "png_decompression_dos.png": "too large",
    "timeout-9139147ce93e20eb14088fe238e541443ffd64b3.fli": "not a picture",
    "truncated_image.png": "truncated",
    "truncated_jpeg.jpg": "truncated",
    "zero_width.gif": "header is damaged",
}


def encode(picture, form, **options):
    buffer = BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def grey(item):
    return item.astype(float).mean(axis=2)


# --------------------------------------------------------------------------- real odd files


def test_every_odd_file_is_opened_or_refused_with_a_reason(shared_data):
    refused = {}
    for path in sorted((shared_data / "bad_inputs" / "image").iterdir()):
        start = time.perf_counter()
        try:
            item = KIND.open(path.read_bytes())
        except BadItem as cause:
            refused[path.name] = str(cause)
        else:
            assert item.dtype == np.uint8
            assert item.shape[2] in (1, 3)
            assert item.min() < item.max()
        assert time.perf_counter() - start < 5
    assert refused.keys() == UNUSABLE.keys()
    assert [n for n, words in UNUSABLE.items() if words not in refused[n].lower()] == []


def test_turned_photos_all_come_out_upright(shared_data):
    folder = shared_data / "bad_inputs" / "image"
    items = [KIND.open((folder / f"Landscape_{i}.jpg").read_bytes()) for i in (3, 5, 6, 8)]
    assert {item.shape for item in items} == {(1200, 1800, 3)}
    small = [KIND.fit(item, KIND.learn([item])).astype(float)[8:-8, 8:-8] for item in items]
    # Each file carries its own number in large type; the scene around it is the same.
    for other in small[1:]:
        assert np.corrcoef(small[0].ravel(), other.ravel())[0, 1] > 0.95
        assert np.corrcoef(small[0].ravel(), other[::-1].ravel())[0, 1] < 0.6
        assert np.corrcoef(small[0].ravel(), other[:, ::-1].ravel())[0, 1] < 0.9


def test_inverted_cmyk_of_a_real_file(shared_data):
    item = KIND.open((shared_data / "bad_inputs" / "image" / "pil_sample_cmyk.jpg").read_bytes())
    red, green, blue = item[0, 0].astype(int)
    assert red > 200
    assert max(green, blue) < 80
    assert item[-1, -1].max() < 40


def test_a_narrow_sixteen_bit_range_keeps_its_levels(shared_data):
    raw = (shared_data / "bad_inputs" / "image" / "16bit.cropped.tif").read_bytes()
    item = KIND.open(raw)[..., 0]
    deep = np.asarray(Pillow.open(BytesIO(raw))).astype(float)
    assert np.corrcoef(item.ravel(), deep.ravel())[0, 1] > 0.999
    assert len(np.unique(item)) > 60


def test_palette_with_a_clear_colour_lies_on_white(shared_data):
    raw = (shared_data / "bad_inputs" / "image" / "p_trns_single.png").read_bytes()
    clear = np.asarray(Pillow.open(BytesIO(raw)).convert("RGBA"))[..., 3] == 0
    assert clear.any()
    assert (KIND.open(raw)[clear] == 255).all()


# ------------------------------------------------------------------- orientation, colour


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG"])
def test_all_eight_orientations(form, orientation):
    upright = Pillow.fromarray(COLOUR)
    back = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
            6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = upright.transpose(Pillow.Transpose[back[orientation]]) if orientation > 1 else upright
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if form == "JPEG" else {}
    item = KIND.open(encode(stored, form, exif=exif, **options))
    assert item.shape == COLOUR.shape
    assert np.abs(item.astype(int) - COLOUR).mean() < (3 if form == "JPEG" else 0.001)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "SGI", "WEBP", "ICO", "AVIF"])
def test_formats_come_back_as_they_went_in(form):
    if form == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    options = {"lossless": True} if form == "WEBP" else {"quality": 100} if form == "AVIF" else {}
    square = np.ascontiguousarray(COLOUR[:32, :32])
    options |= {"sizes": [(32, 32)]} if form == "ICO" else {}
    raw = encode(Pillow.fromarray(square), form, **options)
    assert KIND.recognise("any name", raw[:512])
    assert np.abs(KIND.open(raw).astype(int) - square).mean() <= (12 if form == "AVIF" else 0)


def test_grey_modes_stay_one_channel_and_colour_modes_three():
    base = Pillow.fromarray(COLOUR)
    shapes = {
        mode: KIND.open(encode(base.convert(mode), "PNG")).shape[2]
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA")
    }
    assert shapes == {"1": 1, "L": 1, "LA": 1, "P": 3, "RGB": 3, "RGBA": 3}


def test_cmyk_comes_out_in_the_colours_that_went_in():
    cmyk = Pillow.fromarray(COLOUR).convert("CMYK")
    for form, options, limit in (("TIFF", {}, 1), ("JPEG", {"quality": 95, "subsampling": 0}, 6)):
        item = KIND.open(encode(cmyk, form, **options))
        assert np.abs(item.astype(int) - COLOUR).mean() < limit


def test_opacity_lies_on_white():
    clear = np.zeros((4, 4, 4), dtype=np.uint8)
    clear[..., 0], clear[2:, :, 3], clear[1, :, 3] = 200, 255, 128
    item = KIND.open(encode(Pillow.fromarray(clear), "PNG"))
    assert item[0, 0].tolist() == [255, 255, 255]
    assert item[3, 0].tolist() == [200, 0, 0]
    assert np.allclose(item[1, 0], [227, 127, 127], atol=1)
    pair = Pillow.fromarray(np.stack([np.full((4, 4), 40), np.zeros((4, 4))], 2).astype(np.uint8))
    assert (KIND.open(encode(pair, "PNG")) == 255).all()


def test_the_first_frame_of_many_is_taken():
    first = Pillow.new("RGB", (8, 8), "red")
    raw = encode(first, "GIF", save_all=True, append_images=[Pillow.new("RGB", (8, 8), "blue")])
    assert np.allclose(KIND.open(raw), [255, 0, 0], atol=1)


@pytest.mark.parametrize(
    ("values", "dtype", "wanted"),
    [
        ([0, 32768, 65535], np.uint16, [0, 128, 255]),
        ([0, 2048, 4095], np.uint16, [0, 128, 255]),
        ([0, 128, 255], np.uint16, [0, 128, 255]),
        ([0, 2**30, 2**31 - 1], np.int32, [0, 64, 127]),
        ([-100, 0, 100], np.int32, [0, 128, 255]),
        ([0.0, 0.5, 1.0], np.float32, [0, 128, 255]),
        ([0.0, 128.0, 255.0], np.float32, [0, 128, 255]),
        ([0.0, 500.0, 1000.0], np.float32, [0, 128, 255]),
        ([7.0, 7.0, 7.0], np.float32, [7, 7, 7]),
        ([0.0, 0.0, 0.0], np.float32, [0, 0, 0]),
    ],
)
def test_deep_grey_is_scaled_to_eight_bits(values, dtype, wanted):
    deep = np.tile(np.array(values, dtype=dtype), (4, 1))
    item = KIND.open(encode(Pillow.fromarray(deep), "TIFF"))
    assert item.shape == (4, 3, 1)
    assert np.abs(item[0, :, 0].astype(int) - wanted).max() <= 1


def test_sixteen_bit_png_is_not_clipped():
    deep = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    item = KIND.open(encode(Pillow.fromarray(deep), "PNG"))
    assert np.abs(item[..., 0] - deep / 257).max() <= 1


def test_floats_that_are_not_finite_are_refused():
    deep = np.full((4, 4), np.nan, dtype=np.float32)
    with pytest.raises(BadItem, match="not finite"):
        KIND.open(encode(Pillow.fromarray(deep), "TIFF"))


def test_a_colour_profile_does_no_harm():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    raw = encode(Pillow.fromarray(COLOUR), "PNG", icc_profile=profile)
    assert np.array_equal(KIND.open(raw), COLOUR)


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04" + bytes(30), "a zip archive"),
        (b"\x1f\x8b\x08" + bytes(30), "gzip data"),
        (b"%PDF-1.7", "a PDF document"),
        (b"hello, world\n" * 10, "text"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"<svg xmlns='x'>", "an SVG"),
        (b"\x00\x01\x02\x03\x04\x05", "unknown kind"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "text"),
    ],
)
def test_what_is_no_picture_is_named(raw, words):
    assert not KIND.recognise("x.png", raw[:512])
    with pytest.raises(BadItem, match=words):
        KIND.open(raw)


def png_claiming(width, height):
    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_size_is_checked_before_anything_is_decoded():
    for width, height in ((10_001, 10_000), (13_000, 13_000)):
        start = time.perf_counter()
        with pytest.raises(BadItem, match="above 100,000,000 in all"):
            KIND.open(png_claiming(width, height))
        assert time.perf_counter() - start < 0.5
    with pytest.raises(BadItem, match="decompression bomb"):
        KIND.open(png_claiming(60_000, 60_000))
    with pytest.raises(BadItem, match="above 100 in all"):
        Image(max_pixels=100).open(encode(Pillow.fromarray(COLOUR), "PNG"))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"])
def test_a_file_cut_in_half_is_refused(form):
    raw = encode(Pillow.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)), form)
    with pytest.raises(BadItem) as caught:
        KIND.open(raw[: len(raw) // 2])
    assert form in str(caught.value)


def test_random_damage_never_escapes_as_another_error():
    rng = np.random.default_rng(1)
    sound = [
        encode(Pillow.fromarray(COLOUR[:24, :24]), form)
        for form in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "SGI", "ICO")
    ]
    outcomes = {"opened": 0, "refused": 0}
    for raw in sound:
        for _ in range(40):
            damaged = np.frombuffer(raw, dtype=np.uint8).copy()
            where = rng.integers(0, min(len(raw), 400), 6)
            damaged[where] = rng.integers(0, 256, 6)
            try:
                item = Image(max_pixels=1_000_000).open(damaged.tobytes())
                assert item.dtype == np.uint8
                outcomes["opened"] += 1
            except BadItem as cause:
                outcomes["refused"] += bool(str(cause))
    assert min(outcomes.values()) > 20
    assert sum(outcomes.values()) == 40 * len(sound)


# ------------------------------------------------------------------------ learn and fit


def blank(height, width, channels=3):
    return np.zeros((height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize(
    ("items", "shape"),
    [
        ([blank(32, 32)] * 3, [32, 32, 3]),
        ([blank(8, 8, 1)] * 3, [8, 8, 1]),
        ([blank(224, 224)] * 3, [224, 224, 3]),
        ([blank(32, 100, 1)] * 3, [32, 100, 1]),
        ([blank(8, 8, 1), blank(8, 8, 3)], [8, 8, 3]),
        ([blank(480, 640)] * 3, [256, 341, 3]),
        ([blank(1000, 1000)] * 2, [256, 256, 3]),
        ([blank(100, 1000), blank(100, 900)], [100, 200, 3]),
        ([blank(1000, 100), blank(900, 100)], [200, 100, 3]),
        ([blank(100, 100), blank(120, 120), blank(300, 300)], [120, 120, 3]),
        ([blank(1, 1, 1), blank(1, 2, 1), blank(1, 1, 1)], [1, 1, 1]),
    ],
)
def test_learn_chooses_the_shape(items, shape):
    assert KIND.learn(items) == {"item_shape": shape, "dtype": "uint8"}


def test_a_picture_in_shape_is_passed_through():
    item = blank(32, 32)
    assert KIND.fit(item, KIND.learn([item])) is item


def test_fit_brings_any_picture_into_shape():
    shape = {"item_shape": [20, 30, 3], "dtype": "uint8"}
    for item in (blank(40, 30), blank(3, 3, 1), blank(20, 30, 1), blank(500, 700)):
        assert KIND.fit(item, shape).shape == (20, 30, 3)
    back = KIND.fit(np.full((9, 9, 3), 77, np.uint8), {"item_shape": [4, 4, 1], "dtype": "uint8"})
    assert back.shape == (4, 4, 1)
    assert (back == 77).all()


def test_fit_does_not_alias_fine_stripes():
    stripes = np.zeros((256, 256, 1), dtype=np.uint8)
    stripes[:, ::2] = 255
    small = KIND.fit(stripes, {"item_shape": [30, 30, 1], "dtype": "uint8"})
    assert np.abs(small.astype(int) - 127).max() < 12


# ------------------------------------------------------------------------------ quietness


def test_warnings_are_muted_while_any_thread_decodes_and_restored_after():
    before = list(warnings.filters)
    inside, leave = threading.Event(), threading.Event()

    def hold():
        with quiet():
            inside.set()
            leave.wait(5)
            warnings.warn("from the thread that stays", stacklevel=1)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(5)
    with quiet():
        warnings.warn("from the thread that leaves first", stacklevel=1)
    leave.set()
    thread.join()
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="now heard"):
        warnings.warn("now heard", stacklevel=1)
