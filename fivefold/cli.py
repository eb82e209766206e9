"""Words -> pipeline or bundle -> print. No logic; nothing heavy is imported before its use."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fivefold import __version__, catalog
from fivefold.cli_options import (
    Data,
    Group,
    Input,
    Label,
    Mirror,
    NoisyLabels,
    PathColumn,
    Seed,
    Target,
    Test,
    Time,
)
from fivefold.plumbing.clock import seconds
from fivefold.plumbing.errors import FivefoldError, OptionError
from fivefold.plumbing.files import printable
from fivefold.plumbing.folders import is_folder
from fivefold.plumbing.place import place
from fivefold.plumbing.stopper import Stopped, at_once
from fivefold.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

START = time.monotonic()  # the budget counts from here
# Turns that a thread waits for others before it sleeps. The habit of libgomp, 300,000, is no faster
# alone, and beside another program that does the same a net trains at a tenth of its speed.
SPIN = "10000"
ROOM_SECONDS = 20.0  # with less, on a usual machine, no deep net is begun
SHORT = (
    "to start, to fit the traditional pipeline and to judge take some 10 s by themselves, "
    "and a deep net has room from about 20 s on"
)
ALWAYS_TOLD = {"item", "prediction", "probabilities", "sure"}  # of an answer in JSON

app = typer.Typer(
    name="fivefold",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"fivefold {__version__}")
        raise typer.Exit


@app.callback()
def fivefold(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Raw data and a time in; a calibrated ensemble of deep nets and an honest report out."""


@app.command()
def win(
    data: Data = None,
    budget: Annotated[str, typer.Option(help="Wall-clock for everything: 90s, 10m, 1h.")] = "10m",
    out: Annotated[
        str | None, typer.Option(help="Run folder, also a URL; runs/NAME without it.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a stopped run.")] = False,
    seed: Seed = 0,
    nets: Annotated[int | None, typer.Option(help="Number of deep nets; else planned.")] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Train each net for so many steps, whatever the budget: repeatable nets."
        ),
    ] = None,
    net: Annotated[str | None, typer.Option(help="Encoder; see fivefold nets.")] = None,
    input_kind: Input = None,
    target: Target = None,
    metric: Annotated[str | None, typer.Option(help="Metric that decides.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    launch: Annotated[
        str, typer.Option(help="Where nets train: here, ray, ray:ADDRESS, ray://HOST:PORT.")
    ] = "here",
    member_cpus: Annotated[
        float | None, typer.Option(help="Cores that each net asks a cluster for.")
    ] = None,
    member_gpus: Annotated[
        float | None,
        typer.Option(help="GPUs that each net asks a cluster for; 0.5 is half of one."),
    ] = None,
    test: Test = None,
    label: Label = None,
    path: PathColumn = None,
    group: Group = None,
    time_column: Time = None,
    mirror: Mirror = None,
    noisy_labels: NoisyLabels = False,
) -> None:
    """Do the five steps inside the budget: pick, gather, expand, train several nets, ensemble."""
    if place().rank:
        _help()
        return
    go_on = "; the same command with --resume goes on from here"
    with _errors(go_on), Screen(START) as screen:
        screen.note(f"fivefold {__version__}: budget {budget}")
        _refuse_early(None if resume else data, budget=budget, net=net)
        if seconds(budget) < ROOM_SECONDS and steps is None and not resume:
            screen.note(f"a budget of {printable(budget)} is short: {SHORT}")
        from fivefold import pipeline

        run = pipeline.win(
            data,
            budget=budget,
            out=out,
            resume=resume,
            progress=screen,
            start=START,
            seed=seed,
            nets=nets,
            steps=steps,
            net=net,
            input=input_kind,
            target=target,
            metric=metric,
            device=device,
            launch=launch,
            member_cpus=member_cpus,
            member_gpus=member_gpus,
            test=test,
            label=label,
            path=path,
            group=group,
            time=time_column,
            mirror=mirror,
            noisy_labels=noisy_labels,
        )
    print(run.report)
    print(f"predict: fivefold predict {printable(run.place)} FILES...")


@app.command()
def look(
    data: Data = None,
    out: Annotated[Path, typer.Option(help="Where the contact sheet goes.")] = Path("look"),
    input_kind: Input = None,
    target: Target = None,
    test: Test = None,
    label: Label = None,
    path: PathColumn = None,
    group: Group = None,
    time_column: Time = None,
) -> None:
    """Steps 1 and 2 only: counts, sizes, balance, quarantine, duplicates, a contact sheet."""
    with _errors(), Screen(START) as screen:
        _refuse_early(data)
        from fivefold import preparation

        facts = preparation.look(
            data,
            out=out,
            progress=screen,
            input=input_kind,
            target=target,
            test=test,
            label=label,
            path=path,
            group=group,
            time=time_column,
        )
        screen.note(f"contact sheet: {printable(str(out / 'contact_sheet.png'))}")
    print(json.dumps(facts, indent=1))


