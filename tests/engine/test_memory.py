"""Freed memory stays for the next step, and goes back to the system at the end."""

import platform
import resource
import threading
from pathlib import Path

import numpy as np
import pytest

from fivefold.engine.memory import kept_memory

PAGE = resource.getpagesize()
PAGES = 2_000
TIMES = 20

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has rules for what is freed"
)


def faults():
    """Pages that the system had to hand out to this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def held():
    """Pages of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1])


def use():
    """Fill and free a large block, again and again; the pages that it took from the system."""
    before = faults()
    for _ in range(TIMES):
        np.ones(PAGES * PAGE, np.uint8)
    return faults() - before


def keep():
    """Keep memory for a moment."""
    with kept_memory():
        pass


def test_a_large_block_is_handed_out_once():
    with kept_memory():
        assert use() < 2 * PAGES


def test_users_within_users_and_in_other_threads_keep_it_to_the_last():
    with kept_memory():
        with kept_memory():
            use()
        thread = threading.Thread(target=keep)
        thread.start()
        thread.join()
        assert use() < PAGES


def test_it_goes_back_at_the_end():
    before = held()
    with kept_memory():
        use()
        assert held() > before + PAGES // 2
    assert held() < before + PAGES // 2
