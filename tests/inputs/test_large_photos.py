"""Photos far larger than they are cached: decoded at a fraction, the same to the eye."""

from __future__ import annotations

import base64
import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image as Pillow

from fivefold.inputs.image import Image
from fivefold.inputs.several import Several
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.guarded import guarded
from fivefold.raw_items import open_item
from tests.inputs.test_image_kind import COLOUR

KIND = Image()
SMOOTH = Pillow.fromarray(COLOUR).resize((1600, 1144), Pillow.Resampling.BICUBIC)


def shaped(height, width, channels=3):
    return {"item_shape": [height, width, channels], "dtype": "uint8"}


def encode(picture, form="JPEG", **options):
    buffer = BytesIO()
    picture.save(buffer, form, **({"quality": 90} if form in ("JPEG", "MPO") else {}), **options)
    return buffer.getvalue()


def distance(raw, shape):
    """Mean difference in grey levels of what both ways come to."""
    item, sides = KIND.open_for(raw, shape)
    whole = KIND.open(raw)
    assert sides == whole.shape
    difference = KIND.fit(item, shape).astype(int) - KIND.fit(whole, shape)
    return np.abs(difference).mean()


@pytest.mark.parametrize(
    ("side", "opened"),
    [(71, (143, 200, 3)), (100, (286, 400, 3)), (286, (572, 800, 3)), (300, (1144, 1600, 3))],
)
def test_sides_of_twice_those_wanted_are_enough(side, opened):
    raw, shape = encode(SMOOTH), shaped(side, side)
    assert KIND.open_for(raw, shape)[0].shape == opened
    assert distance(raw, shape) < 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_ones_keep_their_own_sides(orientation):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    raw = encode(SMOOTH, exif=exif)
    # Wide enough for twice 200 by 143 pixels at a quarter, upright; for twice 143 by 200 at half.
    for shape, share in ((shaped(143, 200), 4), (shaped(200, 143), 2)):
        item, sides = KIND.open_for(raw, shape)
        upright = (1144, 1600) if orientation < 5 else (1600, 1144)
        lying = share if orientation < 5 else 6 - share
        assert sides == (*upright, 3)
        assert item.shape[:2] == tuple(side // lying for side in upright)
        assert distance(raw, shape) < 1


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_in_grey_and_in_the_colours_of_printers(mode):
    raw = encode(SMOOTH.convert(mode))
    channels = 1 if mode == "L" else 3
    assert KIND.open_for(raw, shaped(80, 120, channels))[0].shape == (286, 400, channels)
    assert distance(raw, shaped(80, 120, channels)) < 1


def test_those_of_several_frames_as_telephones_take_them():
    raw = encode(SMOOTH, "MPO", save_all=True, append_images=[SMOOTH.rotate(180)])
    assert KIND.open_for(raw, shaped(80, 120))[0].shape == (286, 400, 3)
    assert distance(raw, shaped(80, 120)) < 1


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_other_formats_are_decoded_whole(form):
    raw = encode(SMOOTH.resize((400, 286)), form)
    assert KIND.open_for(raw, shaped(30, 40))[0].shape == (286, 400, 3)


def test_what_is_cut_off_is_refused_as_it_is_whole():
    raw = encode(SMOOTH)[:-20_000]
    for way in (KIND.open, lambda raw: KIND.open_for(raw, shaped(80, 120))):
        with pytest.raises(BadItem, match="truncated"):
            way(raw)


def test_every_odd_file_is_refused_or_of_its_own_sides(shared_data):
    for path in sorted((shared_data / "bad_inputs" / "image").iterdir()):
        raw, shape = path.read_bytes(), shaped(32, 32)
        whole, reason = guarded(KIND.open, raw)
        part, other = guarded(KIND.open_for, raw, shape)
        assert reason == other, path.name
        assert whole is None or part[1] == whole.shape, path.name


def test_a_photo_among_several_inputs():
    part = {"kind": "image", "base64": base64.b64encode(encode(SMOOTH)).decode()}
    raw = json.dumps({"photo": part, "facts": {"kind": "table", "cells": {"a": 1}}}).encode()
    kind = Several()
    learned = kind.learn([kind.open(raw)])
    item, _ = kind.open_for(raw, learned)
    assert item.nbytes < kind.open(raw).nbytes / 3
    whole = kind.fit(kind.open(raw), learned)
    assert np.abs(kind.fit(item, learned).astype(int) - whole).mean() < 1


def test_answers_are_for_what_was_learned_from(monkeypatch, tmp_path):
    """A photo to predict from goes the way of those in the cache."""
    (tmp_path / "photo.jpg").write_bytes(encode(SMOOTH))
    cached, _ = KIND.open_for(encode(SMOOTH), shaped(80, 120))
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("decoded whole"))
    item = open_item(tmp_path / "photo.jpg", None, KIND, shaped(80, 120))
    assert np.array_equal(item, KIND.fit(cached, shaped(80, 120)))
