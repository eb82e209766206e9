"""Every layout of folders and archives is read off, with reasons; what is no problem is refused."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from fivefold.plumbing.errors import DataError, OptionError
from fivefold.step1_pick import pick
from fivefold.step1_pick.parts import part_of


def png(value=0):
    buffer = BytesIO()
    Image.fromarray(np.full((4, 4), value, dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def fill(root, *folders, each=3, raw=None, suffix=".png"):
    for folder in folders:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for i in range(each):
            (root / folder / f"{i}{suffix}").write_bytes(png(i) if raw is None else raw)
    return root


def guess(picked, question):
    (only,) = [g for g in picked.problem.guesses if g.question == question]
    return only


def parts_by_label(listing):
    return set(zip(listing.labels, listing.parts, strict=True))


# ------------------------------------------------------------------------------ layouts


def test_class_folders(tmp_path):
    root = fill(tmp_path / "data", "cat", "dog")
    picked = pick(root, scratch=tmp_path / "s")
    assert picked.listing.names == tuple(f"{c}/{i}.png" for c in ("cat", "dog") for i in range(3))
    assert picked.listing.labels == ("cat",) * 3 + ("dog",) * 3
    assert set(picked.listing.parts) == {None}
    problem = picked.problem
    assert [i.kind for i in problem.inputs] == ["image"]
    assert (problem.target.kind, problem.metric, problem.layout) == (
        "class", "accuracy", "class folders",
    )  # fmt: skip
    questions = [g.question for g in problem.guesses]
    assert questions == ["layout", "input", "target", "parts", "metric"]
    assert all(g.answer and g.why and g.option for g in problem.guesses)
    assert guess(picked, "parts").answer == "none given"
    assert "2 labels with 3 items each: cat, dog" in guess(picked, "target").why
    assert picked.source.read("cat/0.png") == png(0)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Training", "Validation", "TESTING"),
        ("tr", "valid", "tst"),
        ("train_set", "dev", "heldout"),
        ("training_images", "eval", "held-out"),
        ("train2017", "val2017", "test2017"),
    ],
)
def test_part_folders_in_any_spelling(tmp_path, train, validation, test):
    folders = [f"{part}/{c}" for part in (train, validation, test) for c in ("a", "b")]
    picked = pick(fill(tmp_path / "data", *folders), scratch=tmp_path / "s")
    assert parts_by_label(picked.listing) == {
        (c, part) for c in ("a", "b") for part in ("train", "validation", "test")
    }
    assert picked.problem.layout == "part folders"
    assert guess(picked, "parts").answer == "train 6, validation 6, test 6"


@pytest.mark.parametrize("word", ["trainer", "tests of time", "value", "cat", "evil", "", "1"])
def test_words_that_are_no_part(word):
    assert part_of(word) is None


def test_train_and_validation_only(tmp_path):
    root = fill(tmp_path / "data", "train/a", "train/b", "val/a", "val/b")
    picked = pick(root, scratch=tmp_path / "s")
    assert set(picked.listing.parts) == {"train", "validation"}
    assert "held out and sealed" in guess(picked, "parts").why


def test_a_train_folder_alone_states_no_parts(tmp_path):
    picked = pick(fill(tmp_path / "data", "train/a", "train/b"), scratch=tmp_path / "s")
    assert parts_by_label(picked.listing) == {("a", None), ("b", None)}


def test_classes_that_are_called_like_parts(tmp_path):
    picked = pick(fill(tmp_path / "data", "train", "bus", "test"), scratch=tmp_path / "s")
    assert set(picked.listing.labels) == {"train", "bus", "test"}
    assert set(picked.listing.parts) == {None}


def test_parts_within_class_folders(tmp_path):
    root = fill(tmp_path / "data", "a/train", "a/test", "b/train", "b/test")
    picked = pick(root, scratch=tmp_path / "s")
    assert parts_by_label(picked.listing) == {(c, p) for c in "ab" for p in ("train", "test")}


def test_deeper_folders_belong_to_the_first_level(tmp_path):
    picked = pick(fill(tmp_path / "data", "a/x", "a/y", "b/x/z"), scratch=tmp_path / "s")
    assert set(picked.listing.labels) == {"a", "b"}


def test_single_top_folders_are_gone_through(tmp_path):
    for top in ("one/two", "one/two/train"):
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        picked = pick(fill(tmp_path / "data", f"{top}/a", f"{top}/b"), scratch=tmp_path / "s")
        assert set(picked.listing.labels) == {"a", "b"}
        assert picked.listing.names[0] == f"{top}/a/0.png"


def test_loose_files_and_empty_folders_are_told(tmp_path):
    root = fill(tmp_path / "data", "a", "b")
    (root / "readme.txt").write_text("hello")
    (root / "c").mkdir()
    picked = pick(root, scratch=tmp_path / "s")
    assert dict(zip(picked.listing.names, picked.listing.labels, strict=True))["readme.txt"] is None
    assert "readme.txt" in guess(picked, "files outside class folders").why
    assert guess(picked, "folders without a file").why == "first: c"


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz", "tar.xz"])
def test_the_same_in_an_archive(tmp_path, form):
    root = fill(tmp_path / "cifar", "train/a", "train/b", "test/a", "test/b")
    path = tmp_path / f"cifar.{form}"
    files = sorted(p for p in root.rglob("*") if p.is_file())
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(tmp_path))
    else:
        with tarfile.open(path, f"w:{form.partition('.')[2]}") as archive:
            for file in files:
                archive.add(file, file.relative_to(tmp_path))
    picked = pick(str(path), scratch=tmp_path / "s")
    assert parts_by_label(picked.listing) == {(c, p) for c in "ab" for p in ("train", "test")}
    assert picked.source.read("cifar/test/b/2.png") == png(2)


def test_names_in_any_encoding(tmp_path):
    root = fill(tmp_path / "data", "caf\udce9", "new\nline", " space ", "ä漢")
    picked = pick(root, scratch=tmp_path / "s")
    assert set(picked.listing.labels) == {"caf\udce9", "new\nline", " space ", "ä漢"}
    assert all(part.isprintable() for g in picked.problem.guesses for part in (g.why, g.answer))


def test_classes_that_differ_only_in_case_or_space_are_told(tmp_path):
    picked = pick(fill(tmp_path / "data", "Cat", "cat ", "dog"), scratch=tmp_path / "s")
    assert "'Cat' and 'cat '" in guess(picked, "classes that differ only in case or space").why


def test_classes_in_the_test_part_only_are_told(tmp_path):
    root = fill(tmp_path / "data", "train/a", "train/b", "test/a", "test/new")
    found = guess(pick(root, scratch=tmp_path / "s"), "classes in the test part only")
    assert "new" in found.why


def test_a_thousand_classes(tmp_path):
    root = fill(tmp_path / "data", *(f"{i:04d}" for i in range(1000)), each=2, raw=png())
    picked = pick(root, scratch=tmp_path / "s", metric="top5")
    assert len(set(picked.listing.labels)) == 1000
    assert "and 995 more" in guess(picked, "target").why
    assert picked.problem.metric == "top5"


def test_flowers(tmp_path, shared_data):
    picked = pick(shared_data / "flowers12" / "flowers12.zip", scratch=tmp_path)
    assert guess(picked, "parts").answer == "train 720, test 240"
    assert len(set(picked.listing.labels)) == 12


def test_the_embedded_digits(tmp_path):
    picked = pick(None, scratch=tmp_path)
    assert len(picked.listing.names) == 1797
    assert set(picked.listing.labels) == set("0123456789")
    pixels = np.asarray(Image.open(BytesIO(picked.source.read("0/0000.png"))))
    assert (pixels.shape, pixels.min(), pixels.max()) == ((8, 8), 0, 239)
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "digits").rglob("*.png")}
    again = pick(None, scratch=tmp_path)
    assert again.listing == picked.listing
    assert all(p.stat().st_mtime_ns == at for p, at in times.items())
    assert [p.name for p in tmp_path.iterdir()] == ["digits"]


# -------------------------------------------------------------------- a second source


def test_a_test_part_from_a_second_source(tmp_path):
    root = fill(tmp_path / "data", "a", "b")
    fill(tmp_path / "more", "a")
    picked = pick(root, test=tmp_path / "more", scratch=tmp_path / "s")
    assert set(picked.listing.parts) == {None}
    assert parts_by_label(picked.test_listing) == {("a", "test")}
    assert picked.test_source.read("a/1.png") == png(1)
    assert guess(picked, "parts").answer == "test 3, from --test"


def test_a_path_that_is_not_there_is_not_only_taken_for_a_column(tmp_path):
    root = fill(tmp_path / "data", "a", "b")
    for typed in (str(tmp_path / "moer"), "speaker=" + 300 * "x"):
        with pytest.raises(OptionError, match="or a path that is there") as caught:
            pick(root, test=typed, scratch=tmp_path / "s")
        assert typed[:20] in caught.value.found


def test_only_the_test_part_of_a_second_source_is_used(tmp_path):
    root = fill(tmp_path / "data", "a", "b")
    fill(tmp_path / "more", "train/a", "train/b", "test/a", "test/b")
    picked = pick(root, test=tmp_path / "more", scratch=tmp_path / "s")
    assert {name.split("/")[0] for name in picked.test_listing.names} == {"test"}


def test_two_test_parts_are_refused(tmp_path):
    root = fill(tmp_path / "data", "train/a", "train/b", "test/a", "test/b")
    with pytest.raises(OptionError, match="a test part in the data"):
        pick(root, test=root, scratch=tmp_path / "s")


def test_a_second_source_of_another_kind_is_refused(tmp_path):
    root = fill(tmp_path / "data", "a", "b")
    fill(tmp_path / "more", "a", "b", raw=b"hello", suffix=".txt")
    with pytest.raises(DataError, match=r"6 \.txt files"):
        pick(root, test=tmp_path / "more", scratch=tmp_path / "s")


# -------------------------------------------------------------------------- bad input


def refused(tmp_path, root, error=DataError, **options):
    with pytest.raises(error) as caught:
        pick(root, scratch=tmp_path / "s", **options)
    assert caught.value.wanted
    assert caught.value.hint
    return caught.value.found


def test_an_empty_folder(tmp_path):
    (tmp_path / "void").mkdir()
    assert refused(tmp_path, tmp_path / "void") == f"nothing in {tmp_path / 'void'}"


def test_class_folders_without_files(tmp_path):
    root = fill(tmp_path / "data", "a", "b", each=0)
    assert refused(tmp_path, root).startswith("2 folders without a file in")


def test_one_class(tmp_path):
    assert refused(tmp_path, fill(tmp_path / "data", "cat")) == "1 class: cat (3 items)"
    root = fill(tmp_path / "data", "dog", each=0)
    assert refused(tmp_path, root) == "1 class: cat (3 items)"


def test_files_outside_class_folders(tmp_path):
    assert "3 files in" in refused(tmp_path, fill(tmp_path / "data", "."))


def test_part_folders_without_class_folders(tmp_path):
    found = refused(tmp_path, fill(tmp_path / "data", "train", "test"))
    assert found.startswith("part folders without class folders in")
    assert found.endswith("(test, train)")


def test_a_damaged_archive_alone_in_a_folder_is_told(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"train\.zip, which cannot be opened"):
        pick(tmp_path / "data", scratch=tmp_path / "s")


def test_one_picture_per_class(tmp_path):
    root = fill(tmp_path / "data", "a", "b", each=1)
    assert refused(tmp_path, root) == "2 classes with one item each"


@pytest.mark.parametrize("part", ["test", "val"])
def test_a_part_without_a_train_part(tmp_path, part):
    root = fill(tmp_path / "data", f"{part}/a", f"{part}/b")
    assert "without a train part" in refused(tmp_path, root)


def test_files_of_no_kind(tmp_path):
    root = fill(tmp_path / "data", "a", "b", each=20, raw=b"%PDF-1.4\0", suffix=".pdf")
    found = refused(tmp_path, root)
    assert found.startswith("40 .pdf files among 40 looked at")
    assert "a PDF document" in found


def test_broken_pictures_among_sound_ones_do_not_hide_the_kind(tmp_path):
    root = fill(tmp_path / "data", "a", each=2)
    fill(root, "b", each=9, raw=b"broken")
    (root / "b" / "void.png").write_bytes(b"")
    assert pick(root, scratch=tmp_path / "s").problem.inputs[0].kind == "image"


def test_only_broken_pictures(tmp_path):
    root = fill(tmp_path / "data", "a", "b", raw=b"\0\1\2")
    assert "6 .png files among 6 looked at" in refused(tmp_path, root)


def test_wrong_words(tmp_path):
    root = fill(tmp_path / "data", "a", "b")
    assert refused(tmp_path, root, OptionError, input_kind="img") == "input 'img'"
    assert refused(tmp_path, root, OptionError, target_kind="cls") == "target 'cls'"
    assert refused(tmp_path, root, OptionError, metric="f1") == "metric 'f1'"
    assert "with 2 classes" in refused(tmp_path, root, OptionError, metric="top5")
    assert "6 .png files" in refused(tmp_path, root, input_kind="array")
    assert "no tables" in refused(tmp_path, root, label="label")


def test_a_page_of_text_called_png_makes_no_texts_of_pictures(tmp_path):
    root = fill(tmp_path / "data", "circle", "square", each=20)
    (root / "square" / "page.png").write_text("not a picture")
    (root / "square" / "notes.txt").write_text("hello")
    assert pick(root, scratch=tmp_path / "s").problem.kind == "image"


def test_damaged_files_count_by_the_suffix_of_sound_ones(tmp_path):
    root = fill(tmp_path / "data", "cat", "dog", each=2)
    fill(root, "bird", each=12, raw=b"")
    assert pick(root, scratch=tmp_path / "s").problem.kind == "image"
