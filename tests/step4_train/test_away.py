"""Nets trained on other machines: equal to those trained here, also where a worker was killed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from fivefold.contracts import saving
from fivefold.contracts.orders import Order
from fivefold.contracts.records import ExpansionRecord, Recipe
from fivefold.contracts.rows import Rows
from fivefold.launch.here import Here
from fivefold.launch.ray_cluster import RayCluster
from fivefold.launch.where import where
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train.away import open_site, supplies
from fivefold.step4_train.members import Site, TrainedFold
from fivefold.step4_train.work import Trainer
from tests.launch.listening import Listener

STEPS = 30
RECIPE = Recipe(net="convnet", width=0.25, size=(12, 12), batch=8, optimiser="muon", rate=0.05)
ORDERS = [Order(member="a", fold=fold, recipe=RECIPE, steps=STEPS) for fold in range(2)]


@pytest.fixture
def site(tmp_path, made_dataset):
    """40 pictures of noise, of which 32 are open, in two folds; saved as steps 2 and 3 do."""
    dataset = made_dataset(32, (12, 12, 3), 2)
    rng = np.random.default_rng(0)
    file = tmp_path / "noise.u8"
    rng.integers(0, 255, (40, 12, 12, 3)).astype(np.uint8).tofile(file)
    open_rows = np.sort(rng.permutation(40)[:32])
    rows = Rows(file=file, dtype="uint8", item_shape=(12, 12, 3), total=40, index=open_rows)
    dataset = replace(dataset, rows=rows, targets=rng.integers(0, 2, 32))
    record = ExpansionRecord(kind="image", settings={"shift": 1.0}, why={})
    saving.save(dataset, tmp_path / "gather", "dataset")
    saving.save(record, tmp_path / "expand", "expansion")
    return Site(
        dataset=dataset,
        expander=ImageExpander(record, classes=2),
        device=torch.device("cpu"),
        folder=tmp_path / "train",
    )


@pytest.fixture
def one_thread():
    """As many threads here as a worker with one core has."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_only_open_rows_leave_the_machine(site, tmp_path):
    goods = supplies(site.dataset, tmp_path)
    sent = b"".join(goods.chunks())
    assert len(sent) == goods.size
    assert sent == site.dataset.rows.take(slice(None)).tobytes()
    assert sorted(goods.records) == [
        "expand/expansion.json",
        "gather/dataset.json",
        "gather/dataset.safetensors",
    ]
    fewer = replace(site.dataset, rows=site.dataset.rows.select(np.arange(31)))
    assert supplies(fewer, tmp_path).key != goods.key


@pytest.mark.usefixtures("one_thread")
def test_a_copy_of_the_rows_trains_the_same_net(site, tmp_path):
    Here(Trainer(site)).run(ORDERS[:1], Listener())
    far = tmp_path / "far"
    goods = supplies(site.dataset, tmp_path)
    for name, content in goods.records.items():
        (far / name).parent.mkdir(parents=True, exist_ok=True)
        (far / name).write_bytes(content)
    (far / "copy").write_bytes(b"".join(goods.chunks()))
    Here(open_site(far, far / "copy", cpus=1.0, gpus=0.0)).run(ORDERS[:1], Listener())
    assert_equal(site.folder / "a", far / "train" / "a", 0)


@pytest.mark.usefixtures("one_thread")
def test_a_killed_worker_costs_only_steps_after_its_checkpoint_and_not_a_bit(site, nodes, tmp_path):
    goods = supplies(site.dataset, tmp_path)
    goods = replace(
        goods,
        opener="tests.step4_train.dying_work:open_site",
        records={**goods.records, "home": str(tmp_path).encode()},
    )
    far, foreman = replace(site, folder=tmp_path / "train"), Listener()
    launcher = RayCluster(where(nodes.address, 1.0, 0.0), goods, far.folder, nets=2)
    launcher.run(ORDERS, foreman)
    launcher.close()
    assert foreman.heard == {"a/0": "done", "a/1": "done"}
    assert [title for title, _ in foreman.again] == ["a/0"]
    assert 0 < int((tmp_path / "steps-0").read_text()) < STEPS
    assert int((tmp_path / "steps-1").read_text()) == STEPS
    here = replace(site, folder=tmp_path / "here")
    Here(Trainer(here)).run(ORDERS, Listener())
    for fold in range(2):
        assert_equal(here.folder / "a", far.folder / "a", fold)


def assert_equal(first, second, fold):
    """The same weights and answers, to the bit."""
    one, other = (load_file(folder / f"{fold}.weights.safetensors") for folder in (first, second))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    done, again = (saving.load(TrainedFold, folder, f"{fold}") for folder in (first, second))
    assert np.array_equal(done.answers, again.answers)
    assert done.fold.file == again.fold.file
