"""One bad item must not end what is done for many: its error becomes a reason in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from fivefold.plumbing.errors import BadItem

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def guarded(
    work: Callable[..., T], *args: object, passing: tuple[type[Exception], ...] = ()
) -> tuple[T | None, str | None]:
    """What `work` gives and None, or None and the reason why it gives nothing.

    Args:
        work: Opens, decodes or fits one item.
        *args: What it is called with.
        passing: Errors that are not the item's fault, and go on.
    """
    try:
        return work(*args), None
    except passing:
        raise
    except BadItem as bad:
        return None, str(bad)
    except MemoryError:
        return None, "needs more memory to decode than there is for one item"
    except Exception as cause:  # noqa: BLE001 - decoders raise anything; the quarantine shows it
        return None, f"cannot be decoded ({type(cause).__name__}: {cause})"
