"""Cells as people write them, and what columns of them are."""

from __future__ import annotations

import math

import pytest

from fivefold.plumbing.cells import (
    ISO,
    date_form,
    decimal_comma,
    number,
    one_truth,
    plain,
    words_of,
)
from fivefold.plumbing.columns import learn_columns, numbers_of, reads_as, words_about


@pytest.mark.parametrize(
    "value", [None, "", "  ", "?", "NA", "n.a.", "NaN", "None", "NULL", "-", float("nan"), math.inf]
)
def test_missing_in_many_ways(value):
    assert plain(value) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *[("1,234", 1234), ("1,234,567.5", 1234567.5), ("3,14", 3.14), (" $5 ", 5), ("12 %", 12)],
        *[("-1e3", -1000), (".5", 0.5), ("1 234", 1234), (7, 7), ("abc", None), ("1.2.3", None)],
    ],
)
def test_numbers_as_text(value, found):
    assert number(plain(value)) == found


@pytest.mark.parametrize(
    ("cells", "comma"),
    [
        *[(["0,726", "1,046"], True), (["1,5", "1,046"], True), (["1.234,56", "1.234"], True)],
        *[(["1,046", "2,518"], False), (["1,046.5", "2,518"], False), (["1,234,567"], False)],
        *[(["0.726", "1.046", "2.5", "1,5"], False), (["1.046"], False), ([3.5, "1,5"], False)],
        *[(["1.234.567", "12.345"], True), (["-0,5 %", "1,250 %"], True), ([], False)],
    ],
)
def test_a_column_says_what_its_commas_mean(cells, comma):
    assert decimal_comma(column(cells)) == comma


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *[("1,046", 1.046), ("1.046", 1046), ("1.234,5", 1234.5), ("1 234,5", 1234.5), ("7", 7)],
        *[("0.726", 0.726), ("1.5", 1.5), ("-1,5e3", -1500), ("1.234.567", 1234567), ("$5", 5)],
        ("1,2,3", None),
    ],
)
def test_numbers_of_a_column_with_decimal_commas(value, found):
    assert number(plain(value), comma=True) == found


def test_a_decimal_comma_is_learned_and_known_for_new_rows():
    rows = [{"a": f"{i * 0.083:.3f}".replace(".", ","), "b": f"{i * 37:,}"} for i in range(60)]
    found = learn_columns(rows)
    assert numbers_of(rows[30], found.slots) == [2.49, 1110.0]
    assert numbers_of({"a": "1,046", "b": "1,046"}, found.slots) == [1.046, 1046.0]
    assert numbers_of({"a": 1.5}, found.slots)[0] == 1.5


def test_a_number_beyond_any_float_is_missing():
    assert plain(10**400) is None
    assert number("1e999") is None


def test_a_whole_number_is_one_value_however_it_is_written():
    assert words_of(plain(3)) == words_of(plain("3")) == words_of(plain(3.0)) == "3"


@pytest.mark.parametrize("value", [True, "True", "true", "TRUE"])
def test_a_truth_value_is_one_value_however_it_is_written(value):
    assert one_truth(str(plain(value))) == "True"
    assert one_truth("truely") == "truely"


@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
def test_truth_values_that_an_older_version_learned_are_known(spelling):
    slot = {"name": "a", "of": "a", "take": "value", "type": "category"}
    slot["values"] = [spelling("False"), spelling("True")]
    assert numbers_of({"a": "True"}, [slot]) == [1.0]
    assert numbers_of({"a": "False"}, [slot]) == [0.0]


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2024-01-31", "2023-12-01"], ISO),
        (["2024-01-31T10:00:00Z", "2024-02-01T11:30:00Z"], ISO),
        (["31/01/2024", "01/12/2023"], "%d/%m/%Y"),
        (["01/31/2024", "12/01/2023"], "%m/%d/%Y"),
        (["3.12.1999 14:05", "24.1.2000 08:00"], "%d.%m.%Y %H:%M"),
    ],
)
def test_dates_are_read_in_the_form_that_fits_all(cells, form):
    assert date_form(cells) == (form, 1.0)


def column(values):
    return [plain(value) for value in values]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([None, "?", ""], "nothing"),
        (["a"] * 9, "constant"),
        (list(range(100, 160)), "identifier"),
        ([f"{n:032x}" for n in range(1 << 99, (1 << 99) + 30)], "identifier"),
        ([3, 1, 4, 1, 5, 9, 2, 6, "x"] + [2] * 30, "number"),
        (["00501", "00544", "06390"] * 9, "category"),
        (["a", "b", None] * 9, "category"),
        (["yes", None, None], "category"),
        ([f"2024-01-{d:02d}" for d in range(1, 29)], "date"),
        ([f"C{n} x" for n in range(40)], "words"),
        (
            [f"the {n} quick brown fox jumps over a lazy dog and on and on" for n in "abcdefg"],
            "text",
        ),
        ([n * n * 1.5 for n in range(50)], "number"),
    ],
)
def test_what_a_column_is(values, what):
    assert reads_as(column(values)) == what


ROWS = [
    {
        "id": float(i),
        "age": plain("?" if i % 7 == 0 else f"{i % 50}"),
        "town": "abc"[i % 3] if i else "rare",
        "seen": f"2024-0{1 + i % 3}-{1 + i % 28:02d}",
        "cabin": f"{'CDE'[i % 3]}{i % 40}" if i % 2 else None,
        "name": f"Smith{'xyz'[i % 3]}{i}, {('Mr.', 'Miss')[i % 2]} Q",
        "same": "x",
    }
    for i in range(120)
]


def test_slots_of_a_table():
    found = learn_columns(ROWS)
    slots = {slot["name"]: slot for slot in found.slots}
    assert set(found.left_out) == {"id", "same"}
    assert slots["town"]["values"] == ["b", "c", "a"]  # commonest first; what stands once is rare
    assert slots["cabin: letters"]["values"] == ["c", "d", "e"]
    assert {"seen: days", "seen: month", "seen: day", "seen: weekday"} <= set(slots)
    assert "seen: year" not in slots
    assert slots["name: mr"]["word"] == "mr"


def test_a_row_as_numbers_and_in_words():
    found = learn_columns(ROWS)
    row = {"age": "1,000", "town": "nowhere", "cabin": "C85", "name": "Doe, Miss A", "new": 1}
    numbers = dict(zip([s["name"] for s in found.slots], numbers_of(row, found.slots), strict=True))
    assert numbers["age"] == 1000
    assert numbers["town"] == 3  # another value than those that are known
    assert numbers["cabin: letters"] == 0
    assert numbers["cabin: digits"] == 85
    assert numbers["name: miss"] == 1
    assert math.isnan(numbers["seen: month"])
    said = [words_about(numbers[slot["name"]], slot) for slot in found.slots]
    assert "town other" in said
    assert "age 1000" in said
    assert "" in said


def test_a_table_of_nothing_but_identifiers_still_has_a_number():
    found = learn_columns([{"id": float(i)} for i in range(40)])
    assert len(found.slots) == 1
    assert numbers_of({"id": 3.0}, found.slots) == [1.0]
