"""A test part that is a source of its own: its groups and times count, and it need have none."""

from datetime import date, timedelta

import numpy as np
import pytest
from clouds import picture

from fivefold.plumbing.errors import DataError
from fivefold.step1_pick import pick
from fivefold.step2_gather.gather import gather


@pytest.fixture
def run(tmp_path):
    """`run(data, **options of pick)`: what steps 1 and 2 make of it."""

    def go(data, **options):
        picked = pick(data, scratch=tmp_path / "scratch", **options)
        made = gather(
            picked.problem,
            picked.listing,
            picked.source,
            cache_root=tmp_path / "cache",
            seed=0,
            test_listing=picked.test_listing,
            test_source=picked.test_source,
        )
        return picked, made

    return go


@pytest.fixture
def tables(tmp_path, rng):
    """`tables(train=rows, test=rows)` writes pictures and a table of each, and gives their folder.

    A row is what stands beside the path; a dictionary of columns.
    """

    def write(**parts):
        root = tmp_path / "data"
        (root / "img").mkdir(parents=True)
        for part, rows in parts.items():
            lines = [",".join(("path", *rows[0]))]
            for i, row in enumerate(rows):
                picture(rng, (12, 10)).save(root / "img" / f"{part}{i}.png")
                lines.append(",".join((f"img/{part}{i}.png", *map(str, row.values()))))
            (root / f"{part}.csv").write_text("\n".join(lines) + "\n")
        return root

    return write


def rows(count, start=None, **columns):
    """Rows of two labels in turn, a day each from `start` on; other columns by their values."""
    return [
        {"label": "ab"[i % 2]}
        | ({} if start is None else {"date": start + timedelta(days=i)})
        | {name: values[i] for name, values in columns.items()}
        for i in range(count)
    ]


def notes_of(made):
    return "\n".join(made.dataset.notes)


def told(picked, question):
    return [one.answer for one in picked.problem.guesses if one.question == question]


DAY = date(2024, 1, 1)


def check_times(made):
    """100 rows in time and 20 given test rows without: the vault holds these and no others."""
    sealed = made.vault.open().names
    assert sorted(sealed) == sorted(f"img/test{i}.png" for i in range(20))
    assert made.vault.origin == "given test part"
    data = made.dataset
    assert len(data.names) == 100
    held = {name for name, fold in zip(data.names, data.folds, strict=True) if fold == 0}
    assert held == {f"img/train{i}.png" for i in range(80, 100)}
    assert "the latest 20 of 100 open rows validate, by time" in data.split
    assert "the given test part has no times" in notes_of(made)


def test_a_test_table_without_times_is_the_whole_vault(run, tables):
    root = tables(train=rows(100, DAY), test=rows(20))
    _, made = run(root / "train.csv", test=root / "test.csv", time="date")
    check_times(made)


def test_a_part_file_with_empty_times_is_the_whole_vault(run, tables):
    root = tables(train=rows(100, DAY), test=[one | {"date": ""} for one in rows(20)])
    _, made = run(root / "train.csv", time="date")
    check_times(made)


def test_times_of_a_test_table_tell_whether_it_is_the_future(run, tables):
    root = tables(train=rows(100, DAY), test=rows(20, DAY))
    _, made = run(root / "train.csv", test=root / "test.csv", time="date")
    assert made.vault.size == 20
    assert "20 of 20 test rows are no later than the last training row" in notes_of(made)


def test_a_test_table_that_cannot_be_read_is_not_made_up_for_by_training_rows(run, tables):
    root = tables(train=rows(100, DAY), test=rows(20, DAY))
    for file in (root / "img").glob("test*"):
        file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(DataError, match="a test part without a usable row"):
        run(root / "train.csv", test=root / "test.csv", time="date")


@pytest.mark.parametrize("asked", [{}, {"group": "patient"}])
def test_groups_of_a_test_table_are_the_vaults(run, tables, asked):
    train, test = np.arange(60) // 6, 8 + np.arange(24) // 4
    root = tables(train=rows(60, patient=train), test=rows(24, patient=test))
    picked, made = run(root / "train.csv", test=root / "test.csv", **asked)
    sealed = made.vault.open()
    own = [test[int(name[len("img/test") : -4])] for name in sealed.names]
    assert len(set(zip(own, sealed.groups, strict=True))) == len(set(sealed.groups)) == 6
    assert "2 groups stand in training and in the test part (given test part): 8, 9" in notes_of(
        made
    )
    assert told(picked, "groups") == ["patient: 10 groups, never parted but by the given parts"]
    assert "folds by group" in made.dataset.split


def speakers(root, names, rng):
    for label in "ab":
        for name in names:
            (root / label).mkdir(parents=True, exist_ok=True)
            picture(rng, (12, 10)).save(root / label / f"{name}.png")
    return root


@pytest.mark.parametrize(
    "asked",
    [
        {"group": "{speaker}-{}"},
        {"path_column": "{speaker}-{}.png", "group": "speaker"},
    ],
)
def test_groups_of_names_of_a_test_folder_are_the_vaults(run, tmp_path, rng, asked):
    takes = [f"{who}-{i}" for who in ("ann", "bob", "eva") for i in range(4)]
    train = speakers(tmp_path / "train", takes, rng)
    test = speakers(tmp_path / "test", [*takes[4:], "joe-0", "joe-1"], rng)
    _, made = run(train, test=test, **asked)
    assert len(set(made.vault.open().groups)) == 3
    assert "2 groups stand in training and in the test part (given test part): bob, eva" in (
        notes_of(made)
    )


def test_a_test_folder_that_tells_no_groups_is_said_to(run, tmp_path, rng):
    takes = [f"{who}-{i}" for who in ("ann", "bob", "eva") for i in range(4)]
    train = speakers(tmp_path / "train", takes, rng)
    test = speakers(tmp_path / "test", ["1", "2", "3"], rng)
    picked, made = run(train, test=test, group="{speaker}-{}")
    assert len(set(made.vault.open().groups)) == 6
    assert told(picked, "groups of the test part") == [
        "none, each of its rows counts as independent"
    ]
