"""What step 2 hands on: rows, classes, parts, quarantine, notes, and errors at the door."""

import csv
import shutil

import numpy as np
import pytest
from clouds import picture
from PIL import Image

from fivefold.plumbing.errors import DataError


def notes_of(gathered):
    return "\n".join(gathered.dataset.notes)


def test_rows_targets_and_names_belong_together(make, look):
    root = make({"cat": 30, "dog": 20})
    gathered = look(root)
    data, vault = gathered.dataset, gathered.vault
    assert data.classes == ("cat", "dog")
    assert data.rows.item_shape == (32, 40, 3)
    assert vault.origin == "held out 20%, stratified"
    content = vault.open()
    assert vault.size == len(content.names) == 10
    assert len(data.targets) == len(data.names) == len(data.rows) == 40
    assert not set(data.names) & set(content.names)
    for part in (data, content):
        items = part.rows.take(slice(None))
        for i, name in enumerate(part.names):
            assert (items[i] == np.asarray(Image.open(root / name))).all()
            assert data.classes[part.targets[i]] == name.split("/")[0]


def test_the_same_seed_gives_the_same_split_and_another_seed_another(make, look):
    root = make({"cat": 30, "dog": 20})
    first, again, other = look(root, seed=3), look(root, seed=3), look(root, seed=4)
    assert first.dataset.names == again.dataset.names
    assert (first.dataset.folds == again.dataset.folds).all()
    assert first.dataset.names != other.dataset.names
    assert first.dataset.fingerprint == other.dataset.fingerprint


def test_a_given_test_part_is_the_whole_vault(make, look):
    root = make({"train/cat": 12, "train/dog": 12, "test/cat": 4, "test/dog": 4})
    gathered = look(root)
    assert gathered.vault.origin == "given test part"
    assert all(name.startswith("test/") for name in gathered.vault.open().names)
    assert gathered.vault.size == 8
    assert len(gathered.dataset.targets) == 24


def test_a_given_validation_part_is_fold_0_and_stays_whole(make, look):
    root = make({"train/cat": 12, "train/dog": 12, "val/cat": 5, "val/dog": 5})
    data = look(root).dataset
    assert data.n_folds == 1
    inside = [name for name, fold in zip(data.names, data.folds, strict=True) if fold == 0]
    assert len(inside) == 10
    assert all(name.startswith("val/") for name in inside)
    assert set(data.folds) == {0, -1}


def test_a_separate_test_folder_is_the_vault(make, look, tmp_path, rng):
    root = make({"cat": 12, "dog": 12})
    other = tmp_path / "other"
    for name in ("cat", "dog", "ox"):
        (other / name).mkdir(parents=True)
        for i in range(3):
            picture(rng).save(other / name / f"{i}.png")
    gathered = look(root, test=other)
    assert len(gathered.dataset.targets) == 24
    assert gathered.vault.size == 6
    assert "3 test rows left out: no training row carries their label (ox)" in notes_of(gathered)


def test_broken_files_are_in_quarantine_with_their_reason(make, look):
    root = make({"cat": 12, "dog": 12})
    (root / "cat" / "note.png").write_text("no picture at all")
    (root / "dog" / "empty.png").write_bytes(b"")
    cut = (root / "dog" / "0001.png").read_bytes()[:200]
    (root / "dog" / "cut.png").write_bytes(cut)
    gathered = look(root)
    reasons = {bad.path: bad.reason for bad in gathered.dataset.quarantine}
    assert set(reasons) == {"cat/note.png", "dog/empty.png", "dog/cut.png"}
    assert "empty" in reasons["dog/empty.png"]
    assert "not a picture" in reasons["cat/note.png"]
    assert len(gathered.dataset.targets) + gathered.vault.size == 24
    assert gathered.dataset.total == 27


def test_a_picture_outside_the_class_folders_has_no_label(make, look, rng):
    root = make({"cat": 12, "dog": 12})
    picture(rng).save(root / "stray.png")
    (bad,) = look(root).dataset.quarantine
    assert (bad.path, bad.reason) == ("stray.png", "lies outside any class folder")


def test_a_class_with_only_broken_files_is_dropped_and_noted(make, look):
    root = make({"cat": 12, "dog": 12})
    (root / "ox").mkdir()
    for i in range(4):
        (root / "ox" / f"{i}.png").write_text("broken")
    gathered = look(root)
    assert gathered.dataset.classes == ("cat", "dog")
    assert "1 class (ox) dropped: none of 4 items" in notes_of(gathered)


def test_one_usable_class_is_not_enough(make, look):
    root = make({"cat": 12, "dog": 3})
    for file in (root / "dog").iterdir():
        file.write_text("broken")
    with pytest.raises(DataError) as error:
        look(root)
    assert "12 usable rows in 1 classes" in error.value.found
    assert "3 x " in error.value.found
    assert "2 classes" in error.value.wanted


