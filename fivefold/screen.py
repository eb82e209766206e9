"""What the terminal shows while a command works: steps, lines, bars with the time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

from fivefold.plumbing.files import printable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@final
class Screen:
    """Draws progress on the terminal: one line per fact, a bar with the time left for long work.

    Args:
        start: The `time.monotonic()` from which steps are told.
    """

    def __init__(self, start: float) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._start = start
        # Nothing in a name is for rich: `[a]` is no style, and `:100:` no picture but a line.
        self._console = Console(
            stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False
        )
        self._bars: Progress = Progress(
            TextColumn("  {task.description:<16}"),
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[note]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: tuple[str, TaskID] | None = None

    def __enter__(self) -> Screen:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def note(self, text: str) -> None:
        """A line that belongs to no step."""
        self._console.print(text)

    def step(self, name: str) -> None:
        """A step begins."""
        self._drop()
        self._console.print(f"{time.monotonic() - self._start:6.1f} s  {name}", style="bold")

    def say(self, text: str) -> None:
        """One line for the user."""
        self._console.print(f"          {printable(text)}")

    def bar(self, name: str, share: float, note: str = "") -> None:
        """Work `name` is done to `share`."""
        if self._task is None or self._task[0] != name:
            self._drop()
            self._task = (name, self._bars.add_task(name, total=1.0, note=note))
        self._bars.update(self._task[1], completed=share, note=note)

    def _drop(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task[1])
            self._task = None
