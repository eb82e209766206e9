"""Several processes, one net: the same result as one process, each row once, losses survived."""

import hashlib
import itertools
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fivefold.contracts import saving
from fivefold.contracts.orders import Order
from fivefold.contracts.records import (
    Dataset,
    ExpansionRecord,
    Input,
    Problem,
    Recipe,
    Target,
)
from fivefold.contracts.rows import Rows
from fivefold.engine import precision
from fivefold.engine.batches import Batches
from fivefold.engine.inference import predict
from fivefold.step4_train.build import fresh_net
from fivefold.step4_train.members import TrainedFold
from fivefold.step4_train.work import Trainer

CONVNET = Recipe(net="convnet", width=0.25, size=(12, 12), batch=17, optimiser="muon", rate=0.1)
PLAIN = Recipe(
    net="fully_connected", width=0.25, size=(10, 10), batch=17, optimiser="sgd", rate=0.05
)
ROWS, FOLDS = 95, 2  # fold 1 holds 47 rows: no number of processes but 47 divides them
STEPS = 30
PASSES = 15  # of two batches, which are changed together
WEIGHTS = "1.weights.safetensors"


def made_run(folder, **settings):
    """A run folder after steps 2 and 3: pictures whose class is the brighter half."""
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, ROWS)
    pictures = rng.integers(0, 100, (ROWS, 12, 12, 3)).astype(np.uint8)
    for picture, target in zip(pictures, targets, strict=True):
        picture[:, slice(6, None) if target else slice(0, 6)] += np.uint8(100)
    folder.mkdir()
    pictures.tofile(folder / "rows.u8")
    problem = Problem(
        source="made",
        inputs=(Input(kind="image"),),
        target=Target(kind="class"),
        metric="accuracy",
        layout="class folders",
        guesses=(),
    )
    dataset = Dataset(
        problem=problem,
        classes=("left", "right"),
        rows=Rows(
            file=folder / "rows.u8",
            dtype="uint8",
            item_shape=(12, 12, 3),
            total=ROWS,
            index=np.arange(ROWS),
        ),
        targets=targets,
        names=tuple(map(str, range(ROWS))),
        folds=np.arange(ROWS) % FOLDS,
        n_folds=FOLDS,
        groups=np.arange(ROWS),
        split="made",
        quarantine=(),
        duplicates=(),
        notes=(),
        fingerprint="0",
        total=ROWS,
        seen_sizes=(),
    )
    saving.save(dataset, folder / "gather", "dataset")
    record = ExpansionRecord(kind="image", settings=settings, why={})
    saving.save(record, folder / "expand", "expansion")
    return folder


