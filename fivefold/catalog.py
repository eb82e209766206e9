"""Word -> "module:Class" + facts. The catalog is the test matrix; plugins join by entry point.

A part is listed here in one line and imported only when it is used.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from fivefold.plumbing.errors import OptionError

Room = Literal["input", "target", "intake", "encoder", "head", "expansion", "traditional"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One part: its word, where it is, and facts about it.

    Attributes:
        word: The word in the CLI, in files and in reports.
        place: `module:Class`.
        about: One line for `fivefold nets`.
        facts: Room-specific facts (see the tables below).
    """

    word: str
    place: str
    about: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def _entries(*entries: Entry) -> dict[str, Entry]:
    return {entry.word: entry for entry in entries}


def _encoder(word: str, cls: str, about: str, **facts: Any) -> Entry:  # noqa: ANN401
    place = f"fivefold.nets.encoders.{word}:{cls}"
    return Entry(word=word, place=place, about=about, facts=facts)


# Facts of an input kind: files = False where it comes from Python only; nets = its line-up of
# encoders, best first; opponent = share of the budget for the hand-crafted pipeline, where it is
# strong and slow.
INPUTS = _entries(
    Entry(word="image", place="fivefold.inputs.image:Image", about="picture files"),
    Entry(word="table", place="fivefold.inputs.table:Table", about="rows of cells",
          facts={"nets": ("tabular", "mlp")}),
    Entry(word="several", place="fivefold.inputs.several:Several", about="several inputs a row"),
    Entry(word="series", place="fivefold.inputs.series:Series", about="series of numbers",
          facts={"nets": ("conv1d", "gru", "series_transformer", "series_lstm")}),
    Entry(word="array", place="fivefold.inputs.array:Array", about="arrays of a fixed shape",
          facts={"nets": ("convnet", "resnet", "mlp")}),
    Entry(word="audio", place="fivefold.inputs.audio:Audio", about="sound files",
          facts={"nets": ("spectrogram_conv", "conv_recurrent", "waveform_conv")}),
    Entry(word="video", place="fivefold.inputs.video:Video", about="clip files",
          facts={"nets": ("late_fusion", "slow_fusion", "conv_lstm")}),
    Entry(word="tokens", place="fivefold.inputs.tokens:Tokens", about="lists of words",
          facts={"nets": ("window", "lstm")}),
    # The last one: what is read as numbers is text as well.
    Entry(word="text", place="fivefold.inputs.text:Text", about="text files",
          facts={"nets": ("bag", "word_conv", "char_conv"), "opponent": 0.15}),
)  # fmt: skip
TARGETS = _entries(
    Entry(word="class", place="fivefold.targets.class_:Class", about="one of k"),
    Entry(word="labels", place="fivefold.targets.labels:Labels", about="any of k"),
    Entry(word="number", place="fivefold.targets.number:Number", about="one or several reals"),
    Entry(word="tags", place="fivefold.targets.tags:Tags", about="one of k for each token"),
)
INTAKES = _entries(
    Entry(word="image", place="fivefold.nets.intake.image:ImageIntake"),
    Entry(word="video", place="fivefold.nets.intake.video:VideoIntake"),
    Entry(word="array", place="fivefold.nets.intake.array:ArrayIntake"),
    Entry(word="text", place="fivefold.nets.intake.text:TextIntake"),
    Entry(word="tokens", place="fivefold.nets.intake.tokens:TokensIntake"),
    Entry(word="table", place="fivefold.nets.intake.table:TableIntake"),
    Entry(word="several", place="fivefold.nets.intake.several:SeveralIntake"),
    Entry(word="series", place="fivefold.nets.intake.series:SeriesIntake"),
    Entry(word="audio", place="fivefold.nets.intake.audio:AudioIntake"),
)
# Facts of an encoder: inputs = kinds it reads; wants = what it takes of what the kind learned,
# as keywords, where the kind has it; widths = its ladder, cheap to dear; passes = of 50,000 rows,
# wanted at width 1; optimiser and rate = what trains it well; source = paper; depths = useful
# depths; any_size = reads other sizes than it was built for; axes = kind -> numbers of axes of an
# input that it reads, where not all; sequence = can give features of every position; decay = of
# the weights; most = times the passes wanted that one net can use: with more time further nets
# are trained; steps = the least that make a net worth training; smoothing = of its labels, at most;
# rates = kind -> rate, where another one than `rate` does better.
ENCODERS = _entries(
    _encoder("convnet", "Convnet", "small modern net, scales in width, depth, resolution",
             inputs=("image", "array"), optimiser="muon", rate=0.12, source="arXiv 2404.00498",
             depths=(2, 3), any_size=True, axes={"array": (3,)}, widths=(0.5, 0.75, 1.0, 1.5)),
    _encoder("fully_connected", "FullyConnected", "every pixel to every unit",
             inputs=("image", "array"), optimiser="adamw", rate=1e-3, source="the talk, T05",
             depths=(1, 2, 3), any_size=False),
    _encoder("locally_connected", "LocallyConnected", "windows with unshared weights",
             inputs=("image",), optimiser="adamw", rate=1e-3, source="the talk, T05",
             depths=(1, 2, 3), any_size=False),
    _encoder("alexnet", "AlexNet", "five convolutions, 2012",
             inputs=("image",), optimiser="adamw", rate=1e-3, source="Krizhevsky 2012",
             depths=(1, 2), any_size=True),
    _encoder("overfeat", "OverFeat", "the net in the talk's code",
             inputs=("image",), optimiser="adamw", rate=5e-4, source="arXiv 1312.6229",
             depths=(1, 2), any_size=False),
    _encoder("vgg", "Vgg", "3x3 convolutions, deep",
             inputs=("image",), optimiser="adamw", rate=1e-3, source="arXiv 1409.1556",
             depths=(1, 2, 3), any_size=True),
    _encoder("resnet", "ResNet", "residual blocks",
             inputs=("image", "array"), optimiser="adamw", rate=2e-3, source="arXiv 1512.03385",
             depths=(1, 2, 3), any_size=True, axes={"array": (3,)}, widths=(0.125, 0.25, 0.5)),
    _encoder("bag", "Bag", "n-grams of words, hashed and added up",
             inputs=("text",), optimiser="adamw", rate=1e-2, decay=1.0,
             source="arXiv 1607.01759", depths=(1, 2, 3), wants=("words", "vocabulary", "grams"),
             steps=60, widths=(0.5, 1.0), passes=1.6, most=1.0),
    _encoder("word_conv", "WordConv", "phrases, wherever they stand",
             inputs=("text", "tokens"), optimiser="adamw", rate=5e-3, source="arXiv 1408.5882",
             depths=(1,), wants=("words", "vocabulary"), widths=(0.5, 1.0, 2.0),
             smoothing=0.1, steps=150, passes=6.0, most=1.5),
    _encoder("char_conv", "CharConv", "characters, from raw text",
             inputs=("text",), optimiser="adamw", rate=1.25e-3, source="arXiv 1509.01626",
             depths=(1, 2), wants=("characters", "symbols"), widths=(0.125, 0.25, 0.5, 1.0, 4.0),
             smoothing=0.1),
    _encoder("lstm", "Lstm", "cells that remember, both ways",
             inputs=("text", "tokens"), optimiser="adamw", rate=2e-3, source="arXiv 1508.01991",
             depths=(1, 2), wants=("words", "vocabulary"), widths=(0.25, 0.5, 1.0, 2.0),
             rates={"tokens": 1e-2}, sequence=True),
    _encoder("transformer", "Transformer", "every word looks at every other",
             inputs=("text", "tokens"), optimiser="adamw", rate=1e-3, source="arXiv 1706.03762",
             depths=(1, 2, 4), wants=("words", "vocabulary"), widths=(0.25, 0.5, 1.0, 2.0),
             sequence=True),
    _encoder("window", "Window", "a word among its neighbours",
             inputs=("text", "tokens"), optimiser="adamw", rate=1e-3, source="arXiv 1103.0398",
             depths=(1, 2, 3), wants=("words", "vocabulary"), widths=(0.5, 1.0, 2.0),
             rates={"tokens": 1e-2}, passes=12.0, most=1.5, sequence=True),
    _encoder("tabular", "Tabular", "numbers in bins, many nets that share their weights",
             inputs=("table",), wants=("columns",), optimiser="adamw", rate=4e-3, decay=0.1,
             smoothing=0.0,
             widths=(0.25, 0.5), passes=40.0, most=2.5,
             source="arXiv 2410.24210", depths=(1, 2, 3), any_size=False),
    _encoder("joined", "Joined", "an encoder for each of several inputs, joined by a small layer",
             inputs=("several",), wants=("parts",), optimiser="adamw", rate=1e-3,
             widths=(0.25, 0.5, 1.0), source="the talk, T12: several inputs", depths=(1, 2, 3),
             any_size=False),
    _encoder("mlp", "Mlp", "residual layers for columns of numbers",
             inputs=("array", "table"), wants=("columns",), optimiser="adamw", rate=2e-3,
             source="arXiv 2106.11959", depths=(1, 2, 3), any_size=False, most=3.0,
             widths=(0.25, 0.5, 1.0, 2.0)),
    _encoder("conv1d", "Conv1d", "residual convolutions over time",
             inputs=("series",), optimiser="adamw", rate=2e-3, source="arXiv 1611.06455",
             depths=(1, 2, 3), any_size=True, sequence=True, steps=200,
             widths=(0.25, 0.5, 1.0, 2.0)),
    _encoder("gru", "Gru", "gated recurrent units, both ways",
             inputs=("series",), optimiser="adamw", rate=3e-3, source="arXiv 1406.1078",
             depths=(1, 2), any_size=True, sequence=True, steps=200,
             widths=(0.25, 0.5, 1.0, 2.0)),
    _encoder("series_transformer", "SeriesTransformer", "attention over patches of a series",
             inputs=("series",), optimiser="adamw", rate=1e-3, source="arXiv 2211.14730",
             depths=(1, 2, 3), any_size=True, sequence=True, steps=200,
             widths=(0.25, 0.5, 1.0, 2.0)),
    _encoder("series_lstm", "Lstm", "long short-term memory, both ways",
             inputs=("series",), optimiser="adamw", rate=3e-3, source="Hochreiter 1997",
             depths=(1, 2), any_size=True, sequence=True, steps=200,
             widths=(0.25, 0.5, 1.0, 2.0)),
    _encoder("spectrogram_conv", "SpectrogramConv", "a convnet over the log-mel spectrogram",
             inputs=("audio",), wants=("rate",), optimiser="muon", rate=0.12,
             source="arXiv 2404.00498", widths=(0.5, 1.0, 1.5, 2.0), depths=(2, 3), passes=5.5,
             steps=300),
    _encoder("conv_recurrent", "ConvRecurrent", "convolutions, then a recurrent net over time",
             inputs=("audio",), wants=("rate",), optimiser="adamw", rate=2e-3,
             source="arXiv 1609.04243", widths=(0.5, 1.0, 1.5), depths=(1, 2), passes=5.5,
             steps=300),
    _encoder("waveform_conv", "WaveformConv", "the samples themselves, end to end",
             inputs=("audio",), wants=("rate",), optimiser="adamw", rate=3e-3,
             source="arXiv 1610.00087", widths=(0.5, 1.0, 1.5), depths=(1, 2), passes=5.5,
             steps=300),
    _encoder("late_fusion", "LateFusion", "one trunk along the clip, joined late",
             inputs=("video",), optimiser="adamw", rate=2e-3, source="Karpathy 2014",
             depths=(1, 2, 3), widths=(1.0,), steps=120, any_size=False),
    _encoder("slow_fusion", "SlowFusion", "frames come together step by step",
             inputs=("video",), optimiser="adamw", rate=2e-3, source="Karpathy 2014",
             depths=(1, 2, 3), widths=(1.0,), steps=120, any_size=False),
    _encoder("conv3d", "Conv3d", "convolutions over space and time",
             inputs=("video",), optimiser="adamw", rate=2e-3, source="arXiv 1711.11248",
             depths=(1, 2, 3), widths=(1.0,), steps=120, any_size=False),
    _encoder("conv_lstm", "ConvLstm", "a memory with a map, along the clip",
             inputs=("video",), optimiser="adamw", rate=2e-3, source="arXiv 1506.04214",
             depths=(1, 2, 3), widths=(1.0,), steps=120, any_size=False),
    _encoder("early_fusion", "EarlyFusion", "all frames enter the first layer at once",
             inputs=("video",), optimiser="adamw", rate=2e-3, source="Karpathy 2014",
             depths=(1, 2, 3), widths=(1.0,), steps=120, any_size=False),
    _encoder("single_frame", "SingleFrame", "every frame for itself, averaged",
             inputs=("video",), optimiser="adamw", rate=2e-3, source="Karpathy 2014",
             depths=(1, 2, 3), widths=(1.0,), steps=120, any_size=False),
)  # fmt: skip
# Facts of a head: target = kind it answers, whose default is the first one listed; reads =
# "sequence" where it wants features of every position; smoothing = of the targets in training;
# batch = the most rows of a step, few where a row holds many targets.
HEADS = _entries(
    Entry(word="class", place="fivefold.nets.heads.class_:ClassHead", about="softmax",
          facts={"target": "class", "smoothing": 0.2}),
    Entry(word="labels", place="fivefold.nets.heads.labels:LabelsHead", about="sigmoids",
          facts={"target": "labels"}),
    Entry(word="number", place="fivefold.nets.heads.number:NumberHead", about="mean and deviation",
          facts={"target": "number"}),
    Entry(word="tags", place="fivefold.nets.heads.tags:TagsHead", about="softmax of each token",
          facts={"target": "tags", "reads": "sequence", "batch": 32}),
    Entry(word="crf", place="fivefold.nets.heads.crf:CrfHead", about="tags that follow each other",
          facts={"target": "tags", "reads": "sequence", "batch": 32}),
)  # fmt: skip
EXPANSIONS = _entries(
    Entry(word="image", place="fivefold.step3_expand.image:ImageExpander", about="pictures"),
    Entry(word="text", place="fivefold.step3_expand.text:TextExpander", about="texts"),
    Entry(word="tokens", place="fivefold.step3_expand.tokens:TokensExpander", about="sentences"),
    Entry(word="table", place="fivefold.step3_expand.table:TableExpander", about="rows of cells"),
    Entry(word="several", place="fivefold.step3_expand.several:SeveralExpander", about="parts"),
    Entry(word="array", place="fivefold.step3_expand.array:ArrayExpander", about="arrays"),
    Entry(word="series", place="fivefold.step3_expand.series:SeriesExpander", about="series"),
    Entry(word="audio", place="fivefold.step3_expand.audio:AudioExpander", about="sound"),
    Entry(word="video", place="fivefold.step3_expand.video:VideoExpander", about="clips"),
)
TRADITIONAL = _entries(
    Entry(word="audio", place="fivefold.traditional.audio:features", about="MFCC, band energies"),
    Entry(word="image", place="fivefold.traditional.image:features", about="HOG, SIFT, colour"),
    Entry(word="array", place="fivefold.traditional.array:features", about="columns, statistics"),
    Entry(
        word="series",
        place="fivefold.traditional.series:features",
        about="windows, statistics, spectrum",
    ),
    Entry(
        word="video", place="fivefold.traditional.video:features", about="HOG, flow, differences"
    ),
    Entry(word="text", place="fivefold.traditional.text:features", about="n-grams, tf-idf"),
    Entry(
        word="tokens", place="fivefold.traditional.tokens:features", about="words and neighbours"
    ),
    Entry(word="table", place="fivefold.traditional.table:features", about="cells, one-hot"),
    Entry(word="several", place="fivefold.traditional.several:features", about="of all parts"),
)

