"""What every process of a group does in the tests: `torchrun grouped.py RUN`.

Each process notes in RUN what it saw and which weights it ended with. The second one fails at its
sixth call. Nets of pictures of STILL pixels are trained without chance, others are not.
"""

import hashlib
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from fivefold.contracts import saving
from fivefold.contracts.orders import Order
from fivefold.engine import precision
from fivefold.launch.ddp import Ddp, follow
from fivefold.launch.group import Group
from fivefold.launch.meeting import meeting
from fivefold.plumbing.place import place
from fivefold.step3_expand.image import ImageExpander
from fivefold.step4_train import members
from fivefold.step4_train.work import Trainer

RANK = place().rank
RUN = Path(sys.argv[1])
STILL = (10, 10)


def digest(tensor):
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()[:16]


class Spy:
    """An expander that notes the rows it was given, and where its randomness stood."""

    def __init__(self, expander, seen):
        self.expander, self.record, self.seen = expander, expander.record, seen
        self.still = ImageExpander(replace(self.record, settings={}), classes=2)

    def __call__(self, batch, targets, *, generator, size, mirrored):
        if RANK == 1 and len(self.seen) == 5:
            self.seen.append({})
            raise ValueError("no luck")
        draws = digest(generator.get_state())
        self.seen.append({"rows": [digest(row) for row in batch], "draws": draws})
        expander = self.still if size == STILL else self.expander
        return expander(batch, targets, generator=generator, size=size, mirrored=mirrored)

    def blend(self, targets, *, generator):
        return self.expander.blend(targets, generator=generator)


class Listener:
    """A foreman that writes down what it hears."""

    def __init__(self):
        self.heard = {}

    def begin(self, order):
        return order

    def tick(self, order, share, note):
        pass

    def stop(self):
        return False

    def done(self, order):
        self.heard[order.title] = "done"

    def failed(self, order, why):
        self.heard[order.title] = why


def opened(run, device, peers):
    """A trainer that is spied on."""
    trainer = Trainer.open(run, device, peers)
    site = trainer._site
    seen, nets = [], {}
    trainer._site = replace(site, expander=Spy(site.expander, seen))
    honest = members.train

    def train(net, job, watch, checkpoint):
        training = honest(net, job, watch, checkpoint)
        state = net.state_dict()
        nets[f"{job.recipe.net}-{job.recipe.seed}"] = {k: digest(v) for k, v in state.items()}
        notes = {"seen": seen, "nets": nets}
        (run / f"notes-{RANK}.json").write_text(json.dumps(notes))
        return training

    members.train = train
    return trainer


def spread(peers):
    """Answers of all processes for seven rows, and which of them this one gave."""
    own = []

    def work(rows):
        own.extend(int(row) for row in rows)
        return np.stack([rows, rows**2], 1).astype(np.float32)

    joined = peers.spread(work, np.arange(10, 17))
    single = peers.spread(work, np.arange(1))
    facts = {"own": own, "joined": joined.tolist(), "single": single.tolist()}
    (RUN / f"spread-{RANK}.json").write_text(json.dumps(facts))


def wait_in_line(peers):
    """The third process waits for the first, which waits for the second, which fails."""
    if RANK == 1:
        raise ValueError("no patience")
    peers._broadcast(torch.zeros(1), 1 if RANK == 0 else 0)


def main():
    torch.set_num_threads(1)
    precision.has_fast_bf16 = lambda _: False  # sums in float32 agree to many digits
    torch.nn.Dropout.forward = lambda _, x: x
    if RANK == 0:
        meeting().call()
    assert meeting().called()
    group = Group(place(), meeting().store())
    assert group.together(partial(spread, group.peers)) == ""
    why = group.together(partial(wait_in_line, group.peers))
    (RUN / f"line-{RANK}.json").write_text(json.dumps(why))
    if RANK:
        follow(group, partial(opened, peers=group.peers))
    else:
        give_orders(group)


def give_orders(group):
    listener = Listener()
    trainer = opened(RUN, torch.device("cpu"), group.peers)
    launcher = Ddp(group, trainer, RUN, torch.device("cpu"))
    orders = [saving.read(Order, plain) for plain in json.loads((RUN / "orders.json").read_text())]
    launcher.run(orders, listener)
    (RUN / "heard.json").write_text(json.dumps(listener.heard))
    launcher.close()


if __name__ == "__main__":
    main()
