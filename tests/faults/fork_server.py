"""Starts of the command line that cost no imports: each is a fork, with a process group of its own.

Speaks JSON lines. Asked with `words`, `folder`, `cache` and `log`, it answers with `pid`, and with
`code` once that process has ended. Whoever asked may kill the process meanwhile; `signals` are
[step, number] pairs that the process sends itself when its screen shows a step or a bar.
"""

import json
import os
import signal
import sys
import time
import traceback


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
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


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
    for step, number in order["signals"]:
        send_at(cli.Screen, step, number)
    code = 1
    try:
        cli.main(order["words"])
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - a process of its own
        traceback.print_exc()  # as the interpreter would
    finally:
        sys.stdout.flush()
        os._exit(code)


def send_at(screen, wanted, number):
    """Have this process send itself a signal when the screen first shows a step or a bar."""
    left = [number]

    def watched(usual):
        def show(self, name, *rest):
            usual(self, name, *rest)
            if name == wanted and left:
                os.kill(os.getpid(), left.pop())

        return show

    screen.step, screen.bar = watched(screen.step), watched(screen.bar)


if __name__ == "__main__":
    main()