_ROOMS: dict[Room, dict[str, Entry]] = {
    "input": INPUTS,
    "target": TARGETS,
    "intake": INTAKES,
    "encoder": ENCODERS,
    "head": HEADS,
    "expansion": EXPANSIONS,
    "traditional": TRADITIONAL,
}


@cache
def _plugins(room: Room) -> dict[str, Entry]:
    found = entry_points(group=f"fivefold.{room}s")
    return _entries(*(Entry(word=p.name, place=p.value, about=f"plugin {p.value}") for p in found))


def listed(room: Room) -> dict[str, Entry]:
    """Every part of a room, ours first, then plugins; a plugin cannot replace one of ours."""
    return {**_plugins(room), **_ROOMS[room]}


def entry(room: Room, word: str) -> Entry:
    """The entry of a word.

    Raises:
        OptionError: No such word in that room.
    """
    parts = listed(room)
    if word not in parts:
        raise OptionError(
            found=f"{room} {word!r}", wanted=f"one of {', '.join(parts)}", hint="see fivefold nets"
        )
    return parts[word]


def head_of(target: str) -> Entry:
    """The default head of a target kind (a catalog word).

    Raises:
        OptionError: No head answers it.
    """
    found = [head for head in listed("head").values() if head.facts.get("target") == target]
    ours = [head for head in found if head.word in HEADS]
    if not found:
        raise OptionError(
            found=f"target {target!r} without a head",
            wanted=f"one of {', '.join(TARGETS)}",
            hint="leave out --target",
        )
    return (ours or found)[0]


