"""Arrays from .npy, .npz, HDF5 and text; what lies about itself is refused."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from fivefold.inputs.array import Array
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.sources import ArraySource
from fivefold.testing import check_input_kind

MAP = np.arange(12, dtype=np.float64).reshape(3, 4)


def npy(values, **how):
    file = io.BytesIO()
    np.save(file, values, **how)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def hdf5(**arrays):
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        for name, values in arrays.items():
            made.create_dataset(name, data=values)
    return file.getvalue()


def text(values):
    file = io.StringIO()
    np.savetxt(file, values)
    return file.getvalue().encode()


GOOD = (npy(MAP), npy(MAP.astype(">i2")), npy(np.asfortranarray(MAP)), npz(x=MAP), text(MAP))


def test_conforms():
    truncated = npy(MAP)[:-1]
    bad = (b"", truncated, npy(MAP)[:20], npz(x=MAP)[:60], b"one,two\nthree,four\n", b"\0\1\2")
    check_input_kind(Array(), GOOD, bad)


@pytest.mark.parametrize("raw", [*GOOD, hdf5(field=MAP)], ids=range(6))
def test_every_form_gives_the_same_array(raw):
    assert np.array_equal(Array().open(raw), MAP.astype(np.float32))


@pytest.mark.parametrize("count", range(1, 9))
def test_a_row_or_a_column_of_few_numbers_is_a_vector(count):
    numbers = np.arange(1.0, count + 1)
    assert np.array_equal(Array().open(text(numbers)), numbers)
    assert np.array_equal(Array().open(text(numbers[None])), numbers)


def test_what_a_source_gives_is_opened_again():
    items = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(Array().open(ArraySource(items).read("row-000001")), items[1])


def test_objects_are_never_loaded():
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("code of a file was run",))

    raw = npy(np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(BadItem, match="Python objects"):
        Array().open(raw)


def test_a_header_that_claims_terabytes_costs_nothing():
    raw = npy(MAP).replace(b"(3, 4)", b"(999999999, 999)")
    with pytest.raises(BadItem, match=r"claims an array|damaged"):
        Array().open(raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (npy(np.array(["a"])), "no real number"),
        (npy(np.array([1j])), "no real number"),
        (npy(np.zeros((0, 3))), "0 numbers"),
        (npz(a=MAP, b=MAP), "holds 2 arrays"),
        (hdf5(), "holds 0 arrays"),
    ],
)
def test_what_is_no_array_is_refused(raw, reason):
    with pytest.raises(BadItem, match=reason):
        Array().open(raw)


def test_links_of_hdf5_lead_nowhere(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as other:
        other["x"] = MAP
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        made["x"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "x")
    with pytest.raises(BadItem, match="holds 0 arrays"):
        Array().open(file.getvalue())


def test_numbers_before_a_grid_are_left_out_and_told():
    spins = np.random.default_rng(0).integers(0, 2, 36)
    kind = Array()
    opened = kind.open(("6\n2.11\n" + "\n".join(map(str, spins)) + "\n").encode())
    assert np.array_equal(opened, spins.reshape(6, 6))
    shape = kind.learn([opened])
    assert "2 numbers before the 6x6 grid" in shape["told"][0]
    assert "6, 2.11" in shape["told"][0]


def test_a_short_first_row_is_left_out_too():
    opened = Array().open(b"2.5\n1 2 3\n4 5 6\n7 8 9\n")
    assert np.array_equal(opened, [[1, 2, 3], [4, 5, 6], [7, 8, 9]])


def test_a_vector_that_states_no_sides_stays_whole():
    assert Array().open("\n".join(map(str, range(7, 45))).encode()).shape == (38,)


@pytest.mark.parametrize(
    ("raw", "cached"),
    [((5,), (5,)), ((5, 1), (5,)), ((6, 7), (6, 7)), ((9, 8, 3), (3, 9, 8)), ((2, 9, 8), (2, 9, 8)),
     ((2, 3, 4, 5), (6, 4, 5))],
)  # fmt: skip
def test_shapes_as_they_are_cached(raw, cached):
    kind, item = Array(), np.arange(np.prod(raw), dtype=np.float32).reshape(raw)
    shape = kind.learn([item])
    assert kind.fit(item, shape).shape == tuple(shape["item_shape"]) == cached
    if raw == (9, 8, 3):
        assert np.array_equal(kind.fit(item, shape)[1], item[:, :, 1])


def test_other_shapes_and_infinite_values_are_bad_items():
    kind = Array()
    shape = kind.learn([np.zeros(3)])
    assert kind.fit(np.array([1, 2, 3]), shape).dtype == np.float32
    with pytest.raises(BadItem, match="has 2 values where the others have 3"):
        kind.fit(np.zeros(2), shape)
    with pytest.raises(BadItem, match=r"shape \(2, 2\)"):
        kind.fit(np.zeros((2, 2)), shape)
    for broken in (np.nan, np.inf):
        with pytest.raises(BadItem, match="not finite"):
            kind.fit(np.array([1, broken, 3]), shape)


def test_shown_as_curve_or_map():
    kind = Array()
    assert kind.show(np.arange(5.0), {}).shape[2] == 3
    assert kind.show(MAP, {}).shape == (3, 4, 1)
    assert kind.show(np.stack([MAP, MAP]), {}).shape == (3, 4, 1)


def test_a_real_lattice_gives_its_spins_alone(shared_data):
    import zipfile

    with zipfile.ZipFile(shared_data / "ising" / "test.zip") as archive:
        raw = archive.read("test/1.540_00047.txt")
    opened = Array().open(raw)
    assert opened.shape == (50, 50)
    assert set(np.unique(opened)) == {0, 1}
