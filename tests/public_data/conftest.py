"""A publisher, a user's data folder of its own, and somebody who fetches."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from publisher import CALM, Diary, Host, record_of

from fivefold.public_data.fetch import fetch


@pytest.fixture
def host():
    made = Host()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def data_root(tmp_path, monkeypatch):
    """The user's data folder."""
    monkeypatch.setenv("FIVEFOLD_DATA", str(tmp_path / "share"))
    return tmp_path / "share"


@pytest.fixture
def body():
    """A file of 300 kB that nothing can guess."""
    return np.random.default_rng(0).bytes(300_000)


@pytest.fixture
def closed_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]  # bound, but nobody listens


@pytest.fixture
def diary():
    return Diary()


@pytest.fixture
def bring(tmp_path, diary):
    """Fetch a record of files into a folder; gives the data set's folder there."""

    def call(*files, to=tmp_path / "here", limits=CALM):
        return fetch(record_of(*files), to, diary, limits)

    return call
