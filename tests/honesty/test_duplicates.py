"""Planted leaks: copies of test pictures among the training pictures are caught and set aside."""

import io
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from fivefold.step1_pick.problem import pick
from fivefold.step2_gather.gather import gather


def clouds(rng):
    return Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((48, 48), 3)


def write(root, counts):
    rng = np.random.default_rng(5)
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True)
        for i in range(count):
            clouds(rng).save(root / folder / f"{i:03d}.png")
    return root


def run(data, tmp_path, seed=0):
    picked = pick(data, scratch=tmp_path / "scratch")
    return gather(
        picked.problem, picked.listing, picked.source, cache_root=tmp_path / "cache", seed=seed
    )


def as_jpeg(image, file):
    image.save(file, "JPEG", quality=60)


def resized(image, file):
    image.resize((45, 45), Image.Resampling.BICUBIC).save(file, "PNG")


def same_pixels(image, file):
    image.save(file, "PNG", compress_level=0)


def mirrored(image, file):
    image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(file, "PNG")


PLANTS = [as_jpeg, resized, same_pixels, mirrored]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_test_picture_planted_in_training_is_set_aside(plant, tmp_path):
    root = write(tmp_path / "data", {f"{p}/{c}": 12 for p in ("train", "test") for c in "ab"})
    with (root / "train" / "a" / "planted.img").open("wb") as file:
        plant(Image.open(root / "test" / "a" / "007.png"), file)
    gathered = run(root, tmp_path)
    (pair,) = gathered.dataset.duplicates
    assert {pair.first, pair.second} == {"test/a/007.png", "train/a/planted.img"}
    assert pair.across
    assert pair.exact == (plant is same_pixels)
    assert pair.action == ("train/a/planted.img set aside from training: the other is a test row")
    assert "train/a/planted.img" not in gathered.dataset.names
    assert len(gathered.dataset.names) == 24
    assert "test/a/007.png" in gathered.vault.open().names


def test_a_leak_with_another_label_is_caught_and_named(tmp_path):
    root = write(tmp_path / "data", {f"{p}/{c}": 12 for p in ("train", "test") for c in "ab"})
    raw = (root / "test" / "a" / "007.png").read_bytes()
    (root / "train" / "b" / "planted.png").write_bytes(raw)
    data = run(root, tmp_path).dataset
    assert not data.duplicates[0].same_label
    assert "train/b/planted.png" not in data.names
    assert "1 duplicate pair of different labels" in data.notes
    assert "1 duplicate pair (0 near, not exact; 1 across parts)" in data.notes


def test_a_training_copy_of_a_validation_row_is_set_aside(tmp_path):
    root = write(tmp_path / "data", {f"{p}/{c}": 12 for p in ("train", "val") for c in "ab"})
    raw = (root / "val" / "a" / "007.png").read_bytes()
    (root / "train" / "a" / "planted.png").write_bytes(raw)
    data = run(root, tmp_path).dataset
    assert "val/a/007.png" in data.names
    assert "train/a/planted.png" not in data.names


@pytest.mark.parametrize("seed", range(6))
def test_our_own_split_keeps_copies_on_one_side(seed, tmp_path):
    root = write(tmp_path / "data", {"a": 25, "b": 25})
    for i in range(8):
        for suffix, plant in (("x", as_jpeg), ("y", mirrored)):
            with (root / "a" / f"{i:03d}{suffix}.png").open("wb") as file:
                plant(Image.open(root / "a" / f"{i:03d}.png"), file)
    gathered = run(root, tmp_path, seed)
    fold = dict(zip(gathered.dataset.names, gathered.dataset.folds.tolist(), strict=True))
    fold |= dict.fromkeys(gathered.vault.open().names, "vault")
    assert len(fold) == 66
    for i in range(8):
        assert len({fold[f"a/{i:03d}{suffix}.png"] for suffix in ("", "x", "y")}) == 1
    assert not any(pair.across for pair in gathered.dataset.duplicates)


