"""Every kind of raw input inside its budget: the ensemble, the best net, the traditional pipeline.

    python benchmarks/kinds/run.py [--data DIR] [--only trec imdb ...]

Rows that stand in results.jsonl are not run again, so a stopped benchmark goes on where it was.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import commands, record
from benchmarks.commands import SYSTEMS, Row

HERE = Path(__file__).resolve().parent
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
NAMES = ("--path", "{digit}_{speaker}_{index}.wav", "--label", "digit")


def _speaker_out(speaker: str) -> Row:
    return Row(
        name=f"fsdd-without-{speaker}",
        data="fsdd/recordings.zip",
        budget=300,
        floor=0.70,
        aim=0.85,
        arguments=(*NAMES, "--test", f"speaker={speaker}"),
    )


ROWS = (
    Row(name="fsdd", data="fsdd/recordings.zip", budget=300, floor=0.99, aim=0.997,
        arguments=(*NAMES, "--test", "index<5")),
    *(_speaker_out(speaker) for speaker in SPEAKERS),
    Row(name="fight-video", data="fight_video/fight_video.zip", budget=600, floor=0.65, aim=0.75),
    Row(name="trec", data="trec_questions", budget=300, floor=0.91, aim=0.935),
    Row(name="imdb", data="imdb/aclImdb.tar.xz", budget=600, floor=0.913, aim=0.925),
    Row(name="ag-news-small", data="ag_news_small", budget=300, floor=0.86, aim=0.884,
        arguments=("--noisy-labels",)),
    Row(name="ud-english-ewt", data="ud_english_ewt", budget=600, floor=0.935, aim=0.954,
        metric="token_accuracy"),
    Row(name="splice-dna", data="splice_dna/splice.data", budget=300, floor=0.963, aim=0.97),
    Row(name="ising-ordered", data="ising", budget=300, floor=0.98, aim=0.983,
        arguments=("--path", "{T}_{}.txt", "--label", "T<2.269")),
    Row(name="ising-temperature", data="ising", budget=300, floor=0.1, aim=0.05,
        metric="mae", falling=True),
    Row(name="indoor-within", data="indoor_movement/IndoorMovement.zip", budget=180,
        floor=0.85, aim=0.95, arguments=("--group", "none")),
    Row(name="indoor-across", data="indoor_movement/IndoorMovement.zip", budget=180,
        floor=0.70, aim=0.90, arguments=("--test", "dataset_ID=3")),
    Row(name="adult", data="tabular/adult-train.csv", budget=180, floor=0.87, aim=0.876),
    Row(name="titanic", data="tabular/titanic.csv", budget=180, floor=0.82, aim=0.84),
)  # fmt: skip


def results_page(results: list[dict[str, Any]]) -> str:
    """RESULTS.md: the newest result of every row, rows without one said to be missing."""
    newest = commands.newest(results)
    lines = [commands.line(row, newest.get(row.name)) for row in ROWS]
    return (
        "# Every kind of raw input, measured\n\n"
        "Written by `python benchmarks/kinds/run.py`; do not edit. Scores on the given test part, "
        "else on the vault, with 95 % intervals (accuracy, of ud-english-ewt that of words; "
        "ising-temperature: mean absolute error); wall-clock of the whole command, unpacking and "
        "report included.\n\n"
        + record.table(commands.HEAD, lines)
        + _speakers(newest)
        + commands.machines(list(newest.values()))
    )


def _speakers(newest: dict[str, dict[str, Any]]) -> str:
    """The mean over the speakers that were left out, once all of them were."""
    rows = [newest.get(f"fsdd-without-{speaker}") for speaker in SPEAKERS]
    done = [row["accuracy"] for row in rows if row is not None]
    if len(done) < len(rows):
        return f"\nMean over the speakers left out: {len(done)} of {len(rows)} are run.\n"
    means = [f"{fmean(one[s]['value'] for one in done):.2%} {s}" for s in SYSTEMS if s in done[0]]
    return f"\nMean over the six speakers left out: {', '.join(means)} (floor 70 %, aim 85 %).\n"


if __name__ == "__main__":
    commands.main(ROWS, results_page, here=HERE, about=__doc__.splitlines()[0])