def line_up(kind: str) -> tuple[str, ...]:
    """The encoders that are trained for an input kind where none is asked for, best first."""
    named: tuple[str, ...] = entry("input", kind).facts.get("nets", ())
    reads = (e.word for e in listed("encoder").values() if kind in e.facts.get("inputs", ()))
    return named or (next(reads),)


def load(room: Room, word: str) -> Any:  # noqa: ANN401 - a class or a function, by room
    """Import the part behind a word."""
    module, _, name = entry(room, word).place.partition(":")
    return getattr(importlib.import_module(module), name)


def reads(encoder: Entry, kind: str, axes: int) -> bool:
    """Whether an encoder reads inputs of a kind that have so many axes, as (C, H, W) has three."""
    facts = encoder.facts
    return kind in facts.get("inputs", ()) and axes in facts.get("axes", {}).get(kind, (axes,))


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One square of the test matrix: an input kind, an encoder that reads it, a head."""

    input: str
    encoder: str
    head: str

    def __str__(self) -> str:
        return f"{self.input}-{self.encoder}-{self.head}"


def cells() -> tuple[Cell, ...]:
    """Every input x encoder x head that is listed, hence tested."""
    return tuple(
        Cell(input=kind, encoder=encoder.word, head=head.word)
        for encoder in ENCODERS.values()
        for kind in encoder.facts["inputs"]
        for head in HEADS.values()
        if head.facts.get("reads") != "sequence"
        or (kind == "tokens" and "sequence" in encoder.facts)
    )
