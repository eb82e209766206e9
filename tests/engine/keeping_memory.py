"""Fill and free large blocks; prints what that cost. Run by test_kept_memory.py."""

import json
import resource
import sys
import threading
from pathlib import Path

from fivefold.engine.memory import give_back, kept_memory

SIZE = 48 << 20  # bytes; above what the C library keeps by its own rules
TIMES = 8


def held() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def use() -> int:
    """Page faults of filling and freeing."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(TIMES):
        _ = b"x" * SIZE
        del _
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def keep() -> None:
    """Keep memory for a moment."""
    with kept_memory():
        pass


def main() -> None:
    """Without keeping it, keeping it, beside others that leave, and afterwards."""
    keep()  # from here on rules are those that are left behind, whatever was freed before
    told = {"size": SIZE, "free": use()}
    with kept_memory():
        told["kept"] = use()
        before = held()
        keep()
        thread = threading.Thread(target=keep)
        thread.start()
        thread.join()
        told["others_gave_back"] = before - held()
        give_back()
        told["gave_back"] = before - held()
        use()
        before = held()
    told["left_gave_back"] = before - held()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
