"""Who is hired to train on this machine."""

import pytest
import torch

from fivefold.contracts.records import ExpansionRecord
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train import staff
from fivefold.step4_train.members import Site


class Crew:
    """A crew on paper."""

    def __init__(self, module, setup, environments, folder):
        del module, folder
        self.setup, self.environments = setup, environments


@pytest.fixture
def hired(made_dataset, monkeypatch, tmp_path):
    """The crew for a number of nets, cores and GPUs; None where this process trains alone."""

    def hire(nets, cores, gpus):
        monkeypatch.setattr(staff, "Crew", Crew)
        monkeypatch.setattr(staff, "Here", lambda trainer: trainer)
        monkeypatch.setattr(staff, "cpu_count", lambda **_: cores)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        expander = ImageExpander(ExpansionRecord(kind="image", settings={}, why={}), classes=2)
        device = torch.device("cuda" if gpus else "cpu")
        dataset = made_dataset(40, (12, 12, 3), 2)
        site = Site(dataset=dataset, expander=expander, device=device, folder=tmp_path)
        _, *rest = staff.hire(site, tmp_path, nets=nets)
        return rest[0] if rest else None

    return hire


def gpus_of(crew):
    return [part.get("CUDA_VISIBLE_DEVICES") for part in crew.environments]


@pytest.mark.parametrize(
    ("nets", "cores", "gpus", "places"),
    [
        (5, 16, 1, ["0", "0", "0", "0"]),
        (5, 16, 2, ["0", "1", "0", "1", "0"]),
        (8, 4, 8, ["0", "1", "2", "3", "4", "5", "6", "7"]),
        (5, 2, 1, ["0", "0"]),
        (3, 2, 0, [None, None]),
    ],
)
def test_workers_share_gpus_by_turns_and_need_a_core_each(
    hired, nets, cores, gpus, places, monkeypatch
):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    crew = hired(nets, cores, gpus)
    assert gpus_of(crew) == places
    assert {p["OMP_NUM_THREADS"] for p in crew.environments} == {str(max(1, cores // len(places)))}
    assert (crew.setup["lead"] > 0) is bool(gpus)


@pytest.mark.parametrize(("nets", "cores", "gpus"), [(1, 16, 1), (5, 1, 1), (5, 1, 0)])
def test_who_would_be_alone_hires_nobody(hired, nets, cores, gpus):
    assert hired(nets, cores, gpus) is None


def test_gpus_that_the_user_names_are_the_ones_used(hired, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert gpus_of(hired(3, 16, 2)) == ["3", "5", "3"]
