"""Steps 1 to 3: what can be seen of the data before anything is trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fivefold.circumstances import describe, draw_contact_sheet, draw_preview
from fivefold.contracts.options import Data, Options, check_seed
from fivefold.plumbing.files import write_json
from fivefold.plumbing.places import cache_root
from fivefold.plumbing.run_folder import refuse_inside, writing
from fivefold.plumbing.silence import Silence
from fivefold.step1_pick import pick
from fivefold.step2_gather.believed import believed
from fivefold.step2_gather.gather import gather
from fivefold.step2_gather.look import summary
from fivefold.step3_expand import expand

if TYPE_CHECKING:
    from fivefold.contracts.protocols import Progress
    from fivefold.contracts.records import Dataset, ExpansionRecord
    from fivefold.contracts.roles import Expander
    from fivefold.contracts.vault import Vault
    from fivefold.step1_pick import Picked


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
    check_seed(asked)
    if isinstance(data, str | Path):
        refuse_inside(Path(data), Path(out))
    picked = picked_from(data, asked, progress, winning=False)
    dataset, vault = gathered_from(picked, asked, progress)
    facts = summary(dataset, vault_size=vault.size)
    with writing(Path(out)):
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
    check_seed(asked)
    if isinstance(data, str | Path):
        refuse_inside(Path(data), Path(out))
    picked = picked_from(data, asked, progress, winning=False)
    dataset, _ = gathered_from(picked, asked, progress)
    expander = expander_for(dataset, asked, progress)
    with writing(Path(out)):
        draw_preview(Path(out), dataset, expander, seed=asked.seed)
    return expander.record


def picked_from(data: Data, asked: Options, progress: Progress, *, winning: bool = True) -> Picked:
    """Step 1, with every guess told; without `winning`, to somebody who cannot choose a metric."""
    progress.step("pick")
    with writing(cache_root(), hint="set FIVEFOLD_CACHE to a folder that can be written"):
        picked = pick(
            data,
            test=asked.test,
            scratch=cache_root(),
            input_kind=asked.input,
            target_kind=asked.target,
            metric=asked.metric,
            label=asked.label,
            path_column=asked.path,
            group=asked.group,
            time=asked.time,
            tick=lambda share: progress.bar("listing", share),
        )
    for guess in picked.problem.guesses:
        command = "" if winning or not guess.option.startswith("--metric") else "fivefold win "
        progress.say(f"{guess.question}: {guess.answer} - {guess.why} ({command}{guess.option})")
    return picked


def gathered_from(
    picked: Picked, asked: Options, progress: Progress, cache: Path | None = None
) -> tuple[Dataset, Vault]:
    """Step 2, with what was found told; the decoded cache lies in `cache`, or where all do."""
    progress.step("gather")
    gathered = gather(
        picked.problem,
        picked.listing,
        picked.source,
        cache_root=cache or cache_root(),
        seed=asked.seed,
        test_listing=picked.test_listing,
        test_source=picked.test_source,
        tick=lambda share: progress.bar("decoding", share),
    )
    dataset = believed(gathered.dataset) if asked.noisy_labels else gathered.dataset
    for line in describe(dataset, gathered.vault.size):
        progress.say(line)
    return dataset, gathered.vault


def expander_for(dataset: Dataset, asked: Options, progress: Progress) -> Expander:
    """Step 3, with the settings told."""
    progress.step("expand")
    overrides = {} if asked.mirror is None else {"mirror": float(asked.mirror)}
    expander = expand(dataset, seed=asked.seed, overrides=overrides)
    used = (f"{name} {value:g}" for name, value in expander.record.settings.items() if value)
    progress.say("expansion: " + (", ".join(used) or "none"))
    return expander
