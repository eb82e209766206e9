"""Bytes that are text, in whatever encoding, as a string; and the words in it."""

from __future__ import annotations

import codecs
import re

from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.magic import other_format

MOST_BYTES = 1 << 20  # of a text that are read: no net looks at more, and a line may be 1 GB long
# Words are cut at 32 letters: learning sub-words of one without end would take hours.
WORD = r"\w{1,32}(?:['\u2019]\w{1,32})?|[^\w\s]"
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 26, 27})
_MOST_CONTROLS = 0.02  # of the bytes, in text that a careless program wrote
_SIGNED = (b"%PDF", b"PAR1", b"Rar!", b"{\\rtf")  # formats that begin like text


def is_text(head: bytes) -> bool:
    """Whether a file that begins so is text: hardly a control byte, no sign of another format."""
    if not head or head.startswith(_SIGNED):
        return False
    if _encoding_of(head):
        return True
    return len(head) - len(head.translate(None, _CONTROLS)) <= _MOST_CONTROLS * len(head)


def decoded(raw: bytes) -> str:
    """The text in `raw`, of which the first MiB is read, with HTML line breaks as line breaks.

    UTF-8, UTF-16 and UTF-32 are recognised with and without a byte order mark; what is none of
    them is read as Windows-1252, whose letters are those of Latin-1.

    Raises:
        BadItem: It is empty or no text.
    """
    if not raw:
        raise BadItem("is empty (0 bytes)")
    raw = raw[:MOST_BYTES]
    if not is_text(raw[:4096]):
        raise BadItem(f"is not text but {other_format(raw)}")
    text = _decoded(raw).replace("\0", " ").lstrip("\ufeff")
    if "<" in text:
        text = _BREAK.sub("\n", text)
    text = text.strip()
    if not text:
        raise BadItem("holds nothing but white space")
    return text


def _decoded(raw: bytes) -> str:
    encoding = _encoding_of(raw[:4096])
    if encoding:
        # The cut may have gone through a character: what is incomplete at the end is left out.
        return codecs.getincrementaldecoder(encoding)("replace").decode(raw)
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _encoding_of(head: bytes) -> str:
    """A UTF encoding that the bytes show by their mark or by where their zeros lie; else empty."""
    marked = next((word for mark, word in _MARKS if head.startswith(mark)), "")
    if marked or len(head) < 4 or b"\0" not in head:
        return marked
    pairs = len(head) // 2
    even, odd = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if odd > 0.5 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    return "utf-16-be" if even > 0.5 * pairs and odd < 0.05 * pairs else ""
