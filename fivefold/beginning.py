"""How a run begins or goes on: options that can work, in a folder that nobody else works in."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold import catalog
from fivefold.circumstances import repeat_command
from fivefold.contracts.options import Options, check_seed
from fivefold.engine.precision import choose_device
from fivefold.launch.where import where
from fivefold.plumbing.errors import OptionError
from fivefold.plumbing.files import printable
from fivefold.plumbing.frames import in_memory, is_frame
from fivefold.plumbing.mirror import is_url, mirrored
from fivefold.plumbing.run_folder import RunFolder, begun, default_path, is_free, refuse_inside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fivefold.contracts.options import Data

MOST_NETS = 100


def check(data: Data, asked: Options) -> None:
    """Refuse what cannot work before anything is read.

    Raises:
        OptionError: The data are of no known type, or an option has a value that it cannot have.
    """
    if not (data is None or isinstance(data, str | Path) or in_memory(data)):
        raise OptionError(
            found=f"data of type {type(data).__name__}",
            wanted="a path, a pair (X, y), a DataFrame, or None for the embedded digits",
            hint="pass (X, y) as a tuple",
        )
    choose_device(asked.device)
    where(asked.launch, asked.member_cpus, asked.member_gpus, asked.device)
    check_seed(asked)
    if asked.nets is not None and not 1 <= asked.nets <= MOST_NETS:
        raise OptionError(
            found=f"--nets {asked.nets}", wanted=f"1 to {MOST_NETS}", hint="try --nets 5"
        )
    if asked.steps is not None and asked.steps < 1:
        raise OptionError(
            found=f"--steps {asked.steps}", wanted="one or more", hint="try --steps 200"
        )
    if asked.net is not None:
        catalog.entry("encoder", asked.net)


@contextmanager
def run_folder(
    data: Data,
    asked: Options,
    out: str | Path | None,
    *,
    resume: bool,
    say: Callable[[str], None],
) -> Iterator[RunFolder]:
    """The run's folder, new or gone on with, for this process alone.

    Args:
        data: What the run is about.
        asked: What was asked of it.
        out: Where it lies, also a URL; `runs/NAME` when left out.
        resume: Go on with a run that stands there.
        say: Told when a URL cannot be reached for a while, and when there is nothing to go on with.

    Raises:
        OptionError: It lies in the data or is taken, or the run was begun with other options.
        RunError: It cannot be written, is no run, or another process works on it.
    """
    with ExitStack() as stack:
        url = str(out) if out is not None and is_url(out) else None
        if url is not None:
            path = stack.enter_context(mirrored(url, resume=resume, say=say))
        else:
            path = Path(out) if out is not None else _default_path(data, asked, resume=resume)
        if isinstance(data, str | Path):
            refuse_inside(Path(data), path)
        if resume and not is_free(path):
            folder = RunFolder.resume(path)
        else:
            if resume:
                where_to = printable(url or str(path))
                say(f"there is no run to go on with at {where_to}: a new one begins")
            folder = RunFolder.begin(path, facts(data, asked))
        folder.url = url
        stack.callback(folder.release)
        then, now = folder.facts["asked"], facts(data, asked)
        _check_same(then, {"data": now["data"]} if folder.done else now)
        yield folder


def standing(data: Data, asked: Options, folder: RunFolder) -> str:
    """What of this command a run that is done does not follow, in words; empty if nothing."""
    then, now = folder.facts["asked"], facts(data, asked)
    usual = asdict(Options())
    other = [name for name in usual if now[name] not in (usual[name], then.get(name, usual[name]))]
    other = [name for name in other if name != "device"]
    if not other:
        return ""
    stands = f"it stands as it was begun ({then['command']})"
    nothing = f"what this command says of {', '.join(other)} changes nothing"
    return f"{stands}; {nothing}; for another run leave out --resume and --out"


def facts(data: Data, asked: Options) -> dict[str, Any]:
    """What `run.json` holds of what was asked."""
    source = None if data is None or in_memory(data) else str(Path(data).resolve())
    return {"data": source, "command": repeat_command(data, asked), **asdict(asked)}


def _default_path(data: Data, asked: Options, *, resume: bool) -> Path:
    """A new place, or to resume that of the newest run of this data that was asked the same."""
    name, now = _name(data), facts(data, asked)
    runs = [run for run in begun(name) if run[1].get("data") == now["data"]] if resume else []
    runs.sort(key=lambda run: bool(_changed(run[1], now)))  # stable, so the newest stay first
    return runs[0][0] if runs else default_path(name)


def _changed(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Options that may not change in a run, and did."""
    free = {"budget", "command", "device", "launch", "member_cpus", "member_gpus"}
    return [name for name in now if name not in free and now[name] != then.get(name)]


def _check_same(then: dict[str, Any], now: dict[str, Any]) -> None:
    """A resumed run must be the run that was begun: other rows would be sealed otherwise."""
    changed = _changed(then, now)
    if changed:
        name = changed[0]
        raise OptionError(
            found=f"{name} {now[name]!r} on resuming a run that was begun with {then.get(name)!r}",
            wanted="the options of the beginning; budget, device and --launch may change",
            hint="give the --out of the run you mean, or leave out --resume to begin a new run",
        )


def _name(data: Data) -> str:
    if data is None:
        return "digits"
    if is_frame(data):
        return "table"
    return "arrays" if isinstance(data, tuple) else Path(data).resolve().name.split(".")[0]
