"""What tags of tokens are worth. Sentences are resampled, never single tokens.

Axes: N sentences, L tokens, K tags. Answers are (N, L, K), targets (N, L) with -1 where there is
no token or its tag is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fivefold.contracts.rows import IntArray
from fivefold.scores.measure import (
    BINS,
    LEAST,
    Contributions,
    Metric,
    Sums,
    bin_of,
    made,
    mean,
    one_group,
    ratio,
    several_sums,
)

if TYPE_CHECKING:
    from fivefold.contracts.rows import FloatArray, Targets

SPANS = "span_f1"


def _right(answers: FloatArray, targets: Targets) -> Contributions:
    known = targets >= 0
    return several_sums(((answers.argmax(2) == targets) & known).sum(1), known.sum(1))


def _all_right(answers: FloatArray, targets: Targets) -> Contributions:
    return one_group(sentences_right(answers, targets))


def sentences_right(answers: FloatArray, targets: Targets) -> NDArray[np.bool_]:
    """(N,) sentences of which every known tag is right."""
    return np.asarray(((answers.argmax(2) == targets) | (targets < 0)).all(1))


def _surprise(answers: FloatArray, targets: Targets) -> Contributions:
    known = targets >= 0
    of_target = np.take_along_axis(answers, np.maximum(targets, 0)[..., None], 2)[..., 0]
    cost = -np.log(np.clip(of_target.astype(np.float64), LEAST, 1.0))
    return several_sums((cost * known).sum(1), known.sum(1))


def _overconfidence_by_bin(answers: FloatArray, targets: Targets) -> Contributions:
    known = targets >= 0
    n = len(targets)
    confidence = answers.max(2)[known].astype(np.float64)
    over = confidence - (answers.argmax(2) == targets)[known]
    place = bin_of(confidence) + BINS * np.broadcast_to(np.arange(n)[:, None], known.shape)[known]
    sums = np.bincount(place, weights=over, minlength=n * BINS).reshape(n, BINS)
    return several_sums(sums, known.sum(1))


def _absolute(values: Sums, rows: Sums) -> Sums:  # noqa: ARG001 - the shape of every `finish`
    return np.asarray(np.abs(values[..., :-1]).sum(-1) / np.maximum(values[..., -1], 1.0))


METRICS = {
    m.word: m
    for m in (
        made("token_accuracy", _right, ratio, per_row=False, proportion=True),
        made("sentence_accuracy", _all_right, mean, proportion=True),
        made("token_log_loss", _surprise, ratio,
             higher_is_better=False, per_row=False, most=float(-np.log(LEAST))),
        made("token_calibration_error", _overconfidence_by_bin, _absolute,
             higher_is_better=False, per_row=False),
    )
}  # fmt: skip


# ------------------------------------------------------------------------- spans


@dataclass(frozen=True, slots=True)
class Scheme:
    """How tags spell spans: `B-` begins, `I-` goes on, `E-` ends, `S-` is alone, `O` is outside.

    IOB1, where `B-` stands only between neighbours, reads alike. Tags without such a prefix are
    spans of one token each.

    Attributes:
        kind: (K,) number of the span's name; -1 outside.
        begins: (K,) tags that can only begin a span.
        ends: (K,) tags that can only end one.
    """

    kind: IntArray
    begins: NDArray[np.bool_]
    ends: NDArray[np.bool_]


def has_spans(vocabulary: tuple[str, ...]) -> bool:
    """Whether tags are of the form that spells spans."""
    return "O" in vocabulary and any(tag[:2] in {"B-", "I-"} for tag in vocabulary)


def scheme_of(vocabulary: tuple[str, ...]) -> Scheme:
    """Read the prefixes of the tags' names."""
    prefixes = [tag[0] if tag[:2] in {"B-", "I-", "E-", "S-"} else "S" for tag in vocabulary]
    names = [tag[2:] if tag[:2] in {"B-", "I-", "E-", "S-"} else tag for tag in vocabulary]
    order = sorted({name for name in names if name != "O"})
    kind = [
        -1 if tag == "O" else order.index(name) for tag, name in zip(vocabulary, names, strict=True)
    ]
    return Scheme(
        kind=np.array(kind, np.int64),
        begins=np.array([prefix in {"B", "S"} for prefix in prefixes]),
        ends=np.array([prefix in {"E", "S"} for prefix in prefixes]),
    )


def spans(tags: IntArray, scheme: Scheme) -> tuple[IntArray, IntArray]:
    """Spans of sentences of tags (N, L), -1 for none, as the CoNLL evaluation reads them.

    Returns:
        Both (N, L), at the first token of each span: its last token, and its kind; -1 elsewhere.
    """
    kind = np.where(tags >= 0, scheme.kind[tags], -1)
    inside = kind >= 0
    begins, ends = scheme.begins[tags] & inside, scheme.ends[tags] & inside

    def shifted(x: NDArray[np.generic], empty: int) -> NDArray[np.generic]:
        return np.concatenate([np.full_like(x[:, :1], empty), x[:, :-1]], axis=1)

    first = inside & (begins | (shifted(kind, -1) != kind) | shifted(ends, 0).astype(bool))
    follows = np.concatenate([inside & ~first, np.zeros_like(first[:, :1])], axis=1)[:, 1:]
    last = inside & ~follows
    until = np.full(tags.shape, -1, np.int64)
    # Firsts and lasts alternate within a sentence, so the i-th of both are one span.
    until[first] = np.nonzero(last)[1]
    return until, np.where(first, kind, -1)


def _span_hits(scheme: Scheme, answers: FloatArray, targets: Targets) -> Contributions:
    known = targets >= 0
    given, true = (
        spans(tags, scheme) for tags in (np.where(known, answers.argmax(2), -1), targets)
    )
    hit = (given[0] >= 0) & (given[0] == true[0]) & (given[1] == true[1])
    found = (given[0] >= 0).sum(1) + (true[0] >= 0).sum(1)
    return several_sums(2 * hit.sum(1), found)


@lru_cache(maxsize=16)
def span_metric(vocabulary: tuple[str, ...]) -> Metric:
    """F1 of whole spans, right in both ends and in kind, over all sentences."""
    hits = partial(_span_hits, scheme_of(vocabulary))
    return made(SPANS, hits, ratio, per_row=False, proportion=True)
