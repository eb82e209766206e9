"""How many workers there are, and which part of the machine each has."""

import pytest

from fivefold.step4_train import staff


@pytest.mark.parametrize(
    ("nets", "cores", "gpus", "slots"),
    [
        (5, 2, 0, 2),  # one per core
        (1, 8, 0, 1),
        (5, 16, 1, 4),  # a GPU is shared by small nets
        (2, 16, 1, 2),
        (5, 16, 8, 5),  # one per GPU where there are enough
        (10, 64, 8, 8),  # no GPU has more company than another
        (20, 64, 8, 16),
        (100, 64, 8, 32),
        (1, 16, 8, 1),
    ],
)
def test_cores_and_gpus_have_equal_company(nets, cores, gpus, slots):
    assert staff.company(nets, cores=cores, gpus=gpus) == slots


def test_workers_of_one_gpu_see_that_gpu_only(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,GPU-12ab")
    seen = [staff._share(slot, 2, 2)["CUDA_VISIBLE_DEVICES"] for slot in range(4)]
    assert seen == ["3", "GPU-12ab", "3", "GPU-12ab"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert staff._share(5, 2, 4) == {"OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "1"}
    assert staff._share(1, 1, 0) == {"OMP_NUM_THREADS": "1"}
