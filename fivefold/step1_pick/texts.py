"""The bytes of a text file as text: its encoding is seen, odd ones are told."""

from __future__ import annotations

from fivefold.contracts.records import Guess
from fivefold.plumbing.errors import DataError

LONGEST_LINE = 64 << 20
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def decode(shown: str, raw: bytes) -> tuple[str, tuple[Guess, ...]]:
    """Text and how its encoding was told, where it is not UTF-8.

    Args:
        shown: The file's name for messages.
        raw: Its bytes.

    Raises:
        DataError: It holds zero bytes, or a line of more than 64 MiB.
    """
    _check_lines(shown, raw)
    encoding, why = _encoding(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as cause:
        line = raw[: cause.start].count(b"\n") + 1
        encoding, why = "latin-1", f"line {line} is not {encoding.removesuffix('-sig')}"
        text = raw.decode(encoding)
    if "\0" in text:
        raise DataError(
            found=f"{shown}, which holds zero bytes", wanted="a text table", hint="save it as UTF-8"
        )
    if not why:
        return text, ()
    note = Guess(
        question=f"encoding of {shown}", answer=encoding, why=why, option="save it as UTF-8"
    )
    return text, (note,)


def _encoding(raw: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding, f"it begins with the {encoding.upper()} mark"
    head = raw[:4096]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[first::2].count(0), head[1 - first :: 2].count(0)
        if len(head) >= 8 and not len(raw) % 2 and zeros > 0.4 * len(head) / 2 and not others:
            return encoding, "every other byte is zero"
    return "utf-8-sig", ""


def _check_lines(shown: str, raw: bytes) -> None:
    """Refuse a line that no table has, before it costs four times its size in memory."""
    place = 0
    while place + LONGEST_LINE < len(raw):
        end = place + LONGEST_LINE
        last = max(raw.rfind(b"\n", place, end), raw.rfind(b"\r", place, end))
        if last < 0:
            raise DataError(
                found=f"{shown} with a line of more than {LONGEST_LINE >> 20} MiB "
                f"from byte {place:,} on",
                wanted="a row per line",
                hint="check that it is a text file, and break its lines",
            )
        place = last + 1
