"""Which split is used, through the whole of step 2: by group, by time, by row, and what is said."""

import numpy as np
import pytest

from fivefold.contracts.records import Input, Listing, Problem, Target
from fivefold.plumbing.sources import ArraySource
from fivefold.step2_gather.gather import gather


@pytest.fixture
def part(tmp_path):
    """`part(labels, groups=, times=, parts=)` gathers vectors that all differ."""

    def run(labels, *, groups=(), times=(), parts=None, items=None, seed=0):
        n = len(labels)
        if items is None:
            items = np.random.default_rng(1).normal(size=(n, 3)).astype(np.float32)
        source = ArraySource(items)
        listing = Listing(
            names=source.names(),
            labels=tuple(None if label is None else str(label) for label in labels),
            parts=tuple(parts) if parts else (None,) * n,
            groups=tuple(None if group is None else f"g{group}" for group in groups),
            times=tuple(float(time) for time in times),
        )
        problem = Problem(
            source="rows",
            inputs=(Input(kind="array"),),
            target=Target(kind="class", column="label"),
            metric="accuracy",
            layout="table",
            guesses=(),
        )
        return gather(problem, listing, source, cache_root=tmp_path / "cache", seed=seed)

    return run


def at(names):
    return np.array([int(name.rpartition("-")[2]) for name in names])


def notes_of(gathered):
    return "\n".join(gathered.dataset.notes)


def test_groups_of_a_listing_part_vault_and_folds(part):
    groups = np.repeat(np.arange(6), 20)
    made = part(np.arange(120) % 4, groups=groups)
    data, sealed = made.dataset, made.vault.open()
    (speaker,) = set(groups[at(sealed.names)])
    assert made.vault.origin == f"held out 17% by group: 1 of 6 groups (g{speaker})"
    assert data.n_folds == 5
    for fold in range(5):
        assert len(set(groups[at(data.names)][data.folds == fold])) == 1
    assert made.vault.origin in data.split
    assert "5 folds by group over 100 open rows, one group left out at a time" in data.split
    assert len(set(data.groups)) == 5


def test_a_copy_in_another_group_binds_the_two(part):
    groups = np.repeat(np.arange(10), 10)
    items = np.random.default_rng(1).normal(size=(100, 3)).astype(np.float32)
    items[15] = items[5]
    for seed in range(6):
        data = part(np.arange(100) % 2, groups=groups, items=items, seed=seed).dataset
        own = groups[at(data.names)]
        assert set(own) >= {0, 1} or not set(own) & {0, 1}
        if 0 in own:
            assert set(data.folds[own == 0]) == set(data.folds[own == 1])


def test_the_vault_tells_the_groups_of_its_rows(part):
    groups = np.repeat(np.arange(20), 10)
    sealed = part(np.arange(200) % 2, groups=groups).vault.open()
    own = groups[at(sealed.names)]
    assert len(set(own)) > 1
    pairs = set(zip(own, sealed.groups, strict=True))
    assert len(pairs) == len(set(own)) == len(set(sealed.groups))
    alone = part(np.arange(200) % 2).vault.open()
    assert len(set(alone.groups)) == len(alone.names)


def test_rows_without_a_group_stand_alone(part):
    groups = [*np.repeat(np.arange(5), 10), *[None] * 50]
    made = part(np.arange(100) % 2, groups=groups)
    own = np.repeat(np.arange(5), 10)
    sealed = at(made.vault.open().names)
    assert not set(own[sealed[sealed < 50]]) & set(
        own[[i for i in at(made.dataset.names) if i < 50]]
    )
    assert 15 <= len(sealed) <= 25


def test_groups_that_cannot_be_parted_are_split_by_row_and_it_is_said(part):
    labels = np.repeat(np.arange(4), 25)
    made = part(labels, groups=labels)
    assert made.vault.origin == "held out 20%, stratified"
    assert "the scores say nothing of new groups" in notes_of(made)


def test_two_groups_have_one_in_the_vault_and_say_how_they_validate(part):
    made = part(np.arange(80) % 2, groups=np.repeat([0, 1], 40))
    assert "1 of 2 groups" in made.vault.origin
    assert "validation is cut row by row" in notes_of(made)
    assert made.dataset.n_folds == 5


def test_groups_in_a_given_test_part_are_said_and_validation_does_as_it_does(part):
    groups = np.tile(np.arange(5), 20)
    parts = ["test" if i >= 80 else None for i in range(100)]
    made = part(np.arange(100) % 2, groups=groups, parts=parts)
    assert "5 groups stand in training and in the test part (given test part)" in notes_of(made)
    assert "stratified folds" in made.dataset.split


def test_a_given_test_part_of_new_groups_is_validated_on_new_groups(part):
    groups = np.repeat(np.arange(10), 10)
    parts = ["test" if group >= 8 else None for group in groups]
    made = part(np.arange(100) % 2, groups=groups, parts=parts)
    assert "stand in training and in the test" not in notes_of(made)
    assert "folds by group" in made.dataset.split