def test_rows_of_one_picture_with_other_words_stay_on_one_side(tmp_path):
    root = write(tmp_path / "data", {"img": 20})
    rows = [f"img/{i // 2:03d}.png,the tale of number {i} told once again,{'ab'[i % 2]}\n"
            for i in range(40)]  # fmt: skip
    (root / "x.csv").write_text("photo,story,label\n" + "".join(rows))
    gathered = run(root / "x.csv", tmp_path)
    data, sealed = gathered.dataset, gathered.vault.open()
    assert len(data.names) + len(sealed.names) == 40

    def shown(names):
        return {name.rpartition("/")[2] for name in names}

    assert not shown(sealed.names) & shown(data.names)
    for fold in range(data.n_folds):
        inside = data.folds == fold
        names = np.array(data.names)
        assert not shown(names[inside]) & shown(names[~inside])


def test_unlike_pictures_are_no_duplicates(tmp_path):
    data = run(write(tmp_path / "data", {"a": 60, "b": 60}), tmp_path).dataset
    assert data.duplicates == ()
    assert len(set(data.groups)) == len(data.groups)


def test_flowers_hold_one_exact_pair_and_test_flowers_among_the_training_ones(
    shared_data, tmp_path
):
    gathered = run(shared_data / "flowers12" / "flowers12.zip", tmp_path)
    data = gathered.dataset
    exact = [(pair.first, pair.second) for pair in data.duplicates if pair.exact]
    assert len(exact) == 1
    assert [name.rpartition("/")[2] for name in exact[0]] == ["image_0422.jpg", "image_0469.jpg"]
    # Looked at by eye: each is the same photograph, most of them mirrored.
    assert len(data.names) == 720 - 24
    assert gathered.vault.size == 240


def test_small_photographs_are_not_taken_for_copies_unless_they_are(shared_data, tmp_path):
    # By eye each of the two pairs is one photograph, saved in another way.
    picked = {}
    with tarfile.open(shared_data / "cifar10" / "cifar10.tar.gz") as archive:
        for member in archive:
            if member.isfile() and len(picked) < 2000:
                picked[member.name] = archive.extractfile(member).read()
            elif len(picked) == 2000:
                break
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        for name, raw in picked.items():
            archive.writestr(name.replace("cifar10/test/", ""), raw)
    data = run(tmp_path / "some.zip", tmp_path).dataset
    found = [(pair.first, pair.second) for pair in data.duplicates]
    assert found == [
        ("airplane/0164.jpg", "airplane/0505.jpg"),
        ("automobile/0363.jpg", "automobile/0472.jpg"),
    ]


def test_every_bad_picture_is_in_quarantine_or_open_with_a_reason(shared_data, tmp_path):
    root = write(tmp_path / "data", {"a": 12, "b": 12})
    bad = sorted((shared_data / "bad_inputs" / "image").iterdir())
    for file in bad:
        (root / "a" / file.name).write_bytes(file.read_bytes())
    archives = sorted((shared_data / "bad_inputs" / "archive").iterdir())
    for file in archives:
        (root / "b" / file.name).write_bytes(file.read_bytes())
    gathered = run(root, tmp_path)
    apart = {one.path: one.reason for one in gathered.dataset.quarantine}
    used = {*gathered.dataset.names, *gathered.vault.open().names}
    every = {f"a/{file.name}" for file in bad} | {f"b/{file.name}" for file in archives}
    assert not used & set(apart)
    assert every <= used | set(apart)
    assert {f"b/{file.name}" for file in archives} <= set(apart)
    assert all(apart.values())
    upright = {f"a/Landscape_{i}.jpg" for i in (3, 5, 6, 8)}
    assert upright | {"a/pil_sample_cmyk.jpg", "a/16bit.cropped.tif"} <= used
    for name in ("a/broken.png", "a/truncated_image.png", "a/zero_width.gif"):
        assert name in apart


def test_copies_are_counted_by_bytes_not_by_names(tmp_path):
    root = write(tmp_path / "data", {"a": 12, "b": 12})
    file = io.BytesIO()
    as_jpeg(Image.open(root / "a" / "000.png"), file)
    for name in ("one.jpg", "two.jpg", "three.jpg"):
        (root / "a" / name).write_bytes(file.getvalue())
    data = run(root, tmp_path).dataset
    assert sum(pair.exact for pair in data.duplicates) == 2
    assert sum(not pair.exact for pair in data.duplicates) == 1
