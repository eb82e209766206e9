"""Step 2: every item decoded once, the unusable set apart, duplicates found, test rows sealed.

Axes: N usable rows, K classes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fivefold import catalog
from fivefold.contracts.records import Dataset, Quarantined
from fivefold.contracts.rows import Rows
from fivefold.contracts.vault import Vault, VaultContent
from fivefold.plumbing.files import printable
from fivefold.step2_gather import notes as words
from fivefold.step2_gather.cache import open_or_build
from fivefold.step2_gather.cut import Cut, because, cut, too_few
from fivefold.step2_gather.duplicates import TRAIN, find_alike, listed
from fivefold.step2_gather.fill import Limits, Wanted, commonest
from fivefold.step2_gather.item import GOOD, is_picture, is_vector
from fivefold.step2_gather.items import collect, numbered
from fivefold.step2_gather.parting import parting
from fivefold.targets import target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from fivefold.contracts.records import Listing, Problem
    from fivefold.contracts.roles import Source
    from fivefold.contracts.rows import IntArray
    from fivefold.contracts.target_kind import TargetKind
    from fivefold.step2_gather.cache import Decoded
    from fivefold.step2_gather.items import Items


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What step 2 hands on: the open rows, and the sealed ones for the last step."""

    dataset: Dataset
    vault: Vault


def gather(  # noqa: PLR0913 - the options of the step, all by name
    problem: Problem,
    listing: Listing,
    source: Source,
    *,
    cache_root: Path,
    seed: int,
    test_listing: Listing | None = None,
    test_source: Source | None = None,
    workers: int | None = None,
    item_seconds: float = 10.0,
    tick: Callable[[float], None] | None = None,
) -> Gathered:
    """Decode all items into the cache, set bad ones and leaks apart, seal the vault, cut folds.

    Args:
        problem: What step 1 found.
        listing: The candidates.
        source: Where they lie.
        cache_root: Folder of the decoded caches.
        seed: Decides the split; the cache does not depend on it.
        test_listing: Candidates of a separate test set; they become the vault.
        test_source: Where those lie.
        workers: Decoding processes; one per core if None.
        item_seconds: Time limit of one item; what takes longer is set apart.
        tick: Told the share that is decoded.

    Raises:
        DataError: Too little can be used; the message says what is enough.
        RunError: The disk is full or the cache cannot be written.
    """
    target = target_of(problem)
    items = collect(problem, listing, source, test_listing, test_source)
    if not items.names:
        reasons = commonest(one.reason for one in items.quarantine) or "nothing is listed"
        raise too_few(f"no labelled item ({reasons})", target.wanted)
    wanted = _wanted(problem.kind, items)
    limits = Limits(workers=workers, item_seconds=item_seconds)
    decoded = open_or_build(wanted, cache_root, limits, tick)
    if decoded.kept is not None:
        items = items.select(decoded.kept)
    quarantine = _quarantine(items, decoded)
    usable = np.flatnonzero(decoded.cards["state"] == GOOD)
    if not usable.size:
        raise too_few(f"no usable row{because(quarantine)}", target.wanted)
    cards, shape = decoded.cards[usable], decoded.shape
    labels = numbered(items.labels)[usable]
    side = min(shape["item_shape"][:2]) if is_picture(shape) else 0
    vectors = _rows(decoded, usable) if is_vector(shape) else None
    alike = find_alike(cards, labels, short_side=side, vectors=vectors)
    names = [items.names[row] for row in usable]
    way = parting(items, usable, alike.groups, alike.equal)
    duplicates, about_duplicates = listed(alike, names, labels, way.settled)
    made = _fitting(cut(items, way, target, seed, quarantine), target, shape)
    dataset = Dataset(
        problem=problem,
        classes=made.classes,
        rows=_rows(decoded, made.open),
        targets=made.targets,
        names=tuple(items.names[row] for row in made.open),
        folds=made.folds,
        n_folds=made.n_folds,
        groups=made.groups,
        split=made.split,
        quarantine=quarantine,
        duplicates=duplicates,
        notes=(
            *items.notes,
            *decoded.shape.get("told", ()),
            *made.notes,
            *words.about_sizes(cards, shape),
            *wanted.kind.tell(shape),
            *alike.notes,
            *about_duplicates,
            *decoded.notes,
        ),
        fingerprint=_fingerprint(items.names, decoded.cards),
        total=items.total,
        seen_sizes=words.sizes(cards, shape, wanted.kind),
        cache_hit=decoded.hit,
        shape=decoded.shape,
    )
    sealed = VaultContent(
        rows=_rows(decoded, made.sealed),
        targets=made.sealed_targets,
        names=tuple(items.names[row] for row in made.sealed),
        groups=made.sealed_groups,
    )
    return Gathered(dataset=dataset, vault=Vault(sealed, origin=made.origin))


def _fitting(made: Cut, target: TargetKind, shape: dict[str, Any]) -> Cut:
    """What was cut, with targets as long as the cached items."""
    return replace(
        made,
        targets=target.fitted(made.targets, shape),
        sealed_targets=target.fitted(made.sealed_targets, shape),
    )


def _wanted(word: str, items: Items) -> Wanted:
    # Rows of a given test part are not looked at. Where the vault is cut from the data, that comes
    # after decoding, which must find copies first: of rows that are sealed later the sample may
    # hold some, whose form - sizes, alphabet, sub-words, categories - is learned, never a label.
    training = np.flatnonzero(items.parts == TRAIN)
    sample = training if training.size else np.arange(len(items.parts))
    return Wanted(
        word=word,
        place=catalog.entry("input", word).place,
        kind=catalog.load("input", word)(),
        names=items.names,
        sources=items.sources,
        origins=items.origins,
        sample=sample,
    )


def _quarantine(items: Items, decoded: Decoded) -> tuple[Quarantined, ...]:
    """Everything that cannot be used, by path."""
    broken = (
        Quarantined(path=printable(items.names[row]), reason=reason)
        for row, reason in decoded.bad.items()
    )
    return tuple(sorted((*items.quarantine, *broken), key=lambda one: (one.path, one.reason)))


def _rows(decoded: Decoded, index: IntArray) -> Rows:
    return Rows(
        file=decoded.file,
        dtype=decoded.shape["dtype"],
        item_shape=tuple(decoded.shape["item_shape"]),
        total=len(decoded.cards),
        index=index.astype(np.int64),
    )


def _fingerprint(names: Sequence[str], cards: NDArray[np.void]) -> str:
    """Hash of all names and the content behind them, whatever their order."""
    digest = hashlib.blake2b(digest_size=16)
    content = np.ascontiguousarray(cards["content"])
    # By name, then by content; a tuple of both for each of a million rows would weigh too much.
    order = np.argsort(content.view("V16")[:, 0], kind="stable").tolist()
    order.sort(key=names.__getitem__)
    for row in order:
        digest.update(names[row].encode("utf-8", "surrogatepass") + b"\0" + content[row].tobytes())
    return digest.hexdigest()
