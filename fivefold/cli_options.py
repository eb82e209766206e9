"""The options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Argument(help="Folder, archive or table of raw items; the embedded digits without it."),
]
Test = Annotated[
    str | None,
    typer.Option(help="The test part: other data, a column, or a condition such as 'index<5'."),
]
Input = Annotated[str | None, typer.Option("--input", help="Input kind, where the guess is wrong.")]
Target = Annotated[str | None, typer.Option(help="Target kind, where the guess is wrong.")]
Label = Annotated[
    str | None,
    typer.Option(help="The label: a column, a field of file names, a pattern, a condition."),
]
PathColumn = Annotated[
    str | None,
    typer.Option(
        "--path", help="Path column of a table, or file names: '{digit}_{speaker}_{index}.wav'."
    ),
]
Group = Annotated[
    str | None,
    typer.Option(help="Rows that belong together: a column, a field, a pattern; none for none."),
]
Time = Annotated[
    str | None, typer.Option("--time", help="When a row was: a column or field to split by.")
]
Seed = Annotated[int, typer.Option(help="Seed of every random choice.")]
Mirror = Annotated[
    bool | None,
    typer.Option(
        "--mirror/--no-mirror", help="Whether mirrored pictures keep their label; else tested."
    ),
]
NoisyLabels = Annotated[
    bool,
    typer.Option(
        "--noisy-labels", help="Many labels are wrong: learn from those believed (texts)."
    ),
]
