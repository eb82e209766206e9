"""The real work on a machine of a cluster, whose first worker is killed in the ninth step."""

import os
import signal
import time
from functools import partial
from pathlib import Path

from fivefold.engine.checkpoints import Checkpoint
from fivefold.step4_train import away, members


def open_site(run, copy, *, cpus, gpus):
    # Every step leaves a checkpoint.
    members.Checkpoint = partial(Checkpoint, every=0.0, share=1e9)
    home = Path((run / "home").read_text())
    return Dying(away.open_site(run, copy, cpus=cpus, gpus=gpus), home)


class Dying:
    def __init__(self, work, home):
        self.work, self.home = work, home

    def train(self, order, tick, stop):
        steps = []

        def asked():
            steps.append(1)
            if len(steps) == 9 and order.fold == 0 and not (self.home / "killed").exists():
                while not (self.home / "train" / order.member / "0.checkpoint").exists():
                    time.sleep(0.02)
                (self.home / "killed").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return stop()

        self.work.train(order, tick, asked)
        (self.home / f"steps-{order.fold}").write_text(str(len(steps)))