@app.command()
def expand(
    data: Data = None,
    out: Annotated[Path, typer.Option(help="Where the sheet goes.")] = Path("expand.png"),
    seed: Seed = 0,
    input_kind: Input = None,
    target: Target = None,
    test: Test = None,
    label: Label = None,
    path: PathColumn = None,
    group: Group = None,
    time_column: Time = None,
    mirror: Mirror = None,
) -> None:
    """Write the preview sheet: each expansion before and after, and why it is used or not."""
    with _errors(), Screen(START) as screen:
        _refuse_early(data)
        from fivefold import preparation

        record = preparation.preview(
            data,
            out=out,
            progress=screen,
            seed=seed,
            input=input_kind,
            target=target,
            test=test,
            label=label,
            path=path,
            group=group,
            time=time_column,
            mirror=mirror,
        )
    for name, why in record.why.items():
        print(f"{name} {record.settings.get(name, 0):g}: {why}")
    print(f"preview: {printable(str(out))}")


@app.command()
def predict(
    run: Annotated[str, typer.Argument(help="Run folder or bundle, also their URL.")],
    files: Annotated[list[Path], typer.Argument(help="Raw items.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per item.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Answer for raw items with the ensemble of a run; exit code 1 when some cannot be used."""
    with _errors():
        from fivefold.bundle import load

        answers = load(run, device=device).answers(files)
    for answer in answers:
        if as_json:
            facts = {k: v for k, v in asdict(answer).items() if v or k in ALWAYS_TOLD}
            print(json.dumps(facts))
        elif answer.prediction is None:
            print(f"{answer.item}: cannot be used: {answer.problem}", file=sys.stderr)
        else:
            share = answer.probabilities.get(answer.prediction)
            stated = "" if share is None else f" {share:.1%}"
            unsure = "" if answer.sure else "  (not sure)"
            print(f"{answer.item}: {printable(answer.prediction)}{stated}{unsure}")
    if any(answer.prediction is None for answer in answers):
        raise typer.Exit(1)


@app.command()
def nets(
    size: Annotated[int, typer.Option(help="Side of the picture the counts are for.")] = 32,
) -> None:
    """List the catalog: every encoder, what it is, its parameters and arithmetic."""
    with _errors():
        from fivefold.nets.build import describe_encoders

        if not 8 <= size <= 256:
            raise OptionError(found=f"--size {size}", wanted="8 to 256", hint="try --size 32")
        rows = describe_encoders((3, size, size))
    print(f"{'net':<19}{'parameters':>12}{'MFLOP':>10}  what it is ({size} x {size} pictures)")
    for row in rows:
        print(
            f"{row['word']:<19}{row['parameters']:>12,}{row['flops'] / 1e6:>10,.0f}  "
            f"{row['about']} [{row['source']}]"
        )


@app.command("get")
def get_data(
    name: Annotated[str | None, typer.Argument(help="Data set; a list without it.")] = None,
    to: Annotated[Path | None, typer.Option(help="Where it goes; the user's data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All facts, as JSON lines.")] = False,
) -> None:
    """List well-known public data sets, or fetch one: checked, resumable, never in part."""
    with _errors("; the same command goes on from here"):
        from fivefold.public_data import listing, records

        if name is None:
            each = records.registry().values()
            lines = (json.dumps(listing.facts(r)) for r in each) if as_json else listing.table()
            print("\n".join(lines))
            return
        from fivefold.public_data.fetch import get

        record = records.find(name)
        with Screen(START) as screen:
            for line in listing.about(record):
                screen.note(printable(line))
            path = get(name, to, progress=screen)
    if as_json:
        print(json.dumps({**listing.facts(record), "path": str(path)}))
    else:
        print(f"folder: {printable(str(path.parent))}")
        print(listing.what_next(record, path.parent))


def _refuse_early(data: Path | None, *, budget: str | None = None, net: str | None = None) -> None:
    """What is mistyped is said at once, not when all is imported."""
    if data is not None:
        is_folder(data)
    if budget is not None:
        seconds(budget)
    if net is not None:
        catalog.entry("encoder", net)


def _help() -> None:
    """The part of a process that torchrun began beside the first one, which does the talking."""
    from fivefold.launch.group import ToldError
    from fivefold.step4_train import help_train

    with _errors():
        try:
            help_train()
        except ToldError:
            raise typer.Exit(2) from None


@contextmanager
def _errors(hint: str = "") -> Iterator[None]:
    """What the user can mend is three lines and exit code 2; a signal is one line, 128 + number."""
    try:
        with at_once():
            yield
    except FivefoldError as error:
        for name in ("found", "wanted", "hint"):
            print(f"{name}: {printable(getattr(error, name))}", file=sys.stderr)
        raise typer.Exit(2) from None
    except Stopped as signal:
        print(f"{signal}: stopped{hint}", file=sys.stderr, flush=True)
        # All is put away; at an orderly end Python would wait for threads that compute.
        os._exit(128 + signal.number)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # any name can be shown anywhere
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
    app(arguments)
