"""One file that holds X and y."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from fivefold.plumbing.errors import DataError
from fivefold.step1_pick import pick

h5py = pytest.importorskip("h5py")
RNG = np.random.default_rng(0)
VECTORS = RNG.normal(size=(30, 5))
CLASSES = np.repeat(["cat", "dog", "owl"], 10)


def picked(path, tmp_path, **options):
    return pick(path, scratch=tmp_path / "scratch", **options)


def save_npz(path, arrays):
    np.savez_compressed(path, **arrays)


def save_hdf5(path, arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            words = values.dtype.kind in "US"
            file[name] = values.astype(h5py.string_dtype()) if words else values


@pytest.mark.parametrize(("save", "name"), [(save_npz, "all.npz"), (save_hdf5, "all.h5")])
def test_x_and_y(tmp_path, save, name):
    save(tmp_path / name, {"X": VECTORS, "y": CLASSES})
    found = picked(tmp_path / name, tmp_path)
    assert found.problem.kind == "array"
    assert found.problem.reads_packs
    assert list(found.listing.labels) == CLASSES.tolist()
    names = found.source.names()
    assert np.array_equal(found.source.array(names[7]), VECTORS[7].astype(np.float32))


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("Xtrain", "ytrain", "Xtest", "ytest"),
        ("x", "y", "x_test", "y_test"),
    ],
)
def test_parts_stand_in_names(tmp_path, names):
    pictures = RNG.integers(0, 255, (30, 8, 8), dtype=np.uint8)
    codes = np.arange(30) % 3
    values = (pictures[:20], codes[:20, None], pictures[20:], codes[20:, None])
    save_npz(tmp_path / "mnist.npz", dict(zip(names, values, strict=True)))
    found = picked(tmp_path / "mnist.npz", tmp_path)
    assert found.problem.kind == "image"
    assert found.listing.parts == ("train",) * 20 + ("test",) * 10
    assert list(found.listing.labels) == [str(code) for code in codes]


def test_parts_are_groups_of_hdf5(tmp_path):
    arrays = {"train/X": VECTORS, "train/y": CLASSES, "test/X": VECTORS[:6], "test/y": CLASSES[:6]}
    save_hdf5(tmp_path / "all.hdf5", arrays)
    assert picked(tmp_path / "all.hdf5", tmp_path).listing.parts[-7:] == ("train", *["test"] * 6)


def test_series_and_who_they_are_of(tmp_path):
    steps = RNG.normal(size=(30, 40, 3))
    steps[3, 30:] = np.nan
    people = np.repeat(["ann", "bob", "cid", "dee", "eve"], 6)
    save_npz(tmp_path / "walks.npz", {"X": steps, "y": np.arange(30) % 2, "subject": people})
    found = picked(tmp_path / "walks.npz", tmp_path)
    assert found.problem.kind == "series"
    assert list(found.listing.groups) == people.tolist()
    without = picked(tmp_path / "walks.npz", tmp_path, test="subject=eve")
    assert without.listing.parts == ("train",) * 24 + ("test",) * 6


def test_the_label_is_named(tmp_path):
    save_npz(tmp_path / "a.npz", {"X": VECTORS, "species": CLASSES, "age": np.arange(30)})
    with pytest.raises(DataError, match="--label"):
        picked(tmp_path / "a.npz", tmp_path)
    found = picked(tmp_path / "a.npz", tmp_path, label="species")
    assert list(found.listing.labels) == CLASSES.tolist()


@pytest.mark.parametrize(
    "arrays",
    [
        {"X": VECTORS},
        {"X": VECTORS, "y": CLASSES[:29]},
        {"X": VECTORS, "y": CLASSES, "x_test": VECTORS},
        {"a": VECTORS, "b": CLASSES},
    ],
)
def test_what_does_not_fit_is_told(tmp_path, arrays):
    save_npz(tmp_path / "a.npz", arrays)
    with pytest.raises(DataError, match=r"a\.npz|rows"):
        picked(tmp_path / "a.npz", tmp_path)


def test_python_objects_are_not_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", X=VECTORS, y=np.array([{}] * 30, dtype=object))
    with pytest.raises(DataError, match=r"a\.npz"):
        picked(tmp_path / "a.npz", tmp_path)


@pytest.mark.parametrize("name", ["a.npz", "a.h5"])
def test_a_damaged_file_is_one_error(tmp_path, name):
    save = save_npz if name == "a.npz" else save_hdf5
    save(tmp_path / name, {"X": VECTORS, "y": CLASSES})
    raw = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(raw[:-200])
    with pytest.raises(DataError, match=r"a\.(npz|h5)"):
        picked(tmp_path / name, tmp_path)


def test_an_archive_of_npy_files_is_no_pack(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(12):
            np.save(tmp_path / "one.npy", VECTORS[i])
            archive.write(tmp_path / "one.npy", f"{'ab'[i % 2]}/{i}.npy")
    assert picked(tmp_path / "a.zip", tmp_path).problem.layout == "class folders"
