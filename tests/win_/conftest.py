"""A made-up contest: records as steps 1 to 5 give them, and a predictor that is right at will."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from fivefold.contracts.ensembles import Ensemble
from fivefold.contracts.records import (
    CurvePoint,
    Dataset,
    Duplicate,
    ExpansionRecord,
    Fleet,
    Fold,
    Guess,
    Input,
    Member,
    Plan,
    PlanLine,
    Problem,
    Quarantined,
    Recipe,
    Target,
    Timing,
)
from fivefold.contracts.rows import Rows
from fivefold.contracts.vault import Vault, VaultContent
from fivefold.win_ import Circumstances, Price, Report, win

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RECIPE = Recipe(net="convnet", size=(32, 32), low_size=(24, 24))


@dataclass
class FakePredictor:
    """Gives each part's answers: right with the part's own chance, sure to a random degree."""

    parts: dict[str, np.ndarray]
    weights: dict[str, float]
    asked: list[int] = field(default_factory=list)

    def part_probabilities(self, rows: Rows, *, tick: Callable[[float], None] | None = None):
        self.asked.append(len(rows))
        if tick:
            tick(1.0)
        return self.parts

    def pool(self, parts: dict[str, np.ndarray]) -> np.ndarray:
        pooled = sum(
            w * np.mean([p for name, p in parts.items() if name.startswith(f"{m}/")], axis=0)
            for m, w in self.weights.items()
        )
        return (pooled / pooled.sum(1, keepdims=True)).astype(np.float32)


@dataclass
class Contest:
    """Everything `win` takes, open to changes before it is called."""

    dataset: Dataset
    fleet: Fleet
    ensemble: Ensemble
    vault: Vault
    predictor: FakePredictor
    circumstances: Circumstances

    def win(self, folder: Path) -> Report:
        return win(
            self.dataset,
            self.fleet,
            self.ensemble,
            self.vault,
            self.predictor,
            self.circumstances,
            folder=folder,
        )


def answers(targets: np.ndarray, k: int, skill: float, rng: np.random.Generator) -> np.ndarray:
    """Probabilities (n, k) whose top answer is right in a share `skill` of the rows."""
    right = rng.random(len(targets)) < skill
    other = (targets + rng.integers(1, k, len(targets))) % k
    top = np.where(right, targets, other)
    sure = np.where(
        right, rng.uniform(0.6, 0.99, len(targets)), rng.uniform(0.5, 0.9, len(targets))
    )
    given = np.repeat(((1 - sure) / (k - 1))[:, None], k, axis=1)
    given[np.arange(len(targets)), top] = sure
    return given.astype(np.float32)


def png(size: tuple[int, int] = (64, 32)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (90, 120, 200)).save(out, "PNG")
    return out.getvalue()


def _rows(folder: Path, shape: tuple[int, ...], dtype: str, n: int, rng) -> Rows:
    file = folder / "cache.bin"
    (rng.random((n, *shape)) * 255).astype(dtype).tofile(file)
    return Rows(file=file, dtype=dtype, item_shape=shape, total=n, index=np.arange(n))


def _curve(epochs: int, score: float) -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(
            seconds=4.0 * e,
            epoch=float(e),
            loss=2.3 * 0.7**e,
            rate=0.1,
            validation=score * (1 - 0.6**e) if e % 2 == 0 else None,
        )
        for e in range(epochs + 1)
    )


def member(name: str, kind: str, n: int, k: int, score: float) -> Member:
    deep = kind == "deep"
    parts = tuple(
        Fold(
            fold=f,
            file=f"{name}-{f}",
            score=score,
            seconds=20.0,
            epochs=8.0 if deep else 0.0,
            curve=_curve(8, score) if deep else (),
            views=("mirror",) if deep else (),
        )
        for f in range(2)
    )
    return Member(
        name=name,
        kind=kind,
        net="convnet" if deep else "hog, colour + logistic regression",
        recipe=RECIPE if deep else None,
        parts=parts,
        parameters=1_200_000,
        score=score,
        seconds=40.0,
        answers=np.full((n, k), np.nan, np.float32),
    )


def make(  # one call per kind of run
    folder: Path,
    *,
    k: int = 3,
    n: int = 240,
    shape: tuple[int, ...] = (12, 12, 3),
    dtype: str = "uint8",
    deep: float | None = 0.9,
    traditional: float | None = 0.7,
    classes: tuple[str, ...] | None = None,
    metric: str = "accuracy",
    weights: dict[str, float] | None = None,
    groups: int = 0,
) -> Contest:
    """A contest whose deep and traditional members are right as often as said (None: absent)."""
    rng = np.random.default_rng(7)
    rows = _rows(folder, shape, dtype, 2 * n, rng)
    open_targets, vault_targets = rng.integers(0, k, n), rng.integers(0, k, n)
    open_targets[:k], vault_targets[:k] = np.arange(k), np.arange(k)
    skills = {"convnet-1": deep, "convnet-2": deep, "hog+logistic": traditional}
    skills = {name: skill for name, skill in skills.items() if skill is not None}
    parts = {
        f"{name}/{f}": answers(vault_targets, k, skill, rng)
        for name, skill in skills.items()
        for f in range(2)
    }
    kinds = {name: "deep" if "conv" in name else "traditional" for name in skills}
    weights = weights or {name: 1 / len(skills) for name in skills}
    problem = Problem(
        source="photos/",
        inputs=(Input(kind="image", column="file", columns=("file",), listed=("tags",)),),
        target=Target(kind="class"),
        metric=metric,
        layout="class folders",
        guesses=(
            Guess(question="input", answer="image", why="240 of 240 files", option="--input"),
        ),
    )
    dataset = Dataset(
        problem=problem,
        classes=classes or tuple(f"class {i}" for i in range(k)),
        rows=rows.select(np.arange(n)),
        targets=open_targets,
        names=tuple(f"open/{i}.png" for i in range(n)),
        folds=np.arange(n) % 2,
        n_folds=2,
        groups=np.arange(n),
        split="20 % held out, stratified; 2 folds",
        quarantine=(Quarantined(path="bad/a.png", reason="truncated after 120 bytes"),),
        duplicates=(
            Duplicate(
                first="a.png", second="b.png", exact=True, across=True, same_label=True,
                action="second set aside",
            ),
        ),
        notes=("12 sizes were found",),
        fingerprint="sha256:0123abcd",
        total=2 * n + 2,
        seen_sizes=(("32 x 32", 480),),
    )  # fmt: skip
    line = PlanLine(member="convnet-1", recipe=RECIPE, seconds=40.0, nets=2, why="fastest")
    fleet = Fleet(
        members=tuple(member(name, kinds[name], n, k, skills[name]) for name in skills),
        plan=Plan(
            lines=(line,),
            timings=(Timing(recipe=RECIPE, rows_per_second=5200.0, chosen=True),),
            notes=("2 cores",),
        ),
        degraded=("convnet-3 ran out of memory; batch halved",),
    )
    ensemble = Ensemble(
        weights=weights,
        temperature=1.1,
        score=0.91,
        log_loss=0.3,
        best_single="convnet-1/0" if deep is not None else None,
        best_traditional="hog+logistic" if traditional is not None else None,
        temperatures=dict.fromkeys(skills, 1.2),
        sure_above=0.8,
        path=tuple((name, 0.9) for name in skills),
    )
    content = VaultContent(
        rows=rows.select(np.arange(n, 2 * n)),
        targets=vault_targets,
        names=tuple(f"vault/{i}.png" for i in range(n)),
        groups=np.arange(n) % groups if groups else None,
    )
    clock = iter(np.arange(50.0, 60.0, 0.5))
    circumstances = Circumstances(
        show=lambda item: item if item.dtype == np.uint8 else f"{item.size} numbers",
        budget_s=60.0,
        used_s=lambda: float(next(clock)),
        phases=(("gather", 5.0), ("train", 40.0), ("ensemble", 4.0)),
        command="fivefold win photos/ --budget 60s --seed 7",
        seed=7,
        versions={"fivefold": "0.1.0", "numpy": np.__version__},
        prices={
            "ensemble": Price(ms_per_item=1.25, megabytes=9.5),
            "traditional": Price(ms_per_item=float("nan"), megabytes=0.4),
        },
        expansion=ExpansionRecord(
            kind="image", settings={"flip": 0.5}, why={"flip": "labels survive", "cutout": "small"}
        ),
        contact_png=png(),
        preview_png=png(),
        pairs_png=(png((32, 16)),),
        kernels=rng.normal(size=(20, 3, 3, 3)).astype(np.float32),
    )
    return Contest(
        dataset=dataset,
        fleet=fleet,
        ensemble=ensemble,
        vault=Vault(content, origin="held out 20 %, stratified"),
        predictor=FakePredictor(parts=parts, weights=weights),
        circumstances=circumstances,
    )


@pytest.fixture
def contest(tmp_path: Path) -> Callable[..., Contest]:
    """Make a contest in the test's own folder."""
    return lambda **options: make(tmp_path, **options)
