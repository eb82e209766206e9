"""Which column of a table is taken for the label, and which are kept out of the input with it."""

from __future__ import annotations

import numpy as np
import pytest

from fivefold.step1_pick import pick


def read(tmp_path, columns):
    """Pick a table of these columns: name -> cells."""
    file = tmp_path / "x.csv"
    lines = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    file.write_text("\n".join([",".join(columns), *lines]))
    return pick(file, scratch=tmp_path / "s")


@pytest.fixture
def people():
    """Who bought; 56 % are of one mind with those who smoke."""
    rng = np.random.default_rng(0)
    smoker = rng.random(200) < 0.5
    return {
        "age": rng.integers(18, 90, 200),
        "income": rng.integers(1000, 9000, 200),
        "smoker": smoker,
        "town": rng.choice(["Ulm", "Bonn", "Kiel"], 200),
        "bought": np.where(rng.random(200) < 0.56, smoker, ~smoker),
    }


def test_a_name_that_may_be_a_fact_is_believed_at_an_end_alone(tmp_path, people):
    assert read(tmp_path, people).problem.target.column == "bought"
    income = people.pop("income")
    assert read(tmp_path, {**people, "income": income}).problem.target.column == "income"
    assert read(tmp_path, {"income": income, **people}).problem.target.column == "income"


def test_two_columns_of_yes_and_no_agree_in_half_of_the_rows_by_chance(tmp_path, people):
    aside = [g.question for g in read(tmp_path, people).problem.guesses if g.answer == "no input"]
    assert "column smoker" not in aside
    second = np.where(np.arange(200) % 5, people["bought"], ~people["bought"])
    aside = read(tmp_path, {**people, "smoker": second}).problem.guesses
    assert any("another label" in guess.why for guess in aside)


def test_the_last_column_of_numbers_comes_before_words_in_the_middle(tmp_path):
    rng = np.random.default_rng(0)
    columns = {
        "size": rng.normal(80, 20, 100).round(1),
        "town": rng.choice(["Ulm", "Bonn", "Kiel"], 100),
        "balcony": rng.choice(["yes", "no"], 100),
        "rent": rng.normal(900, 200, 100).round(2),
    }
    picked = read(tmp_path, columns)
    assert picked.problem.target.column == "rent"
    assert picked.problem.target.kind == "number"
    (told,) = [guess for guess in picked.problem.guesses if guess.question == "label column"]
    assert "town or balcony could be it too" in told.why


@pytest.mark.parametrize("last", ["depth", "text"])
def test_a_fact_in_the_middle_comes_before_what_no_name_tells(tmp_path, last):
    rng = np.random.default_rng(0)
    columns = {
        "carat": rng.normal(1.0, 0.2, 100).round(2),
        "cut": rng.choice(["fair", "good", "ideal"], 100),
        "price": rng.integers(300, 9000, 100),
    }
    texts = [f"a stone of its own kind and of number {i}" for i in range(100)]
    columns[last] = rng.normal(60, 2, 100).round(1) if last == "depth" else texts
    assert read(tmp_path, columns).problem.target.column == "price"
