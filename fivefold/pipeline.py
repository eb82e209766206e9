"""READ ME FIRST: the five steps in order. Each takes a record and gives the next one.

    pick -> gather -> expand -> train -> ensemble -> win

The pipeline keeps the clock, saves what each step returns and continues a run that was killed.
Steps 1 to 3 are repeatable from the data and the seed, so a resumed run does them again (the
decoded cache makes that quick); what step 4 trained is read back from the run folder.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold import bundle as bundles
from fivefold import catalog
from fivefold.circumstances import (
    CONTACT_SHEET,
    PREVIEW,
    circumstances,
    describe,
    draw_contact_sheet,
    draw_preview,
    repeat_command,
)
from fivefold.contracts import saving
from fivefold.contracts.options import Options
from fivefold.contracts.records import Fleet, Member, Plan
from fivefold.engine.precision import choose_device
from fivefold.plumbing.clock import Clock, seconds
from fivefold.plumbing.errors import OptionError, RunError
from fivefold.plumbing.files import write_json
from fivefold.plumbing.places import cache_root
from fivefold.plumbing.run_folder import RunFolder, default_path
from fivefold.plumbing.silence import Silence
from fivefold.plumbing.stopper import Stopper
from fivefold.step1_pick import pick
from fivefold.step2_gather.gather import gather
from fivefold.step2_gather.look import summary
from fivefold.step3_expand import expand
from fivefold.step4_train import Share, Site, Wish, plan_nets, train_nets
from fivefold.step5_ensemble import ensemble
from fivefold.traditional.answers import seconds_per_row
from fivefold.traditional.fit import fit_traditional
from fivefold.win_ import win as judge_and_report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from fivefold.bundle import Bundle, Item
    from fivefold.contracts.records import Dataset, Ensemble, ExpansionRecord
    from fivefold.contracts.roles import Expander, Progress
    from fivefold.contracts.rows import FloatArray
    from fivefold.contracts.vault import Vault
    from fivefold.step1_pick import Picked
    from fivefold.win_ import Report

Data = str | Path | tuple[Any, Any] | None
MOST_NETS = 100
TRADITIONAL_SHARE = 0.08  # of the budget, for the opponent
REPORT_SECONDS = 5.0  # a report takes about that long, whatever the data


@dataclass(frozen=True, kw_only=True, slots=True)
class Opponents:
    """The traditional members of a run, kept so that a resumed run does not fit them again."""

    members: tuple[Member, ...]
    notes: tuple[str, ...]


class Run:
    """A finished run: its report, and its bundle to predict with.

    Attributes:
        folder: The run on disk.
        report: What came out on the vault.
    """

    def __init__(self, folder: Path, report: Report) -> None:
        self.folder = folder
        self.report = report
        self.bundle: Bundle = bundles.load(folder)

    def predict(self, items: Sequence[Item] | np.ndarray) -> list[str]:
        """The class of each item: paths, raw bytes or decoded arrays."""
        return self.bundle.predict(items)

    def predict_proba(self, items: Sequence[Item] | np.ndarray) -> FloatArray:
        """Calibrated probabilities (N, K), columns as in `bundle.classes`."""
        return self.bundle.predict_proba(items)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})\n{self.report}"


def win(
    data: Data = None,
    *,
    budget: str | float = "10m",
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    start: float | None = None,
    **options: Any,  # noqa: ANN401 - the fields of Options, checked there
) -> Run:
    """Do the five steps inside `budget` and judge the ensemble on the sealed test rows.

    Args:
        data: A folder, archive or table of raw items, a pair (X, y), or None for the embedded
            digits.
        budget: Wall-clock for everything, as seconds or text such as `10m`.
        out: Run folder; `runs/NAME` when left out.
        resume: Continue the run in `out` (or the newest of this data) after a stop or a kill.
        progress: Where progress is drawn; silent when left out.
        start: `time.monotonic()` at which the budget began; now when left out.
        **options: The fields of `Options`.

    Returns:
        The run with `.report`, `.predict` and `.predict_proba`.

    Raises:
        FivefoldError: The data, an option or the run folder cannot be used.
    """
    start = time.monotonic() if start is None else start
    asked = Options(budget=seconds(budget), **options)
    _check(asked)
    path = Path(out) if out is not None else default_path(_name(data), resume=resume)
    if resume and (path / "run.json").exists():
        folder = RunFolder.resume(path)
    else:
        folder = RunFolder.begin(path, _asked(data, asked))
    clock = Clock(asked.budget, used=folder.used, start=start)
    progress = progress or Silence()
    return _Pipeline(data, asked, folder, clock, progress).run()


def look(
    data: Data = None,
    *,
    out: str | Path = "look",
    progress: Progress | None = None,
    **options: Any,  # noqa: ANN401 - the fields of Options, checked there
) -> dict[str, Any]:
    """Steps 1 and 2 only: what the data are, and what is wrong with them.

    Args:
        data: As for `win`.
        out: Folder for the contact sheet and `look.json`.
        progress: Where progress is drawn.
        **options: The fields of `Options`.

    Returns:
        Kinds, counts, sizes, class balance, quarantine, duplicates: the content of `look.json`.
    """
    asked, progress = Options(**options), progress or Silence()
    dataset, vault = _gather(_pick(data, asked, progress), asked, progress)
    facts = summary(dataset, vault_size=vault.size)
    write_json(Path(out) / "look.json", facts)
    draw_contact_sheet(Path(out) / "contact_sheet.png", dataset)
    return facts


def preview(
    data: Data = None,
    *,
    out: str | Path = "expand.png",
    progress: Progress | None = None,
    **options: Any,  # noqa: ANN401 - the fields of Options, checked there
) -> ExpansionRecord:
    """Steps 1 to 3: write the sheet that shows every expansion before and after.

    Args:
        data: As for `win`.
        out: The picture.
        progress: Where progress is drawn.
        **options: The fields of `Options`.

    Returns:
        The settings that would be used, and why.
    """
    asked, progress = Options(**options), progress or Silence()
    dataset, _ = _gather(_pick(data, asked, progress), asked, progress)
    expander = _expand(dataset, asked, progress)
    draw_preview(Path(out), dataset, expander, seed=asked.seed)
    return expander.record


def _pick(data: Data, asked: Options, progress: Progress) -> Picked:
    progress.step("pick")
    picked = pick(
        data,
        test=asked.test,
        scratch=cache_root(),
        input_kind=asked.input,
        target_kind=asked.target,
        metric=asked.metric,
        label=asked.label,
        path_column=asked.path,
        tick=lambda share: progress.bar("listing", share),
    )
    for guess in picked.problem.guesses:
        progress.say(f"{guess.question}: {guess.answer} - {guess.why} ({guess.option})")
    return picked


def _gather(picked: Picked, asked: Options, progress: Progress) -> tuple[Dataset, Vault]:
    progress.step("gather")
    gathered = gather(
        picked.problem,
        picked.listing,
        picked.source,
        cache_root=cache_root(),
        seed=asked.seed,
        test_listing=picked.test_listing,
        test_source=picked.test_source,
        tick=lambda share: progress.bar("decoding", share),
    )
    for line in describe(gathered.dataset, gathered.vault.size):
        progress.say(line)
    return gathered.dataset, gathered.vault


def _expand(dataset: Dataset, asked: Options, progress: Progress) -> Expander:
    progress.step("expand")
    overrides = {} if asked.mirror is None else {"mirror": float(asked.mirror)}
    expander = expand(dataset, seed=asked.seed, overrides=overrides)
    used = (f"{name} {value:g}" for name, value in expander.record.settings.items() if value)
    progress.say("expansion: " + (", ".join(used) or "none"))
    return expander


class _Pipeline:
    """The steps with what they all need at hand: options, folder, clock, progress."""

    def __init__(
        self, data: Data, asked: Options, folder: RunFolder, clock: Clock, progress: Progress
    ) -> None:
        self.data, self.asked, self.folder = data, asked, folder
        self.clock, self.progress = clock, progress
        self.stop = Stopper()
        self.train_folder = folder.path / "train"

    def run(self) -> Run:
        """All steps in order."""
        dataset, vault, expander = self._prepare()
        with self.stop.listening(self.progress.say):
            opponents, notes = self._traditional(dataset, vault.size)
            self._bundle(dataset, Fleet(members=opponents, plan=Plan(), degraded=notes))
            fleet = self._train(dataset, expander, opponents, vault.size)
            fleet = replace(fleet, degraded=(*notes, *fleet.degraded))
            chosen, bundle = self._bundle(dataset, fleet)
            report = self._win(dataset, vault, fleet, chosen, bundle, expander)
        self.folder.beat(
            self.clock, status="interrupted" if self.stop.asked else "done", force=True
        )
        return Run(self.folder.path, report)

    def _prepare(self) -> tuple[Dataset, Vault, Expander]:
        """Steps 1 to 3."""
        path, asked, progress = self.folder.path, self.asked, self.progress
        with self.folder.phase("pick", self.clock):
            picked = _pick(self.data, asked, progress)
        with self.folder.phase("gather", self.clock):
            dataset, vault = _gather(picked, asked, progress)
        known = self.folder.facts.setdefault("fingerprint", dataset.fingerprint)
        if known != dataset.fingerprint:
            raise RunError(
                found="data that changed since the run was begun",
                wanted="the same data, so that what was trained still holds",
                hint="leave out --resume to begin a new run",
            )
        with self.folder.phase("expand", self.clock):
            expander = _expand(dataset, asked, progress)
            draw_contact_sheet(path / CONTACT_SHEET, dataset)
            draw_preview(path / PREVIEW, dataset, expander, seed=asked.seed)
        saving.save(picked.problem, path / "pick", "problem")
        saving.save(dataset, path / "gather", "dataset")
        saving.save(expander.record, path / "expand", "expansion")
        return dataset, vault, expander

    def _traditional(
        self, dataset: Dataset, vault_rows: int
    ) -> tuple[tuple[Member, ...], tuple[str, ...]]:
        self.progress.step("train")
        if saving.exists(self.train_folder, "traditional"):
            known = saving.load(Opponents, self.train_folder, "traditional")
            return known.members, known.notes
        share = min(TRADITIONAL_SHARE * self.asked.budget, 0.5 * max(1.0, self.clock.left()))
        with self.folder.phase("traditional", self.clock):
            result = fit_traditional(
                dataset,
                seconds=share,
                seed=self.asked.seed,
                folder=self.train_folder,
                later_rows=vault_rows,
                tick=self._bar("traditional"),
            )
        for member in result.members:
            self.progress.say(f"traditional {member.name}: {member.score:.4f} on validation")
        known = Opponents(members=result.members, notes=result.notes)
        saving.save(known, self.train_folder, "traditional")
        return known.members, known.notes

    def _train(
        self, dataset: Dataset, expander: Expander, opponents: tuple[Member, ...], vault_rows: int
    ) -> Fleet:
        asked = self.asked
        site = Site(
            dataset=dataset,
            expander=expander,
            device=choose_device(asked.device),
            folder=self.train_folder,
            seed=asked.seed,
            bar=self._tick,
            stop=self.stop,
        )
        wish = Wish(nets=asked.nets, encoder=asked.net, seed=asked.seed, vault_rows=vault_rows)
        reserve = REPORT_SECONDS + self._describing_seconds(opponents, vault_rows)
        share = Share(clock=self.clock, reserve=reserve)
        with self.folder.phase("plan", self.clock):
            plan = plan_nets(site, share, wish)
        for line in plan.lines:
            self.progress.say(
                f"plan: {line.nets} x {line.member}, {line.seconds:.0f} s: {line.why}"
            )
        with self.folder.phase("train", self.clock):
            return train_nets(site, plan, wish, share, opponents)

    def _bundle(self, dataset: Dataset, fleet: Fleet) -> tuple[Ensemble, Bundle]:
        """Step 5 and the bundle that goes with it; called first with the opponent alone.

        So a usable bundle stands early, whatever happens later.
        """
        self.progress.step("ensemble")
        with self.folder.phase("ensemble", self.clock):
            chosen = ensemble(dataset, fleet, seed=self.asked.seed)
            saving.save(chosen, self.folder.path / "ensemble", "ensemble")
            place = self.folder.path / "bundle"
            return chosen, bundles.save(place, dataset, fleet, chosen, self.train_folder)

    def _win(
        self,
        dataset: Dataset,
        vault: Vault,
        fleet: Fleet,
        chosen: Ensemble,
        bundle: Bundle,
        expander: Expander,
    ) -> Report:
        self.progress.step("win")
        told = circumstances(
            self.folder,
            self.clock,
            dataset=dataset,
            ensemble=chosen,
            bundle=bundle,
            expansion=expander.record,
            command=repeat_command(self.data, self.asked),
            seed=self.asked.seed,
        )
        if self.stop.asked:
            stopped = f"interrupted after {self.clock.used():.0f} s"
            told = replace(told, degraded=(*told.degraded, stopped))
        return judge_and_report(
            dataset,
            fleet,
            chosen,
            vault,
            bundle,
            told,
            folder=self.folder.path,
            tick=self._bar("judging"),
        )

    def _describing_seconds(self, opponents: tuple[Member, ...], vault_rows: int) -> float:
        """What the opponents will need to describe the vault's rows, as measured in fitting."""
        return vault_rows * sum(seconds_per_row(self.train_folder, m) for m in opponents)

    def _bar(self, name: str) -> Callable[[float], None]:
        return lambda share: self._tick(name, share, "")

    def _tick(self, name: str, share: float, note: str) -> None:
        self.progress.bar(name, share, note)
        self.folder.beat(self.clock)


def _check(asked: Options) -> None:
    """Refuse what cannot work before anything is read."""
    choose_device(asked.device)
    if asked.nets is not None and not 1 <= asked.nets <= MOST_NETS:
        raise OptionError(
            found=f"--nets {asked.nets}", wanted=f"1 to {MOST_NETS}", hint="try --nets 5"
        )
    if asked.net is not None:
        catalog.entry("encoder", asked.net)


def _name(data: Data) -> str:
    if data is None:
        return "digits"
    return "arrays" if isinstance(data, tuple) else Path(data).resolve().name.split(".")[0]


def _asked(data: Data, asked: Options) -> dict[str, Any]:
    source = None if data is None or isinstance(data, tuple) else str(Path(data).resolve())
    return {"data": source, "command": repeat_command(data, asked), **asdict(asked)}
