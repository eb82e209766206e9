"""Files that tell about data and are none: readmes, licences, descriptions."""

from __future__ import annotations

import re

_SUFFIXES = (".md", ".rst", ".html", ".htm", ".pdf", ".doc", ".docx", ".names", ".bib", ".docs")
_WORDS = re.compile(
    r"(read[-_ ]?me|licen[cs]e|copying|notice|authors|changelog|citation|description|"
    r"[\w-]*_description|contents|index|version|md5sums?|sha\d+sums?|checksums?|urls[\w-]*)"
    r"(\.(txt|json|cff|md5|sha256))?",
    re.IGNORECASE,
)


def is_document(name: str) -> bool:
    """Whether a file's name is one of a document about the data."""
    base = name.rpartition("/")[2]
    return base.lower().endswith(_SUFFIXES) or _WORDS.fullmatch(base) is not None
