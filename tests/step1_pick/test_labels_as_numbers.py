"""Targets of numbers as people write them."""

from __future__ import annotations

import pytest

from fivefold.plumbing.errors import OptionError
from fivefold.step1_pick import pick


def table(folder, cells, name="rows.csv"):
    lines = ["size;colour;price", *(f"{i % 7};red;{cell}" for i, cell in enumerate(cells))]
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        ([f"${i + 1},{i:03d}.16" for i in range(100)], "1000.16"),
        ([*[f"{i},{i % 9 + 1}5" for i in range(97)], "-", "n.a.", "12,5 EUR"], "0.15"),
    ],
)
def test_units_commas_and_a_few_gaps(tmp_path, cells, first):
    found = pick(table(tmp_path, cells), label="price", scratch=tmp_path / "s")
    assert found.problem.target.kind == "number"
    assert found.listing.labels[0] == first


def test_an_input_kind_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(OptionError, match="--input image"):
        pick(table(tmp_path, ["a", "b"] * 20), input_kind="image", scratch=tmp_path / "s")


def test_empty_rows_between_others_are_rows(tmp_path):
    lines = ["a,b,label"]
    lines += [line for i in range(20) for line in (f"{i},{i % 3},{'xy'[i % 2]}", ",,")]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    found = pick(tmp_path / "rows.csv", scratch=tmp_path / "s")
    assert len(found.listing.labels) == 39  # the last one ends the file
    assert found.listing.labels[1] is None
