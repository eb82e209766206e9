"""Layout: labels and groups in names of files, `{digit}_{speaker}_{index}.wav`, seen or given."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess, Listing
from fivefold.plumbing.files import printable
from fivefold.step1_pick.documents import is_document
from fivefold.step1_pick.fields import Fields, field_of, of_names, patterns_of
from fivefold.step1_pick.found import Files, Found
from fivefold.step1_pick.parts import leading_parts, part_of
from fivefold.step1_pick.patterns import Pattern, bare, is_pattern
from fivefold.step1_pick.profile import Profile, profile
from fivefold.step1_pick.words import is_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fivefold.step1_pick.asked import Asked
    from fivefold.step1_pick.forms import Cell

_SEPARATORS = ("_", "-", " ", ".")
_FIT = 0.95  # of the names must have the same number of fields
_LEAST = 8  # names below which a pattern is no more than chance


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A pattern that was seen in names.

    Attributes:
        pattern: The pattern, with fields `field1`, `field2` ...
        label: The field that is taken as the label.
        group: The field that is believed to say what belongs together.
        others: Fields that could be the label too.
    """

    pattern: Pattern
    label: str
    group: str | None
    others: tuple[str, ...]


def read_names(source: Files, asked: Asked) -> Found | None:
    """Read labels off the names; None where no pattern is given or seen.

    Args:
        source: A folder or an archive.
        asked: Patterns among the options name the fields; else they are looked for.

    Raises:
        DataError: A given pattern fits no name, or names no such field.
    """
    names = source.names()
    patterns = patterns_of(asked, names)
    items = [name for name in names if not is_document(name)]
    seen = None if patterns else _seen(items)
    if not patterns and seen is None:
        return None
    every = list(patterns.values()) if seen is None else [seen.pattern]
    fields = named_fields(every, names)
    label, why = _label(asked, patterns, seen)
    labels: list[Cell] = [None] * len(names)
    if label is not None:
        label, labels = fields.choose(label, "--label")
    parts = leading_parts(names)
    return Found(
        source=source,
        listing=Listing(names=names, labels=tuple(labels), parts=parts),
        layout="file names",
        guesses=(_told(every, label, why, profiles_of(fields), names), *_unmatched(labels, names)),
        label_column=label,
        fields=fields,
        group=seen.group if seen else next(filter(is_group, fields.words), None),
    )


def named_fields(patterns: Sequence[Pattern], names: Sequence[str]) -> Fields:
    """The fields of names, as options may name them."""
    fields = of_names(patterns, names)
    where = f"fields {', '.join(fields)} of names like {patterns[0].text}"
    return Fields(words=tuple(fields), column=fields.__getitem__, where=where)


def profiles_of(fields: Fields) -> list[Profile]:
    """What each field is."""
    return [profile(word, fields.column(word)) for word in fields.words]


def _label(
    asked: Asked, patterns: dict[str, Pattern], seen: _Seen | None
) -> tuple[str | None, str]:
    """The label's field, or condition, and why."""
    if "label" in patterns:
        return field_of(patterns["label"], "label"), "asked for"
    if asked.label is not None and not is_pattern(asked.label):
        return asked.label, "asked for"
    if seen is not None:
        return seen.label, "it has few values that repeat"
    known = [word for pattern in patterns.values() for word in pattern.fields]
    for word in ("label", "class", "target"):
        if word in known:
            return word, "its name says so"
    return None, ""


def _seen(names: Sequence[str]) -> _Seen | None:
    stems = [bare(name.rpartition("/")[2]) for name in names]
    if len(stems) < _LEAST:
        return None
    found = _cut(stems)
    if found is None:
        return None
    pattern, rows = found
    columns = {word: [row[i] for row in rows] for i, word in enumerate(pattern.fields)}
    profiles = [profile(word, cells) for word, cells in columns.items()]
    index = _index(rows)
    free = [one for one in profiles if one.name != index and not _parts(one)]
    fit = [one for one in free if 2 <= one.distinct <= max(one.given // 4, 2)]
    if not fit:
        return None
    label, *rest = fit
    words = [one for one in rest if not one.numeric and one.distinct > 1]
    group = words[0].name if words else None
    others = tuple(one.name for one in rest)
    return _Seen(pattern=pattern, label=label.name, group=group, others=others)


def _parts(one: Profile) -> bool:
    """Whether a field only says train, validation or test."""
    return all(part_of(word) for word in one.counts)


def _cut(stems: Sequence[str]) -> tuple[Pattern, list[tuple[str, ...]]] | None:
    """The pattern that nearly all stems fit, and the fields of those that do."""
    for separator in _SEPARATORS:
        rows = [tuple(stem.split(separator)) for stem in stems]
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width > 1 and count >= _FIT * len(rows) and all("" not in row for row in rows):
            pattern = Pattern(separator.join(f"{{field{i + 1}}}" for i in range(width)))
            return pattern, [row for row in rows if len(row) == width]
    return None


def _index(rows: Sequence[tuple[str, ...]]) -> str | None:
    """The last field, where it numbers the files that share all others."""
    if not all(row[-1].isdigit() for row in rows):
        return None
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in rows:
        alike[row[:-1]].append(row[-1])
    once = all(len(set(numbers)) == len(numbers) for numbers in alike.values())
    return f"field{len(rows[0])}" if once and len(rows) >= 2 * len(alike) else None


def _told(
    patterns: Sequence[Pattern],
    label: str | None,
    why: str,
    profiles: Sequence[Profile],
    names: Sequence[str],
) -> Guess:
    fields = "; ".join(_values(one) for one in profiles)
    example = printable(next((n for n in names if patterns[0].match(n)), names[0]))
    taken = f", the label is {label} ({why})" if label else ""
    return Guess(
        question="layout",
        answer=f"file names {' and '.join(one.text for one in patterns)}{taken}",
        why=f"names such as {example}: {fields}",
        option="--label FIELD, --path '{digit}_{speaker}_{index}.wav'",
    )


def _values(one: Profile) -> str:
    some = [printable(word) for word, _ in one.counts.most_common(4)]
    more = " ..." if one.distinct > len(some) else ""
    return f"{one.name} has {one.distinct:,} values ({', '.join(sorted(some))}{more})"


def _unmatched(labels: Sequence[Cell], names: Sequence[str]) -> list[Guess]:
    lost = [name for name, label in zip(names, labels, strict=True) if label is None]
    if not lost or len(lost) == len(names):
        return []
    return [
        Guess(
            question="files whose names do not fit",
            answer=f"{len(lost):,} set aside",
            why=f"first: {printable(lost[0])}",
            option="--path PATTERN",
        )
    ]


def numbers_in(name: str) -> list[str]:
    """The runs of digits in the last part of a path."""
    return re.findall(r"\d+", bare(name.rpartition("/")[2]))
