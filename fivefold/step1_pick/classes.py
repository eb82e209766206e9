"""What the labels say: which classes, how many, in which parts; and when they are no problem."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import DataError
from fivefold.plumbing.files import printable
from fivefold.step1_pick.parts import stated

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fivefold.contracts.records import Listing, Part


def check_classes(listing: Listing) -> None:
    """Refuse rows that are no class problem.

    Raises:
        DataError: No train part, no or one class, or a single item in every class.
    """
    parts = stated(listing.parts)
    if parts and "train" not in parts:
        raise DataError(
            found=f"a {' and a '.join(sorted(parts))} part without a train part",
            wanted="rows to train on",
            hint="name the folder above it, or give the test part with --test",
        )
    counts = open_counts(listing)
    if len(counts) < 2:
        which = "".join(f": {printable(word)} ({n:,} items)" for word, n in counts.items())
        raise DataError(
            found=f"{len(counts) or 'no'} class{which}" if counts else "no row with a label",
            wanted="at least two classes to train on",
            hint="put the items of each class in a folder of its own, or check --label",
        )
    if max(counts.values()) == 1:
        raise DataError(
            found=f"{len(counts):,} classes with one item each",
            wanted="several items per class, to learn from some and judge on others",
            hint="add items, or check that the label column is not a name or a number per row",
        )


def open_counts(listing: Listing) -> Counter[str]:
    """Items per class outside the test part."""
    pairs = zip(listing.labels, listing.parts, strict=True)
    return Counter(label for label, part in pairs if label is not None and part != "test")


def class_guesses(listing: Listing, tested: Listing | None) -> list[Guess]:
    """Target and parts in words, and what is odd about the labels."""
    counts = open_counts(listing)
    common = [printable(word) for word, _ in counts.most_common(5)]
    low, high = min(counts.values()), max(counts.values())
    spread = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    more = f" and {len(counts) - 5:,} more" if len(counts) > 5 else ""
    target = Guess(
        question="target",
        answer="class",
        why=f"{len(counts):,} labels with {spread} items each: {', '.join(common)}{more}",
        option="--target KIND",
    )
    guesses = [target, _parts(listing, tested)]
    twins = _twins(counts)
    if twins:
        guesses.append(
            Guess(
                question="classes that differ only in case or space",
                answer="kept apart",
                why="; ".join(" and ".join(repr(printable(w)) for w in group) for group in twins),
                option="give them one name if they are one class",
            )
        )
    strange = sorted(_test_labels(listing, tested) - set(counts))
    if strange:
        guesses.append(
            Guess(
                question="classes in the test part only",
                answer=f"{len(strange):,}, which cannot be learned",
                why=f"no train row has {', '.join(printable(w) for w in strange[:5])}",
                option="add train rows of them, or remove them from the test part",
            )
        )
    return guesses


def _parts(listing: Listing, tested: Listing | None) -> Guess:
    order: tuple[Part, ...] = ("train", "validation", "test")
    pairs = zip(listing.labels, listing.parts, strict=True)
    counts = Counter(part for label, part in pairs if label is not None)
    given = [f"{part} {counts[part]:,}" for part in order if counts[part]]
    if tested is not None:
        given += [f"test {len(tested.names):,}, from --test"]
    if not given:
        why = "the data state no parts; a test part is held out and sealed"
        return Guess(question="parts", answer="none given", why=why, option="--test DATA")
    held = [] if counts["test"] or tested is not None else ["a test part is held out and sealed"]
    held += [] if counts["validation"] else ["validation rows are held out of the train part"]
    return Guess(
        question="parts",
        answer=", ".join(given),
        why="; ".join(("stated by the data", *held)),
        option="--test DATA",
    )


def _test_labels(listing: Listing, tested: Listing | None) -> set[str]:
    pairs = zip(listing.labels, listing.parts, strict=True)
    own = {label for label, part in pairs if label is not None and part == "test"}
    return own | {label for label in (tested.labels if tested else ()) if label is not None}


def _twins(words: Iterable[str]) -> list[list[str]]:
    alike: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        alike["".join(word.casefold().split())].append(word)
    return [group for group in alike.values() if len(group) > 1]
