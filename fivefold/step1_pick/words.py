"""The words by which people call columns: paths, labels, parts, groups, times, identifiers."""

from __future__ import annotations

import re

PATHS = frozenset(
    (
        "path", "file", "filename", "file_name", "filepath", "file_path", "image", "img",
        "images", "image_path", "img_path", "image_name", "image_file", "image_id", "picture",
        "photo", "id", "audio", "audio_path", "wav", "clip", "video", "video_path",
    )
)  # fmt: skip
# In the order in which they are believed.
LABELS = (
    *("label", "labels", "class", "target", "category", "y", "species", "classname", "class_name"),
    *("label_name", "class_label", "classes", "class_id", "label_id", "breed", "diagnosis"),
    *("survived", "outcome", "sentiment", "polarity", "income", "churn", "default", "fraud"),
    *("tags", "tag", "genre", "genres", "topic", "topics", "intent", "emotion", "spam", "quality"),
    *("price", "rating", "score", "salary", "saleprice", "medv", "is_spam", "response", "result"),
    *("gt", "gold", "truth", "ground_truth", "true_label"),
)
# These name what somebody may want to know, but as often a fact about it.
FACTS = frozenset(
    (
        "income", "default", "tags", "tag", "genre", "genres", "topic", "topics", "intent",
        "quality", "price", "rating", "score", "salary", "response", "result",
    )
)  # fmt: skip
PARTS = ("split", "part", "subset", "set", "partition", "phase", "usage", "dataset")
# A group by these names is believed; "group" alone is only offered.
GROUPS = (
    *("speaker", "patient", "subject", "participant", "person", "user", "session", "recording"),
    *("household", "author", "document", "customer", "source", "site", "room", "machine"),
)
TIMES = ("time", "date", "datetime", "timestamp", "day", "month", "year", "step", "index", "t")
TEXTS = frozenset(
    (
        "text", "sentence", "review", "comment", "question", "document", "doc", "body",
        "content", "title", "headline", "description", "tweet", "message", "abstract",
        "sequence", "seq", "utterance",
    )
)  # fmt: skip
TOKENS = frozenset(("tokens", "words", "token", "sentence"))


def word_of(column: str) -> str:
    """A column's name as a word of the lists above: `Class Label` is `class_label`."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())
    return re.sub(r"\W+", "_", snake.casefold()).strip("_")


def label_rank(column: str) -> int | None:
    """How readily a column is believed to be the label, 0 first; None if its name does not say."""
    for word in (column.strip().casefold().replace(" ", "_"), word_of(column)):
        if word in LABELS:
            return LABELS.index(word)
    own = word_of(column).split("_")
    if len(own) > 1 and {own[0], own[-1]} & {"label", "labels", "class", "target", "tags", "tag"}:
        return len(LABELS)
    return None


def is_group(column: str) -> bool:
    """Whether the name says that rows of one value belong together: `speaker`, `patient_id`."""
    word = word_of(column)
    return word.removesuffix("_id").removesuffix("_number") in GROUPS


def may_be_group(column: str) -> bool:
    """Whether the name could mean groups."""
    word = word_of(column).removesuffix("_id")
    return is_group(column) or word in {"group", "groups", "fold", "cluster", "batch", "path"}


def is_id(column: str) -> bool:
    """Whether the name is one of identifiers: `id`, `PassengerId`, `row_id`, `index`."""
    word = word_of(column)
    return word in {"id", "index", "row", "uuid", "guid", "key", "unnamed_0", "no", "nr"} or (
        word.endswith("_id") or word.startswith("id_")
    )


def is_known(column: str) -> bool:
    """Whether a cell is a word of the lists: then the line it stands in is a header."""
    word = word_of(column)
    lists = (PATHS, LABELS, PARTS, GROUPS, TIMES, TEXTS, TOKENS)
    return any(word in words for words in lists)
