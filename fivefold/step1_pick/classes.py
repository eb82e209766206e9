"""What the labels say: which, how many, in which parts; and when they are no problem."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from fivefold.contracts.records import SEPARATOR, Guess
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.parts import stated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fivefold.contracts.records import Listing, Part
    from fivefold.step1_pick.found import Found


def check_target(listing: Listing, target: str) -> None:
    """Refuse rows that are no problem.

    Raises:
        DataError: No train part, nothing to tell apart, or a single item in every class.
    """
    parts = stated(listing.parts)
    if parts and "train" not in parts:
        raise DataError(
            found=f"a {' and a '.join(sorted(parts))} part without a train part",
            wanted="rows to train on",
            hint="name the folder above it, or give the test part with --test",
        )
    counts = open_counts(listing, target)
    what = {"class": "class", "number": "number"}.get(target, "label")
    if len(counts) < 2:
        which = "".join(f": {_short(word)} ({n:,} items)" for word, n in counts.items())
        raise DataError(
            found=f"{len(counts) or 'no'} {what}{which}" if counts else "no row with a label",
            wanted=f"at least two {_plural(what)} to train on",
            hint="put the items of each class in a folder of its own, or check --label",
        )
    if target == "class" and max(counts.values()) == 1:
        raise DataError(
            found=f"{len(counts):,} classes with one item each",
            wanted="several items per class, to learn from some and judge on others",
            hint="add items, or check that the label column is not a name or a number per row",
        )


def open_counts(listing: Listing, target: str = "class") -> Counter[str]:
    """Items per class, or per label or tag, outside the test part."""
    pairs = zip(listing.labels, listing.parts, strict=True)
    own = (label for label, part in pairs if label is not None and part != "test")
    if target in ("labels", "tags"):
        return Counter(word for label in own for word in label.split(SEPARATOR) if word)
    return Counter(own)


def about_target(
    listing: Listing, tested: Listing | None, target: str, why: str, *, asked: bool
) -> list[Guess]:
    """Target and parts in words, and what is odd about the labels; `asked` is for a test part."""
    counts = open_counts(listing, target)
    guesses = [_target(counts, target, why), _parts(listing, tested, asked=asked)]
    if target == "number":
        return guesses
    twins = _twins(counts)
    if twins:
        guesses.append(
            Guess(
                question="classes that differ only in case or space",
                answer="kept apart",
                why="; ".join(" and ".join(repr(_short(w)) for w in group) for group in twins[:5]),
                option="give them one name if they are one class",
            )
        )
    strange = sorted(_test_labels(listing, tested, target) - set(counts))
    if strange:
        guesses.append(
            Guess(
                question="classes in the test part only",
                answer=f"{len(strange):,}, which cannot be learned",
                why=f"no train row has {', '.join(_short(w) for w in strange[:5])}",
                option="add train rows of them, or remove them from the test part",
            )
        )
    return guesses


def alike_labels(
    found: Found, tested: Found | None, target: str
) -> tuple[Found, Found | None, list[Guess]]:
    """Test labels that differ from a class only by case, space or a full stop, as that class."""
    if target != "class":
        return found, tested, []
    known = open_counts(found.listing)
    by_key: dict[str, list[str]] = defaultdict(list)
    for word in known:
        by_key[_key(word)].append(word)
    strange = _test_labels(found.listing, tested.listing if tested else None, target) - set(known)
    match = {word: by_key[_key(word)][0] for word in strange if len(by_key[_key(word)]) == 1}
    if not match:
        return found, tested, []
    told = ", ".join(f"{_short(a)!r} is {_short(b)!r}" for a, b in sorted(match.items())[:4])
    guess = Guess(
        question="test labels in another spelling",
        answer=told,
        why="they differ only in case, space or a full stop",
        option="spell them alike if they are not the same",
    )
    found = _renamed(found, match)
    return found, _renamed(tested, match) if tested else None, [guess]


def _renamed(found: Found, match: dict[str, str]) -> Found:
    pairs = zip(found.listing.labels, found.listing.parts, strict=True)
    labels = tuple(
        match.get(label, label) if label is not None and part == "test" else label
        for label, part in pairs
    )
    return replace(found, listing=replace(found.listing, labels=labels))


def _key(word: str) -> str:
    return "".join(word.casefold().split()).rstrip(".")


def _target(counts: Counter[str], target: str, why: str) -> Guess:
    low, high = min(counts.values()), max(counts.values())
    if target == "number":
        said = f"{counts.total():,} rows"
    else:
        common = [_short(word) for word, _ in counts.most_common(5)]
        spread = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        more = f" and {len(counts) - 5:,} more" if len(counts) > 5 else ""
        what = {"tags": "tags", "labels": "labels"}.get(target, "labels")
        said = f"{len(counts):,} {what} with {spread} items each: {', '.join(common)}{more}"
    return Guess(
        question="target",
        answer=target,
        why="; ".join(one for one in (why, said) if one),
        option="--target KIND",
    )


def _short(word: str) -> str:
    text = printable(word)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plural(word: str) -> str:
    return word + ("es" if word.endswith("s") else "s")


def _parts(listing: Listing, tested: Listing | None, *, asked: bool) -> Guess:
    order: tuple[Part, ...] = ("train", "validation", "test")
    pairs = zip(listing.labels, listing.parts, strict=True)
    counts = Counter(part for label, part in pairs if label is not None)
    given = [f"{part} {counts[part]:,}" for part in order if counts[part]]
    if tested is not None:
        given += [f"test {len(tested.names):,}, from --test"]
    if not given:
        why = "the data state no parts; a test part is held out and sealed"
        return Guess(question="parts", answer="none given", why=why, option="--test DATA")
    stated = "the test part stated by --test" if asked else "stated by the data"
    if asked and counts["validation"]:
        stated += ", the others by the data"
    held = [] if counts["test"] or tested is not None else ["a test part is held out and sealed"]
    held += [] if counts["validation"] else ["validation rows are held out of the train part"]
    return Guess(
        question="parts",
        answer=", ".join(given),
        why="; ".join((stated, *held)),
        option="--test DATA",
    )


def _test_labels(listing: Listing, tested: Listing | None, target: str) -> set[str]:
    pairs = zip(listing.labels, listing.parts, strict=True)
    own = {label for label, part in pairs if label is not None and part == "test"}
    own |= {label for label in (tested.labels if tested else ()) if label is not None}
    if target in ("labels", "tags"):
        return {word for label in own for word in label.split(SEPARATOR) if word}
    return own


def _twins(words: Iterable[str]) -> list[list[str]]:
    alike: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        alike["".join(word.casefold().split())].append(word)
    return [group for group in alike.values() if len(group) > 1]