def test_a_given_validation_part_keeps_no_row_of_a_sealed_group(part):
    groups = np.repeat(np.arange(10), 10)
    parts = ["validation" if i % 5 == 0 else None for i in range(100)]
    made = part(np.arange(100) % 2, groups=groups, parts=parts)
    sealed = set(groups[at(made.vault.open().names)])
    assert sealed
    assert not sealed & set(groups[at(made.dataset.names)])
    validated = at(made.dataset.names)[made.dataset.folds == 0]
    assert set(validated) == {i for i in range(0, 100, 5) if groups[i] not in sealed}
    assert f"{2 * len(sealed)} validation rows set aside" in notes_of(made)


def test_a_given_validation_part_of_other_groups_stays_whole(part):
    groups = np.repeat(np.arange(10), 10)
    parts = ["validation" if group >= 8 else None for group in groups]
    made = part(np.arange(100) % 2, groups=groups, parts=parts)
    assert (made.dataset.folds == 0).sum() == 20
    assert "set aside" not in notes_of(made)


def test_rows_in_time_are_judged_by_the_latest(part):
    times = np.random.default_rng(2).permutation(200)
    made = part(np.arange(200) % 3, times=times)
    data = made.dataset
    sealed, train, held = (
        times[at(names)]
        for names in (
            made.vault.open().names,
            np.array(data.names)[data.folds == -1],
            np.array(data.names)[data.folds == 0],
        )
    )
    assert train.max() < held.min()
    assert held.max() < sealed.min()
    assert made.vault.origin == "held out 20%, the latest rows by time"
    assert "the latest 32 of 160 open rows validate, by time" in data.split
    assert data.n_folds == 1


def test_time_goes_before_groups_and_says_who_stands_on_both_sides(part):
    made = part(np.arange(100) % 2, groups=np.tile(np.arange(5), 20), times=np.arange(100))
    assert "the latest rows by time" in made.vault.origin
    assert "5 groups stand in training and in the test part (split by time)" in notes_of(made)


def vault_groups(made, groups):
    """Pairs of group as listed and as the vault tells it; those of each."""
    sealed = made.vault.open()
    own = np.array(groups)[at(sealed.names)]
    return set(zip(own, sealed.groups, strict=True)), set(own), set(sealed.groups)


def test_the_vault_tells_its_groups_however_it_was_cut(part):
    """By time, by row as groups cannot be parted, and as given where training has them too."""
    tiled, labels = np.tile(np.arange(5), 20), np.repeat(np.arange(4), 25)
    given = ["test" if i >= 80 else None for i in range(100)]
    for groups, made in (
        (tiled, part(np.arange(100) % 2, groups=tiled, times=np.arange(100))),
        (labels, part(labels, groups=labels)),
        (tiled, part(np.arange(100) % 2, groups=tiled, parts=given)),
    ):
        pairs, listed, told = vault_groups(made, groups)
        assert len(listed) > 3
        assert len(pairs) == len(listed) == len(told)


def test_copies_in_the_vault_are_one_witness_beside_groups(part):
    items = np.random.default_rng(1).normal(size=(100, 3)).astype(np.float32)
    items[95] = items[96]
    made = part(
        np.arange(100) % 2, groups=np.tile(np.arange(10), 10), times=np.arange(100), items=items
    )
    sealed = made.vault.open()
    group = dict(zip(at(sealed.names), sealed.groups, strict=True))
    assert group[95] == group[96] == group[85] == group[86]
    assert len(set(sealed.groups)) == 9


def test_times_beside_a_given_test_part_settle_validation_groups_or_not(part):
    groups = np.tile(np.arange(5), 20)
    parts = ["test" if i >= 80 else None for i in range(100)]
    made = part(np.arange(100) % 2, groups=groups, times=np.arange(100), parts=parts)
    assert made.vault.size == 20
    assert "the latest 16 of 80 open rows validate, by time" in made.dataset.split
    assert "row by row" not in notes_of(made)
    assert "5 groups stand in training and in the test part" in notes_of(made)


def test_an_old_copy_of_a_future_row_is_set_aside(part):
    items = np.random.default_rng(1).normal(size=(100, 3)).astype(np.float32)
    items[3] = items[95]
    made = part(np.arange(100) % 2, times=np.arange(100), items=items)
    assert 3 not in at(made.dataset.names)
    assert 95 in at(made.vault.open().names)
    (pair,) = made.dataset.duplicates
    assert pair.across


def test_rows_without_a_time_are_set_aside(part):
    times = np.arange(100.0)
    times[:7] = np.nan
    made = part(np.arange(100) % 2, times=times)
    assert "7 rows without a time set aside" in notes_of(made)
    assert len(made.dataset.names) + made.vault.size == 93


def test_a_class_that_only_the_future_has_is_left_out_and_said(part):
    labels = [0, 1] * 45 + [2] * 10
    made = part(labels, times=np.arange(100))
    assert made.dataset.classes == ("0", "1")
    assert "10 test rows left out: no training row carries their label (2)" in notes_of(made)


def test_thousands_of_rows_without_a_label_are_counted_not_listed(part):
    labels = [i % 2 if i < 100 else None for i in range(3000)]
    made = part(labels)
    assert len(made.dataset.targets) + made.vault.size == 100
    assert len(made.dataset.quarantine) == 20
    assert "2,900 rows have no label: they are kept out of training" in notes_of(made)
    assert made.dataset.total == 3000
