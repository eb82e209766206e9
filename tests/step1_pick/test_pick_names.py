"""Labels, groups and parts in the names of files, or in tables beside them by number."""

from __future__ import annotations

import zipfile

import pytest

from fivefold.plumbing.errors import DataError, OptionError
from fivefold.step1_pick import pick
from fivefold.step1_pick.patterns import Pattern, condition

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def files(root, names, raw=PNG):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(raw)
    return root


def guess(picked, question):
    (only,) = [g for g in picked.problem.guesses if g.question == question]
    return only


def labels_of(picked):
    return dict(zip(picked.listing.names, picked.listing.labels, strict=True))


def groups_of(picked):
    return dict(zip(picked.listing.names, picked.listing.groups, strict=True))


SPOKEN = [f"{d}_{who}_{i}.png" for d in range(3) for who in ("ann", "bob", "eva") for i in range(4)]


@pytest.fixture
def spoken(tmp_path):
    return files(tmp_path / "recordings", [*SPOKEN, "README.md"])


def test_label_and_group_are_seen(spoken, tmp_path):
    picked = pick(spoken, scratch=tmp_path)
    assert labels_of(picked)["2_bob_1.png"] == "2"
    assert labels_of(picked)["README.md"] is None
    assert set(picked.listing.groups) - {None} == {"ann", "bob", "eva"}
    assert picked.problem.layout == "file names"
    told = guess(picked, "layout")
    assert "{field1}_{field2}_{field3}" in told.answer
    assert "field2 has 3 values (ann, bob, eva)" in told.why


def test_fields_have_the_names_that_are_given(spoken, tmp_path):
    pattern = "{digit}_{speaker}_{index}.png"
    picked = pick(
        spoken, scratch=tmp_path, path_column=pattern, label="digit", group="speaker",
        test="index<1",
    )  # fmt: skip
    assert picked.listing.parts.count("test") == 9
    assert picked.problem.target.column == "digit"
    left = pick(
        spoken, scratch=tmp_path, path_column=pattern, label="digit", test="speaker=bob,eva"
    )
    assert left.listing.parts.count("test") == 24
    who = pick(spoken, scratch=tmp_path, label="{}_{label}_{}.png", group="{group}_{}_{}")
    assert labels_of(who)["2_bob_1.png"] == "bob"
    assert set(who.listing.groups) - {None} == {"0", "1", "2"}


def test_a_split_over_another_field_has_no_groups_unless_asked(spoken, tmp_path):
    assert pick(spoken, scratch=tmp_path, test="field3<1").listing.groups == ()
    grouped = pick(spoken, scratch=tmp_path, test="field3<1", group="field2")
    assert set(grouped.listing.groups) - {None} == {"ann", "bob", "eva"}
    assert set(pick(spoken, scratch=tmp_path, test="field2=ann").listing.groups) - {None} == {
        "ann", "bob", "eva",
    }  # fmt: skip


def test_a_number_in_names_and_a_class_made_of_it(tmp_path):
    heats = [f"{t / 100:.3f}_{k:03d}.png" for t in range(150, 300, 10) for k in range(4)]
    root = files(tmp_path / "data", heats)
    picked = pick(root, scratch=tmp_path)
    assert picked.problem.target.kind == "number"
    assert labels_of(picked)["2.100_002.png"] == "2.100"
    cut = pick(root, scratch=tmp_path, path_column="{T}_{}.png", label="T<2.269")
    assert labels_of(cut)["2.100_002.png"] == "T<2.269"
    assert labels_of(cut)["2.300_002.png"] == "T>=2.269"
    assert cut.problem.target.kind == "class"


def test_groups_by_name_within_class_folders(tmp_path):
    names = [f"{c}/{who}-{i}.png" for c in "xy" for who in ("ann", "bob") for i in range(3)]
    picked = pick(files(tmp_path / "data", names), scratch=tmp_path, group="{who}-{}")
    assert groups_of(picked)["y/bob-1.png"] == "bob"
    assert labels_of(picked)["y/bob-1.png"] == "y"


