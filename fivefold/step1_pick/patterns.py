"""Patterns of file names, `{digit}_{speaker}_{index}.wav`, and conditions, `index<5`.

A pattern is literal but for its braces. It is held against as many last parts of a path as it has
itself; `{name}` and `{}` stand for one or more characters other than `/`, as few as will do. A
suffix may be left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from fivefold.plumbing.cells import one_truth
from fivefold.plumbing.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fivefold.step1_pick.forms import Cell

_CONDITION = re.compile(r"\s*(?P<field>.+?)\s*(?P<sign><=|>=|!=|==|=|<|>)\s*(?P<value>.+?)\s*")
_INVERSE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "=": "!=", "!=": "="}
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def is_pattern(text: str) -> bool:
    """Whether an option is a pattern of names rather than a column."""
    return "{" in text and "}" in text


@final
class Pattern:
    """One pattern.

    Args:
        text: As it was typed.

    Attributes:
        fields: The names in its braces, in order.

    Raises:
        OptionError: Braces that do not close, a name twice, none at all, or a name of odd letters.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        pieces = re.split(r"\{([^{}/]*)\}", text)
        self.fields = tuple(name for name in pieces[1::2] if name)
        literal = "".join(pieces[::2])
        odd = [name for name in self.fields if not re.fullmatch(r"\w[\w -]*", name)]
        twice = len(set(self.fields)) < len(self.fields)
        if "{" in literal or "}" in literal or odd or twice or not self.fields:
            raise OptionError(
                found=f"the pattern {text!r}",
                wanted="names in braces, each once, such as '{digit}_{speaker}_{index}.wav'",
                hint="write {} for what does not matter",
            )
        self._depth = text.count("/")
        self._whole = "." in pieces[-1]
        rule = ""
        for i, piece in enumerate(pieces):
            rule += re.escape(piece) if i % 2 == 0 else "([^/]+?)" if piece else "[^/]+?"
        self._rule = re.compile(rule, re.DOTALL)

    def match(self, path: str) -> dict[str, str] | None:
        """The fields of one path; None where it does not fit."""
        tail = "/".join(path.split("/")[-1 - self._depth :])
        if tail.count("/") < self._depth:
            return None
        if not self._whole:
            tail = bare(tail)
        found = self._rule.fullmatch(tail)
        return dict(zip(self.fields, found.groups(), strict=True)) if found else None


def bare(name: str) -> str:
    """A name without its suffix; what follows the last dot is one only if it holds a letter."""
    stem, dot, suffix = name.rpartition(".")
    real = dot and stem and "/" not in suffix and re.search(r"[A-Za-z]", suffix) is not None
    return stem if real and len(suffix) <= 8 else name


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """`FIELD SIGN VALUE`, numbers as numbers; `=` and `!=` also take several values, `a,b`."""

    field: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.field}{self.sign}{self.value}"

    def inverse(self) -> str:
        """What holds where it does not."""
        return f"{self.field}{_INVERSE[self.sign]}{self.value}"

    def holds(self, cell: Cell) -> bool | None:
        """Whether it holds for a cell; None where the cell is empty or no number.

        Raises:
            OptionError: The value of `<`, `>` ... is no number.
        """
        if cell is None:
            return None
        if self.sign in ("=", "!="):
            same = any(_same(cell, value.strip()) for value in self.value.split(","))
            return same == (self.sign == "=")
        bound = _number(self.value)
        if bound is None:
            raise OptionError(
                found=f"the condition {self}",
                wanted=f"a number behind {self.sign}",
                hint=f"compare words with =, as in {self.field}={self.value}",
            )
        number = _number(cell)
        return None if number is None else _COMPARED[self.sign](number, bound)


def condition(text: str) -> Condition | None:
    """The condition a text is; None for other texts."""
    found = _CONDITION.fullmatch(text)
    if not found:
        return None
    field, sign, value = found.group("field", "sign", "value")
    return Condition(field=field, sign="=" if sign == "==" else sign, value=value)


def _same(cell: str, value: str) -> bool:
    one, other = _number(cell), _number(value)
    if one is None or other is None:
        return one_truth(cell) == one_truth(value)
    return one == other


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
