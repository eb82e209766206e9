"""What changed in a folder since the last look; so that only that is sent elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from fivefold.plumbing.files import hidden

if TYPE_CHECKING:
    from pathlib import Path

LAST = "run.json"  # says that a run stands there, so it goes after what it speaks of


@final
class Changes:
    """Looks at the whole files of a folder; half-written ones are hidden, and left out.

    Args:
        folder: The folder; it may come to be later.
        pattern: Which files in it, as for `Path.glob`.
        without: Names in the folder that are nobody else's business.
    """

    def __init__(
        self, folder: Path, pattern: str = "**/*", *, without: tuple[str, ...] = ()
    ) -> None:
        self._folder, self._pattern, self._without = folder, pattern, without
        self._known: dict[str, tuple[int, int]] = {}

    def look(self) -> tuple[str, ...]:
        """Names that are new or changed, relative to the folder.

        A record's JSON file comes after its arrays: where it stands, the record is whole.
        """
        found: dict[str, tuple[int, int]] = {}
        for file in self._folder.glob(self._pattern):
            name = file.relative_to(self._folder).as_posix()
            if hidden(name) or name.split("/")[0] in self._without:
                continue
            try:
                stat = file.stat()
            except FileNotFoundError:
                continue  # removed or replaced between two calls
            if file.is_file():
                found[name] = (stat.st_mtime_ns, stat.st_size)
        changed = [name for name, stamp in found.items() if self._known.get(name) != stamp]
        self._known = found
        return tuple(sorted(changed, key=_rank))

    def forget(self, name: str) -> None:
        """Count a file as changed at the next look: it could not be sent."""
        self._known.pop(name, None)


def _rank(name: str) -> tuple[bool, bool, str]:
    return name == LAST, name.endswith(".json"), name