def by_three(run, orders):
    """Have orders carried out by three processes, see grouped.py."""
    (run / "orders.json").write_text(json.dumps([asdict(order) for order in orders]))
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=3")
    ended = subprocess.run(
        [*torchrun, str(Path(__file__).with_name("grouped.py")), str(run)],
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def read(run, name):
    return json.loads((run / name).read_text())


def done(run, member, fold):
    return saving.load(TrainedFold, run / "train" / member, f"{fold}")


def alone(run, order):
    """The same order in this process."""
    Trainer.open(run, torch.device("cpu")).train(order, lambda *_: None, lambda: False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Nets trained by three processes, and what each of these noted; the first net was unlucky."""
    run = made_run(tmp_path_factory.mktemp("group") / "run", shift=1.0, cutout=0.2)
    orders = [
        Order(member="unlucky", fold=1, recipe=CONVNET, steps=STEPS),
        Order(member="convnet", fold=1, recipe=CONVNET, steps=STEPS),
        Order(member="convnet", fold=0, recipe=CONVNET, steps=STEPS),
        Order(member="plain", fold=1, recipe=PLAIN, steps=STEPS),
    ]
    by_three(run, orders)
    return run, [read(run, f"notes-{rank}.json") for rank in range(3)]


def test_a_net_that_fails_in_one_process_is_reported_and_the_others_are_trained(trained):
    heard = read(trained[0], "heard.json")
    assert heard.pop("unlucky/1") == "ValueError: no luck (in process 1)"
    assert heard == {"convnet/1": "done", "convnet/0": "done", "plain/1": "done"}


def test_weights_and_statistics_are_the_same_bits_in_every_process(trained):
    first, second, third = (notes["nets"] for notes in trained[1])
    assert len(first) == 3
    assert first == second == third


def test_every_process_sees_other_rows_and_all_together_the_batch(trained):
    run, notes = trained
    pictures = np.fromfile(run / "rows.u8", np.uint8).reshape(ROWS, -1)[np.arange(ROWS) % 2 == 0]
    names = [hashlib.sha256(row.tobytes()).hexdigest()[:16] for row in pictures]
    batches = Batches(len(names), CONVNET.batch, CONVNET.seed + 100)
    for epoch in range(PASSES):
        seen = [process["seen"][epoch - 3 * PASSES]["rows"] for process in notes]
        for number, which in enumerate(batches.of_pass(epoch)):  # two, which are changed together
            shares = [rows[number::2] for rows in seen]
            assert [len(share) for share in shares] == [6, 6, 5]
            assert sorted(itertools.chain(*shares)) == sorted(names[row] for row in which)


def test_changes_are_drawn_anew_in_every_process_and_pass(trained):
    draws = [m["draws"] for process in trained[1] for m in process["seen"][-3 * PASSES : -PASSES]]
    assert len(draws) == 3 * 2 * PASSES
    assert len(set(draws)) == len(draws)


def test_held_out_rows_are_answered_for_once(trained):
    """The first process joins 47 answers of 16, 16 and 15; none is repeated to fill up."""
    run, _ = trained
    found = done(run, "convnet", 1)
    dataset = saving.load(Dataset, run / "gather", "dataset")
    assert np.array_equal(found.rows, np.flatnonzero(dataset.folds == 1))
    net = fresh_net(dataset, CONVNET)
    net.load_state_dict(load_file(run / "train" / found.fold.file))
    single = predict(net, dataset.rows.select(found.rows), CONVNET.size, found.fold.views)
    assert np.allclose(found.answers, single, atol=0.02)
    right = found.answers.argmax(1) == dataset.targets[found.rows]
    assert found.fold.score == pytest.approx(right.mean())
    assert right.mean() > 0.95


def test_rows_are_spread_over_processes_without_padding(trained):
    facts = [read(trained[0], f"spread-{rank}.json") for rank in range(3)]
    assert [fact["own"] for fact in facts] == [[10, 11, 12, 0], [13, 14], [15, 16]]
    for fact in facts:
        assert fact["joined"] == [[row, row**2] for row in range(10, 17)]
        assert fact["single"] == [[0, 0]]


def test_who_waits_for_one_that_is_cut_off_is_cut_off_too(trained):
    """The third waits for the first alone, and nobody waits until patience runs out."""
    why = [read(trained[0], f"line-{rank}.json") for rank in range(3)]
    assert why == ["ValueError: no patience (in process 1)"] * 3


def test_only_the_first_process_writes(trained):
    names = {file.name for file in (trained[0] / "train" / "convnet").iterdir()}
    kinds = ("json", "safetensors", "weights.safetensors")
    assert names == {f"{fold}.{kind}" for fold in range(FOLDS) for kind in kinds}


def test_three_processes_come_to_what_one_comes_to(trained, tmp_path, monkeypatch):
    """Without chance, shares of a batch - of six, six and five rows - give its very gradient."""
    monkeypatch.setattr(precision, "has_fast_bf16", lambda _: False)
    monkeypatch.setattr(torch.nn.Dropout, "forward", lambda _, x: x)
    run = made_run(tmp_path / "run")
    alone(run, Order(member="plain", fold=1, recipe=PLAIN, steps=STEPS))
    single, together = (load_file(r / "train" / "plain" / WEIGHTS) for r in (run, trained[0]))
    dataset = saving.load(Dataset, run / "gather", "dataset")
    fresh = fresh_net(dataset, replace(PLAIN, seed=PLAIN.seed + 100)).state_dict()
    for name, value in single.items():
        assert torch.allclose(together[name], value, rtol=1e-3, atol=1e-6), name
    assert sum(not torch.allclose(fresh[name], single[name], rtol=0.1) for name in single) > 2
    curves = [[p.loss for p in done(r, "plain", 1).fold.curve] for r in (run, trained[0])]
    assert curves[0] == pytest.approx(curves[1], rel=1e-3)
