"""The data decide whether pictures may be flipped."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_digits

from fivefold.step3_expand.mirror_test import LEAST_ROWS, judge_flips


def arrows(n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Arrows to the right (0) and to the left (1), anywhere in the picture."""
    rng = np.random.default_rng(0)
    items, targets = [], np.arange(n) % 2
    for k in targets:
        picture = Image.new("L", (32, 32), int(rng.integers(60)))
        draw = ImageDraw.Draw(picture)
        y, left, right = (
            int(rng.integers(10, 22)),
            int(rng.integers(2, 8)),
            int(rng.integers(24, 30)),
        )
        tip, back = (right, -6) if k == 0 else (left, 6)
        for line in [(left, y, right, y), (tip, y, tip + back, y - 6), (tip, y, tip + back, y + 6)]:
            draw.line(line, fill=220, width=2)
        items.append(np.clip(np.array(picture) + rng.normal(0, 15, (32, 32)), 0, 255))
    return np.stack(items).astype(np.uint8)[..., None], targets


def letters(n: int = 520) -> tuple[np.ndarray, np.ndarray]:
    """The capital letters A to Z."""
    rng = np.random.default_rng(0)
    items, targets = [], np.arange(n) % 26
    for k in targets:
        picture = Image.new("L", (28, 28), 0)
        at = (int(rng.integers(5, 9)), int(rng.integers(-1, 4)))
        font = ImageFont.load_default(int(rng.integers(18, 24)))
        ImageDraw.Draw(picture).text(at, chr(ord("A") + k), fill=255, font=font)
        items.append(np.clip(np.array(picture) + rng.normal(0, 15, (28, 28)), 0, 255))
    return np.stack(items).astype(np.uint8)[..., None], targets


def discs(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Small and large discs anywhere: a world without sides."""
    rng = np.random.default_rng(0)
    targets = np.arange(n) % 2
    y, x = np.mgrid[:24, :24]
    items = []
    for k in targets:
        cy, cx = rng.uniform(8, 16, 2)
        inside = (y - cy) ** 2 + (x - cx) ** 2 < (3 + 3 * k) ** 2
        items.append(inside * 180 + rng.integers(0, 60, (24, 24)))
    return np.stack(items).astype(np.uint8)[..., None], targets


def cifar10(file: Path, per_class: int = 120) -> tuple[np.ndarray, np.ndarray]:
    items: dict[str, list[np.ndarray]] = {}
    with tarfile.open(file) as archive:
        for entry in archive:
            parts = entry.name.split("/")
            if "test" in parts and entry.isfile():
                own = items.setdefault(parts[-2], [])
                if len(own) < per_class:
                    own.append(np.array(Image.open(archive.extractfile(entry)).convert("RGB")))
    return _stacked(items)


def flowers12(file: Path) -> tuple[np.ndarray, np.ndarray]:
    items: dict[str, list[np.ndarray]] = {}
    with zipfile.ZipFile(file) as archive:
        for name in sorted(archive.namelist()):
            if "/train/" in f"/{name}" and name.endswith(".jpg"):
                picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
                items.setdefault(name.split("/")[-2], []).append(
                    np.array(picture.reduce(2).resize((96, 96)))
                )
    return _stacked(items)


def _stacked(items: dict[str, list[np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    targets = np.repeat(np.arange(len(items)), [len(own) for own in items.values()])
    return np.concatenate([np.stack(own) for own in items.values()]), targets


def test_digits_are_not_flipped(make_dataset) -> None:
    digits = load_digits()
    items = np.minimum(digits.images * 16, 255).astype(np.uint8)[..., None]
    found = judge_flips(make_dataset(items, digits.target), seed=0)
    assert not found["left-right"].allowed
    assert not found["up-down"].allowed
    assert found["left-right"].plain > 0.9
    assert found["left-right"].flipped < 0.5
    assert found["left-right"].handed > 0.8
    assert "labels do not survive" in found["left-right"].why


def test_arrows_lose_their_label_in_the_mirror_only(make_dataset) -> None:
    found = judge_flips(make_dataset(*arrows()), seed=0)
    assert not found["left-right"].allowed
    assert found["left-right"].flipped < 0.1
    assert found["up-down"].flipped > 0.9


def test_letters_are_not_flipped(make_dataset) -> None:
    assert not judge_flips(make_dataset(*letters()), seed=0)["left-right"].allowed


def test_a_world_without_sides_may_be_flipped_both_ways(make_dataset) -> None:
    found = judge_flips(make_dataset(*discs()), seed=0)
    assert found["left-right"].allowed
    assert found["up-down"].strongly


def test_one_handed_class_among_many_forbids_the_flip(make_dataset) -> None:
    # Two classes of arrows among eighteen that have no sides: the mean loss is small.
    signs, which = arrows(120)
    items, targets = [signs], [which]
    rng = np.random.default_rng(1)
    for k in range(2, 20):
        spots = np.full((60, 32, 32, 1), 12 * k) + rng.integers(-6, 7, (60, 32, 32, 1))
        items.append(spots.clip(0, 255).astype(np.uint8))
        targets.append(np.full(60, k))
    found = judge_flips(make_dataset(np.concatenate(items), np.concatenate(targets)), seed=0)
    assert found["left-right"].plain - found["left-right"].flipped < 0.2
    assert not found["left-right"].allowed
    assert found["left-right"].worst_class in {"class 0", "class 1"}


def test_too_few_pictures_are_not_flipped(make_dataset) -> None:
    items, targets = discs(LEAST_ROWS - 1)
    found = judge_flips(make_dataset(items, targets), seed=0)["left-right"]
    assert not found.allowed
    assert "too few" in found.why


def test_natural_pictures_are_mirrored_but_not_turned_over(make_dataset, shared_data) -> None:
    data = cifar10(shared_data / "cifar10" / "cifar10.tar.gz")
    found = judge_flips(make_dataset(*data), seed=0)
    assert found["left-right"].allowed, found["left-right"].why
    assert not found["up-down"].allowed, found["up-down"].why


def test_flowers_are_mirrored(make_dataset, shared_data) -> None:
    data = flowers12(shared_data / "flowers12" / "flowers12.zip")
    for seed in range(3):
        found = judge_flips(make_dataset(*data), seed=seed)["left-right"]
        assert found.allowed, found.why