def test_classes_of_one_picture_beside_one_class_are_not_enough(make, look):
    with pytest.raises(DataError, match="13 usable rows in 3 classes, 1 of them with 2 rows"):
        look(make({"cat": 11, "dog": 1, "ox": 1}))


def test_nine_rows_are_not_enough_and_ten_are(make, look):
    root = make({"cat": 5, "dog": 5})
    assert len(look(root).dataset.targets) == 8
    (root / "cat" / "0000.png").unlink()
    with pytest.raises(DataError, match="9 usable rows"):
        look(root)


def test_nothing_but_broken_files_says_what_is_wrong_with_them(make, look):
    root = make({"cat": 6, "dog": 6})
    for file in root.rglob("*.png"):
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError) as error:
        look(root)
    assert "12 items of which not one can be used (12 x is damaged" in error.value.found


def test_a_test_part_without_a_usable_row_is_an_error(make, look):
    root = make({"train/cat": 12, "train/dog": 12, "test/cat": 2})
    for file in (root / "test" / "cat").iterdir():
        file.write_text("broken")
    with pytest.raises(DataError, match="a test part without a usable row"):
        look(root)


def test_uneven_classes_mixed_sizes_and_spellings_are_noted(make, look, rng):
    root = make({"cat": 40, "dog": 5, "Dog": 12})
    picture(rng, (600, 480)).save(root / "cat" / "large.png")
    notes = notes_of(look(root))
    assert "uneven classes: 33 rows of 'cat', 4 of 'dog'" in notes
    assert "'Dog', 'dog'" in notes
    assert "pictures of 2 sizes, from 40x32 to 600x480, brought to 40x32" in notes
    assert "1 of 58 pictures are larger than the 40x32 they are used at" in notes


def test_table_rows_without_a_file_or_a_label_are_in_quarantine(make, look):
    root = make({"cat": 12, "dog": 12})
    table = root / "labels.csv"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label"])
        rows.writerows([p.relative_to(root), p.parent.name] for p in sorted(root.rglob("*.png")))
        rows.writerow(["cat/gone.png", "cat"])
    with table.open("a") as file:
        file.write("cat/0003.png,\n")
    gathered = look(table)
    reasons = {(bad.path, bad.reason) for bad in gathered.dataset.quarantine}
    assert reasons == {("cat/gone.png", "is not there"), ("cat/0003.png", "has no label")}


def test_pictures_in_arrays_need_no_decoding(look, rng):
    pictures = np.stack([np.asarray(picture(rng, (16, 16))) for _ in range(60)])
    labels = np.arange(60) % 3
    gathered = look((pictures, labels))
    data = gathered.dataset
    assert data.rows.item_shape == (16, 16, 3)
    assert len(data.targets) == 48
    numbers = [int(name.rpartition("-")[2]) for name in data.names]
    assert (data.rows.take(slice(None)) == pictures[numbers]).all()


def test_vectors_are_grouped_only_when_exactly_equal(look, rng):
    vectors = rng.normal(size=(60, 5)).astype(np.float32)
    vectors[31] = vectors[30]
    vectors[41] = vectors[40] + 1e-4
    data = look((vectors, np.arange(60) % 2)).dataset
    assert [(pair.first, pair.second) for pair in data.duplicates] == [("row-000030", "row-000031")]
    assert not data.duplicates[0].same_label


def test_vectors_of_few_values_are_not_duplicates(look, rng):
    vectors = rng.integers(0, 2, size=(80, 3)).astype(np.float32)
    gathered = look((vectors, np.arange(80) % 2))
    assert gathered.dataset.duplicates == ()
    assert "so they do not count as duplicates" in notes_of(gathered)
    assert len(set(gathered.dataset.groups)) == len(gathered.dataset.groups)


def test_a_thousand_classes_of_tiny_pictures_are_split(look, rng):
    pictures = rng.integers(0, 256, (5000, 4, 4, 3), np.uint8)
    gathered = look((pictures, np.arange(5000) % 1000))
    assert len(gathered.dataset.classes) == 1000
    assert (np.bincount(gathered.vault.open().targets, minlength=1000) == 1).all()


def test_the_fingerprint_follows_names_and_bytes(make, look):
    root = make({"cat": 8, "dog": 8})
    first = look(root).dataset.fingerprint
    shutil.move(root / "cat" / "0000.png", root / "cat" / "zero.png")
    renamed = look(root).dataset.fingerprint
    picture(np.random.default_rng(99)).save(root / "cat" / "zero.png")
    assert len({first, renamed, look(root).dataset.fingerprint}) == 3
