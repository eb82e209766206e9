"""The vault: the sealed test rows. Only the last step may open it, and only once.

A run that was stopped after that and goes on seals the same rows anew; its report lists every
opening.
"""

from __future__ import annotations

from dataclasses import dataclass

from fivefold.contracts.rows import IntArray, Rows, Targets
from fivefold.plumbing.errors import RunError


@dataclass(frozen=True, kw_only=True, slots=True)
class VaultContent:
    """What lies in the vault.

    Attributes:
        rows: The sealed rows.
        targets: (n, ...) their targets.
        names: (n) their names.
        groups: (n,) rows with an equal number are of one group, or copies of each other, so that
            they are no independent witnesses; None where each row stands alone.
    """

    rows: Rows
    targets: Targets
    names: tuple[str, ...]
    groups: IntArray | None = None


class Vault:
    """Holds the test rows shut.

    Args:
        content: The sealed rows.
        origin: Where they come from, in words: `given test part` or `held out 20 %, stratified`.
    """

    def __init__(self, content: VaultContent, *, origin: str) -> None:
        self._content = content
        self._opened = False
        self.origin = origin
        self.size = len(content.targets)

    def open(self) -> VaultContent:
        """Open the vault, once.

        Raises:
            RunError: It was opened before; a second look would make the report dishonest.
        """
        if self._opened:
            raise RunError(
                found="an opened vault",
                wanted="a sealed one: test rows are looked at once per run",
                hint="start a new run to judge something else",
            )
        self._opened = True
        return self._content
