"""Threads that wait for others give way to other programs."""

import os

import pytest

from fivefold.cli import SPIN, main


@pytest.mark.parametrize(("given", "wanted"), [(None, SPIN), ("7", "7")])
def test_waiting_threads_soon_sleep(monkeypatch, given, wanted):
    monkeypatch.setenv("GOMP_SPINCOUNT", given or "gone at the end")
    if given is None:
        monkeypatch.delenv("GOMP_SPINCOUNT")
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert os.environ["GOMP_SPINCOUNT"] == wanted
