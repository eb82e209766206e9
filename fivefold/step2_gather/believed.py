"""Labels of which many are wrong: which of them are believed, by what the texts have in common.

The label given is what a noisy channel made of the class that a text is of. Both the channel and
the words of each class are learned together by expectation-maximisation, from the labels given on:
naive Bayes (complement, Rennie 2003) under the class-conditional noise of Lawrence and Schoelkopf
2001. No validation can choose this, as it would be by the same wrong labels: a user has to ask.

Axes: N rows, F different words, K classes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from fivefold import catalog
from fivefold.plumbing.errors import OptionError
from fivefold.plumbing.files import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import InputKind
    from fivefold.contracts.rows import FloatArray, IntArray

_ROUNDS = 40
_RIGHT = 0.9  # share of right labels that the first round assumes
_CHUNK = 4096  # rows
_WORD = re.compile(r"\w+")


def believed(dataset: Dataset) -> Dataset:
    """The open rows with the classes that are believed, and the labels as given beside them.

    Raises:
        OptionError: No texts, or their target is no class.
    """
    problem = dataset.problem
    if problem.kind != "text" or problem.target.kind != "class":
        raise OptionError(
            found=f"--noisy-labels with {problem.kind} and target {problem.target.kind}",
            wanted="texts with a class each",
            hint="leave it out: the report lists the labels that look wrong",
        )
    given: IntArray = dataset.targets
    classes = most_likely(_words(dataset), given, len(dataset.classes))
    changed = np.flatnonzero(classes != given)
    return replace(
        dataset,
        targets=classes,
        given=given,
        notes=(*dataset.notes, _note(dataset.classes, given[changed], classes[changed], given)),
    )


def most_likely(words_NF: Any, labels: IntArray, k: int) -> IntArray:  # noqa: ANN401 - scipy has no types
    """The most likely class (N,) of each row.

    Args:
        words_NF: CSR of zeros and ones, which words a row has.
        labels: (N,) class numbers, of which many may be wrong.
        k: K.
    """
    said = np.eye(k, dtype=np.float32)[labels]
    channel = np.full((k, k), (1 - _RIGHT) / max(k - 1, 1))  # of class i, the share labelled j
    np.fill_diagonal(channel, _RIGHT)
    likely = said
    for _ in range(_ROUNDS):
        scores = words_NF @ _weights(words_NF, likely).T + np.log(channel[:, labels].T)
        likely = _shares(scores)
        channel = likely.T @ said + 1.0
        channel /= channel.sum(1, keepdims=True)
    return likely.argmax(1).astype(np.int64)


def _weights(words_NF: Any, likely: FloatArray) -> NDArray[Any]:  # noqa: ANN401 - as above
    """(K, F) how much less all other classes have of a word, as complement naive Bayes has it."""
    counts = np.asarray((words_NF.T @ likely).T, np.float64)
    others = counts.sum(0) - counts + 1.0
    weights: NDArray[Any] = -np.log(others / others.sum(1, keepdims=True))
    return weights


def _shares(scores: NDArray[Any]) -> FloatArray:
    """Softmax (N, K)."""
    raised = np.exp(scores - scores.max(1, keepdims=True))
    shares: FloatArray = (raised / raised.sum(1, keepdims=True)).astype(np.float32)
    return shares


def _words(dataset: Dataset) -> Any:  # noqa: ANN401 - as above
    """CSR (N, F) of zeros and ones: whole words in small letters that two rows or more have."""
    kind: InputKind = catalog.load("input", dataset.problem.kind)()
    numbers: dict[str, int] = {}
    rows, columns = [], []
    for start in range(0, len(dataset.rows), _CHUNK):
        for at, item in enumerate(dataset.rows.take(slice(start, start + _CHUNK)), start):
            text = str(kind.show(item, dataset.shape)).casefold()
            own = {numbers.setdefault(word, len(numbers)) for word in _WORD.findall(text)}
            rows += [at] * len(own)
            columns += sorted(own)
    shape = (len(dataset.rows), len(numbers))
    found = sparse.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    return found[:, np.flatnonzero(np.asarray(found.sum(0)).ravel() > 1)]


def _note(classes: tuple[str, ...], was: IntArray, now: IntArray, given: IntArray) -> str:
    """What was changed, in one sentence."""
    pairs, counts = np.unique(was * len(classes) + now, return_counts=True)
    often = [divmod(int(pairs[i]), len(classes)) for i in np.argsort(-counts)[:3]]
    shown = "; ".join(
        f"{count:,} of {printable(classes[a])!r} are taken for {printable(classes[b])!r}"
        for (a, b), count in zip(often, -np.sort(-counts)[:3], strict=True)
    )
    return (
        f"--noisy-labels: {len(was):,} of {len(given):,} labels are not believed; training and "
        f"validation go by the believed ones, the vault by those given"
        + (f" ({shown})" * bool(shown))
    )
