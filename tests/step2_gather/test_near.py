"""Near duplicates by thumbnails: copies are found, look-alikes are not."""

import io

import numpy as np
import pytest
from clouds import picture
from PIL import Image

from fivefold.step2_gather import near
from fivefold.step2_gather.item import thumbnail
from fivefold.step2_gather.near import near_pairs


def again(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def pairs_of(images, labels=None, short_side=32):
    thumbs = np.stack([thumbnail(np.asarray(image)) for image in images])
    labels = np.zeros(len(images), np.int64) if labels is None else np.array(labels)
    return near_pairs(thumbs, labels, short_side=short_side)


CHANGES = {
    "jpeg": lambda image: again(image, 60),
    "smaller and back": lambda image: image.resize((30, 25), 2).resize(image.size, 2),
    "brighter": lambda image: image.point(lambda v: min(255, int(v * 1.1) + 6)),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "mirrored and jpeg": lambda image: again(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 75),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change, rng):
    images = [picture(rng) for _ in range(60)]
    images.append(change(images[17]))
    pairs, note = pairs_of(images)
    assert pairs.tolist() == [[17, 60]]
    assert note is None


def test_grey_pictures_are_compared_too(rng):
    images = [picture(rng).convert("L") for _ in range(30)]
    thumbs = np.stack([thumbnail(np.asarray(image)[..., None]) for image in [*images, images[3]]])
    pairs, _ = near_pairs(thumbs, np.zeros(31, np.int64), short_side=32)
    assert pairs.tolist() == [[3, 30]]


def test_a_mirror_image_with_another_label_is_another_thing(rng):
    left = picture(rng)
    right = left.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert pairs_of([left, right], [0, 1])[0].tolist() == []
    assert pairs_of([left, right], [0, 0])[0].tolist() == [[0, 1]]


def test_flat_pictures_are_not_alike():
    flat = [Image.new("RGB", (32, 32), (shade, shade, 90)) for shade in range(60, 90)]
    assert pairs_of(flat) == (pytest.approx(np.zeros((0, 2))), None)


def test_pictures_that_are_alike_by_nature_are_told_so_in_a_note(rng):
    drawing = np.asarray(picture(rng)).astype(np.int16)
    images = [
        Image.fromarray(np.clip(drawing + rng.integers(-6, 7, drawing.shape), 0, 255).astype("u1"))
        for _ in range(200)
    ]
    pairs, note = pairs_of(images)
    assert len(pairs) == 0
    assert "look so alike" in note


def test_handwritten_digits_hold_no_near_duplicates():
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images * 255 / 16).astype(np.uint8)[..., None]
    thumbs = np.stack([thumbnail(image) for image in images])
    pairs, note = near_pairs(thumbs, digits.target, short_side=8)
    assert len(pairs) == 0
    assert note is None


def test_every_pair_within_the_radius_is_a_candidate(rng, monkeypatch):
    """The sweep against comparing all with all."""
    monkeypatch.setattr(near, "_BLOCK", 8)
    base = rng.normal(size=(40, 8, 8, 3))
    close = base[rng.integers(0, 40, 200)] + rng.normal(size=(200, 8, 8, 3)) * 0.06
    coarse = np.concatenate([base, close])
    thumbs = np.clip(128 + 35 * coarse, 0, 255).astype(np.uint8).repeat(2, 1).repeat(2, 2)
    points, _ = near._on_sphere(near._coarse(thumbs))
    mirror, _ = near._on_sphere(near._coarse(thumbs)[:, :, ::-1])
    pairs, mirrored = near._sweep(points, mirror, 0.1, most=10**6)
    found = {tuple(sorted(pair)) for pair in pairs[~mirrored].tolist()}
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    wanted = {(a, b) for a, b in np.argwhere(distance <= 0.1).tolist() if a < b}
    assert len(wanted) > 50
    assert wanted <= found