def test_archives_side_by_side_are_parts(tmp_path):
    (tmp_path / "data").mkdir()
    for part in ("train", "test"):
        with zipfile.ZipFile(tmp_path / "data" / f"{part}.zip", "w") as archive:
            for name in SPOKEN:
                archive.writestr(f"inner/{name}", PNG)
    picked = pick(tmp_path / "data", scratch=tmp_path)
    assert picked.listing.parts.count("test") == len(SPOKEN)
    assert picked.source.read("train/inner/0_ann_0.png") == PNG


def test_a_lone_archive_in_a_folder_is_gone_into(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "about.names").write_text("about")
    with zipfile.ZipFile(tmp_path / "data" / "all.zip", "w") as archive:
        for name in SPOKEN:
            archive.writestr(name, PNG)
    assert pick(tmp_path / "data", scratch=tmp_path).problem.layout == "file names"


def test_tables_beside_files_tell_by_number(tmp_path):
    root = files(tmp_path / "data", [f"sig/s_{i}.png" for i in range(1, 13)])
    (root / "target.csv").write_text(
        "#id,class_label\n" + "".join(f"{i},{i % 2}\n" for i in range(1, 13))
    )
    (root / "groups.csv").write_text("#id,room\n" + "".join(f"{i},{i % 3}\n" for i in range(1, 13)))
    picked = pick(root, scratch=tmp_path)
    assert picked.problem.layout == "parallel files"
    assert labels_of(picked)["sig/s_10.png"] == "0"
    assert groups_of(picked)["sig/s_10.png"] == "1"
    cross = pick(root, scratch=tmp_path, test="room=2")
    assert cross.listing.parts.count("test") == 4


def test_unlabelled_folders_are_set_aside(tmp_path):
    names = [f"train/{c}/{i}.png" for c in ("pos", "neg", "unsup") for i in range(3)]
    names += [f"test/{c}/{i}.png" for c in ("pos", "neg") for i in range(3)]
    picked = pick(files(tmp_path / "data", names), scratch=tmp_path)
    assert set(picked.listing.labels) == {"pos", "neg", None}
    assert "unsup" in guess(picked, "folders without labels").why


def test_pattern_matching():
    pattern = Pattern("{a}/{b}_{}.txt")
    assert pattern.match("x/y/1_2_3.txt") == {"a": "y", "b": "1"}
    assert pattern.match("1_2.txt") is None
    assert Pattern("{T}_{}").match("d/2.110_007.txt") == {"T": "2.110"}
    assert Pattern("cat.{i}").match("cat.12.jpg") == {"i": "12"}
    for bad in ("{a}_{a}", "{a", "{}", "{a/b}", "{a+}"):
        with pytest.raises(OptionError):
            Pattern(bad)


@pytest.mark.parametrize(
    ("text", "cell", "wanted"),
    [
        ("a<5", "4", True), ("a<5", "5", False), ("a<=5", "5.0", True), ("a>=5", "x", None),
        ("a=5", "5.0", True), ("a=x,y", "y", True), ("a!=x", "y", True), ("a = x", "x", True),
        ("a<5", None, None), ("a=true", "True", True), ("a!=TRUE", "true", False),
    ],
)  # fmt: skip
def test_conditions(text, cell, wanted):
    assert condition(text).holds(cell) is wanted


def test_bad_patterns_and_conditions(spoken, tmp_path):
    with pytest.raises(DataError, match="names like"):
        pick(spoken, scratch=tmp_path, label="{a}+{b}.wav")
    with pytest.raises(OptionError, match="a number behind <"):
        pick(spoken, scratch=tmp_path, test="field3<x")
    with pytest.raises(OptionError, match="fields field1, field2, field3"):
        pick(spoken, scratch=tmp_path, test="nothing=1")
