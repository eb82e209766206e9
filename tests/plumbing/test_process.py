"""A helper process that is closed while somebody waits for it is lost, as a killed one is."""

import pytest

from fivefold.plumbing.errors import RunError
from fivefold.plumbing.process import JsonProcess, ProcessLost


@pytest.fixture
def closed(tmp_path):
    """Closed before it was asked, as a crew is whose run ends while its workers start."""
    process = JsonProcess("tests.launch.pretend_worker", {"run": str(tmp_path)}, tmp_path / "log")
    process.close()
    return process


def test_who_waits_for_its_start_is_told(closed):
    with pytest.raises(RunError, match="does not start: was killed"):
        closed.ready(wanted="one that starts", hint="")


def test_who_waits_for_an_answer_is_told(closed):
    with pytest.raises(ProcessLost, match="was killed"):
        list(closed.ask({"do": "anything"}))
    with pytest.raises(ProcessLost, match="was killed"):
        closed._receive()
