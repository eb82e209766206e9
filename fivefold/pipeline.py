"""READ ME FIRST: the five steps in order. Each takes a record and gives the next one.

    pick -> gather -> expand -> train -> ensemble -> win

The pipeline keeps the clock, saves what each step returns and continues a run that was killed.
Steps 1 to 3 are repeatable from the data and the seed, so a resumed run does them again (the
decoded cache makes that quick); what step 4 trained is read back from the run folder.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fivefold import bundle as bundles
from fivefold import catalog
from fivefold.beginning import check, run_folder, standing
from fivefold.circumstances import (
    CONTACT_SHEET,
    PREVIEW,
    circumstances,
    draw_contact_sheet,
    draw_preview,
    repeat_command,
)
from fivefold.contracts import saving
from fivefold.contracts.options import Data, Options, asked_for, normal
from fivefold.contracts.records import Fleet, Member, Plan
from fivefold.engine.precision import choose_device
from fivefold.launch.where import where
from fivefold.plumbing.clock import Clock, StoppableClock, seconds
from fivefold.plumbing.errors import FivefoldError, RunError
from fivefold.plumbing.frames import in_memory
from fivefold.plumbing.run_folder import writing
from fivefold.plumbing.silence import Silence
from fivefold.plumbing.stopper import Stopper
from fivefold.preparation import expander_for, gathered_from, picked_from
from fivefold.run import Run, by_a_group
from fivefold.step4_train import (
    LEAST_SECONDS,
    Audience,
    Launcher,
    Share,
    Site,
    Wish,
    check_net,
    expected_nets,
    hire,
    plan_nets,
    train_nets,
)
from fivefold.step5_ensemble import ensemble
from fivefold.traditional.answers import seconds_per_row
from fivefold.traditional.fit import fit_within
from fivefold.win_ import NO_NET, OVERRUN, Report
from fivefold.win_ import win as judge_and_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fivefold.bundle import Bundle
    from fivefold.contracts.ensembles import Ensemble
    from fivefold.contracts.protocols import Progress
    from fivefold.contracts.records import Dataset
    from fivefold.contracts.roles import Expander
    from fivefold.contracts.vault import Vault
    from fivefold.plumbing.run_folder import RunFolder
    from fivefold.step1_pick import Picked

TRADITIONAL_SHARE = 0.08  # of the budget, for the opponent, unless the catalog says otherwise
CREW_SECONDS = 30.0  # less time does not pay for workers that import torch
LATE_SECONDS = 1.0  # beyond the budget are told,
TOLD_PHASES = 3  # with the phases that took longest
REPORT_SECONDS = 5.0  # a report takes about that long, whatever the data
UNLOCKED = "the run folder lies where nothing can be locked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Opponents:
    """The traditional members of a run, kept so that a resumed run does not fit them again."""

    members: tuple[Member, ...]
    notes: tuple[str, ...]


@by_a_group
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
        data: A folder, archive or table of raw items, a pair (X, y) of arrays or of a table and
            its labels, a pandas DataFrame or Arrow table with its label column, or None for the
            embedded digits.
        budget: Wall-clock for everything, as seconds or text such as `10m`.
        out: Run folder, also a URL such as `s3://bucket/run`; `runs/NAME` when left out.
        resume: Continue the run in `out` (or the newest of this data) after a stop or a kill; of
            one that is done the report is given again, and its vault stays shut.
        progress: Where progress is drawn; silent when left out.
        start: `time.monotonic()` at which the budget began; now when left out.
        **options: The fields of `Options`.

    Returns:
        The run with `.report`, `.predict` and `.predict_proba`.

    Raises:
        FivefoldError: The data, an option or the run folder cannot be used.
    """
    start = time.monotonic() if start is None else start
    asked = normal(asked_for(budget=seconds(budget), **options))
    check(data, asked)
    progress = progress or Silence()
    with run_folder(data, asked, out, resume=resume, say=progress.say) as folder:
        if folder.done:
            progress.say("this run is done; what follows is its report, nothing is judged again")
            if told := standing(data, asked, folder):
                progress.say(told)
            report = Report.load(folder.path)
            return Run(folder.path, report, device=asked.device, url=folder.url)
        if folder.trouble:
            progress.say(f"{UNLOCKED} ({folder.trouble}): see that nobody else works on it")
        clock = Clock(asked.budget, used=folder.used, start=start)
        folder.spent("start", clock.used() - folder.used)
        return _Pipeline(data, asked, folder, clock, progress).run()


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
        try:
            with writing(self.folder.path):
                path, url, report = self.folder.path, self.folder.url, self._steps()
                return Run(path, report, device=self.asked.device, url=url)
        except KeyboardInterrupt:
            self.folder.beat(self.clock, status="interrupted", force=True)
            raise

    def _steps(self) -> Report:
        picked, dataset, vault = self._look()
        expander = self._expand(picked, dataset)
        site = Site(
            dataset=dataset,
            expander=expander,
            device=choose_device(self.asked.device),
            folder=self.train_folder,
        )
        with self.stop.listening(self.progress.say):
            wish = self._wish(vault.size)
            with self._hired(site, wish) as launchers:
                opponents = self._traditional(dataset, vault.size)
                notes = Plan(notes=opponents.notes)
                first = Fleet(members=opponents.members, plan=notes, degraded=())
                made = None
                if first.members and not saving.exists(self.folder.path / "bundle", "bundle"):
                    made = self._bundle(dataset, first)
                fleet = self._train(site, launchers, first, wish)
            if made is None or len(fleet.members) > len(first.members):
                made = self._bundle(dataset, fleet)
            chosen, bundle = made
            report = self._win(dataset, vault, fleet, chosen, bundle, expander)
        self.folder.beat(
            self.clock, status="interrupted" if self.stop.asked else "done", force=True
        )
        return report

    def _look(self) -> tuple[Picked, Dataset, Vault]:
        """Steps 1 and 2; data that cannot be used leave no run folder behind."""
        asked, progress = self.asked, self.progress
        try:
            with self.folder.phase("pick", self.clock):
                picked = picked_from(self.data, asked, progress)
                if asked.net is not None:
                    check_net(asked.net, picked.problem.kind)
            with self.folder.phase("gather", self.clock):
                # Arrays are decoded already: a cache of them is worth nothing to another run.
                cache = self.folder.path / "cache" if in_memory(self.data) else None
                return picked, *gathered_from(picked, asked, progress, cache)
        except FivefoldError:
            self.folder.discard()
            raise

    def _expand(self, picked: Picked, dataset: Dataset) -> Expander:
        """Step 3, and what steps 1 to 3 found is saved."""
        path, asked, progress = self.folder.path, self.asked, self.progress
        known = self.folder.facts.setdefault("fingerprint", dataset.fingerprint)
        if known != dataset.fingerprint:
            raise RunError(
                found="data that changed since the run was begun",
                wanted="the same data, so that what was trained still holds",
                hint="leave out --resume to begin a new run",
            )
        with self.folder.phase("expand", self.clock):
            expander = expander_for(dataset, asked, progress)
            draw_contact_sheet(path / CONTACT_SHEET, dataset)
            draw_preview(path / PREVIEW, dataset, expander, seed=asked.seed)
        saving.save(picked.problem, path / "pick", "problem")
        saving.save(dataset, path / "gather", "dataset")
        saving.save(expander.record, path / "expand", "expansion")
        return expander

    def _traditional(self, dataset: Dataset, vault_rows: int) -> Opponents:
        self.progress.step("train")
        if saving.exists(self.train_folder, "traditional"):
            return saving.load(Opponents, self.train_folder, "traditional")
        share = self._opponent_seconds(dataset)
        with self.folder.phase("traditional", self.clock):
            result = fit_within(
                dataset,
                StoppableClock(share, self.stop),
                seed=self.asked.seed,
                folder=self.train_folder,
                later_rows=vault_rows,
                tick=self._bar("traditional"),
            )
        for member in result.members:
            self.progress.say(f"traditional {member.name}: {member.score:.4g} on validation")
        opponents = Opponents(members=result.members, notes=result.notes)
        saving.save(opponents, self.train_folder, "traditional")
        return opponents

    def _opponent_seconds(self, dataset: Dataset) -> float:
        facts = catalog.entry("input", dataset.problem.kind).facts
        most: float = facts.get("opponent", TRADITIONAL_SHARE) * self.asked.budget
        return min(most, 0.5 * max(1.0, self.clock.left()))

    def _wish(self, vault_rows: int) -> Wish:
        asked = self.asked
        return Wish(
            nets=asked.nets,
            encoder=asked.net,
            seed=asked.seed,
            vault_rows=vault_rows,
            steps=asked.steps,
        )

    @contextmanager
    def _hired(self, site: Site, wish: Wish) -> Iterator[tuple[Launcher, ...]]:
        """Who can train, from here on: workers get ready while the opponent is fitted.

        Nobody where no time will be left for a net: to get ready takes seconds.
        """
        settled = self.asked.steps is not None or saving.exists(site.folder, "plan")
        fitted = saving.exists(self.train_folder, "traditional")
        left = self.clock.left() - (0.0 if fitted else self._opponent_seconds(site.dataset))
        if not settled and left < REPORT_SECONDS + LEAST_SECONDS:
            yield ()
            return
        short = self.clock.left() < CREW_SECONDS
        expected = expected_nets(site.dataset, self.clock.left(), wish)
        nets = 1 if short and not settled else expected
        asked, say = self.asked, self.progress.say
        at = where(asked.launch, asked.member_cpus, asked.member_gpus, asked.device)
        launchers = hire(site, self.folder.path, nets=nets, where=at, say=say)
        try:
            yield launchers
        finally:
            for launcher in launchers:
                launcher.close()

    def _train(
        self, site: Site, launchers: tuple[Launcher, ...], first: Fleet, wish: Wish
    ) -> Fleet:
        asked = self.asked
        reserve = REPORT_SECONDS + self._describing_seconds(first.members, wish.vault_rows)
        share = Share(clock=self.clock, reserve=reserve)
        late = not launchers or (share.left() < LEAST_SECONDS and asked.steps is None)
        if (late or self.stop.asked) and not saving.exists(self.train_folder, "plan"):
            # Timing a candidate alone would cost more than such a budget.
            used = f"{self.clock.used():.0f} of {asked.budget:g} s were gone when one would begin"
            note = f"{NO_NET}: {used}"
            if self.stop.asked:
                note = f"{NO_NET}: the run was interrupted before one was planned"
            return replace(first, degraded=(*first.degraded, note))
        with self.folder.phase("plan", self.clock):
            plan = plan_nets(site, launchers, share, wish)
        for line in plan.lines:
            time = f", {line.seconds:.0f} s" if line.steps is None else ""
            self.progress.say(f"plan: {line.nets} x {line.member}{time}: {line.why}")
        with self.folder.phase("train", self.clock):
            audience = Audience(bar=self._tick, stop=self._stopping)
            fleet = train_nets(site, launchers, plan, share, audience)
        plan = replace(fleet.plan, notes=(*first.plan.notes, *fleet.plan.notes))
        return replace(fleet, members=(*first.members, *fleet.members), plan=plan)

    def _bundle(self, dataset: Dataset, fleet: Fleet) -> tuple[Ensemble, Bundle]:
        """Step 5 and the bundle that goes with it; called first with the opponent alone.

        So a usable bundle stands early, whatever happens later.
        """
        self.progress.step("ensemble")
        with self.folder.phase("ensemble", self.clock):
            chosen = ensemble(dataset, fleet, seed=self.asked.seed)
            saving.save(chosen, self.folder.path / "ensemble", "ensemble")
            place = self.folder.path / "bundle"
            bundle = bundles.save(place, dataset, fleet, chosen, self.train_folder)
            return chosen, bundle.on(self.asked.device)

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
        opened: list[str] = self.folder.facts.setdefault("vault_opened", [])
        before = tuple(opened)
        looks = tuple(
            f"the vault was opened before, at {when}, when an earlier sitting of this run ended; "
            "no choice of the run's own has seen it"
            for when in before
        )
        opened.append(datetime.now(UTC).isoformat(timespec="seconds"))
        self.folder.beat(self.clock, force=True)
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
        stopped = (f"interrupted after {self.clock.used():.0f} s",) if self.stop.asked else ()
        shared = (f"{UNLOCKED} ({self.folder.trouble})",) if self.folder.trouble else ()
        clock = (*self._ended_early(), *stopped, *self._late())
        degraded = (*told.degraded, *chosen.notes, *looks, *clock, *shared)
        told = replace(told, degraded=degraded, opened_before=before)
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

    def _ended_early(self) -> tuple[str, ...]:
        """A sentence where earlier sittings were ended without a word."""
        ended = self.folder.ended_early
        times = "once" if ended == 1 else f"{ended} times"
        told = f"the run was ended {times} by a kill, a crash or an error, and went on"
        return (told,) if ended else ()

    def _late(self) -> tuple[str, ...]:
        """A sentence where the budget is overrun already, with what took longest."""
        used, budget = self.clock.used(), self.asked.budget
        if self.asked.steps is not None or used <= budget + LATE_SECONDS:
            return ()
        longest = sorted(self.folder.phases(), key=lambda phase: -phase[1])[:TOLD_PHASES]
        told = ", ".join(f"{name} {took:.1f} s" for name, took in longest)
        return (f"{OVERRUN}: {used:.0f} s of {budget:g} ({told})",)

    def _describing_seconds(self, opponents: tuple[Member, ...], vault_rows: int) -> float:
        """What the opponents will need to describe the vault's rows, as measured in fitting."""
        return vault_rows * seconds_per_row(self.train_folder, opponents)

    def _stopping(self) -> bool:
        """Asked after every step of a net; notes the time used on the way."""
        self.folder.beat(self.clock)
        return self.stop()

    def _bar(self, name: str) -> Callable[[float], None]:
        return lambda share: self._tick(name, share, "")

    def _tick(self, name: str, share: float, note: str) -> None:
        self.progress.bar(name, share, note)
        self.folder.beat(self.clock)
