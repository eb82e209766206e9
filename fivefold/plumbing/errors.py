"""The few errors a user can meet; each says what was found, what was wanted, what to do next."""

from __future__ import annotations


class FivefoldError(Exception):
    """A problem the user can mend.

    Args:
        found: What was there.
        wanted: What was needed instead.
        hint: What to do or type next.
    """

    def __init__(self, *, found: str, wanted: str, hint: str) -> None:
        self.found = found
        self.wanted = wanted
        self.hint = hint
        super().__init__(f"found {found}; wanted {wanted}; hint: {hint}")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the three parts when the error crosses a process border."""
        return (_rebuild, (type(self), self.found, self.wanted, self.hint))


def _rebuild(kind: type[FivefoldError], found: str, wanted: str, hint: str) -> FivefoldError:
    return kind(found=found, wanted=wanted, hint=hint)


class DataError(FivefoldError, ValueError):
    """The data cannot be used as they are; a ValueError, as scikit-learn's users expect."""


class OptionError(FivefoldError, ValueError):
    """An option or argument is wrong."""


class RunError(FivefoldError):
    """The run folder, the disk or the machine does not allow what was asked."""


class BadItem(Exception):  # noqa: N818 - one item is bad, the run is not in error
    """One raw item that cannot be used; the message is its reason in the quarantine."""
