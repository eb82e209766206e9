"""Starts of the command line that cost no imports: each is a fork, with a process group of its own.

Speaks JSON lines. Asked with `words`, `folder`, `cache` and `log`, it answers with `pid`, and with
`code` once that process has ended. Whoever asked may kill the process meanwhile.
"""

import json
import os
import signal
import sys
import time


def main():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # a machine of one core, everywhere

    import fivefold.pipeline  # noqa: F401 - what every start would import
    from fivefold.engine.checkpoints import Checkpoint

    # A start takes seconds here, not minutes: checkpoints come as much more often.
    Checkpoint.__init__.__kwdefaults__["every"] = 0.1
    answer(ready=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            begin(json.loads(line))
        answer(pid=pid)
        answer(code=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def answer(**words):
    print(json.dumps(words), flush=True)


def begin(order):
    """Be the command line; never returns."""
    from fivefold import cli

    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for stream, name in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(name, stream)
    os.chdir(order["folder"])
    os.environ["FIVEFOLD_CACHE"] = order["cache"]
    cli.START = time.monotonic()
    code = 1
    try:
        cli.main(order["words"])
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
