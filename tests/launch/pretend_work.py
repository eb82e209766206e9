"""Work that trains nothing: it does what the member's name says and leaves files."""

import os
import signal
import time


def open_site(run, copy, *, cpus, gpus):
    return Work(run, copy, cpus, gpus)


class Work:
    def __init__(self, run, copy, cpus, gpus):
        import ray

        self.folder = run / "train"
        self.facts = {
            "node": ray.get_runtime_context().get_node_id(),
            "pid": os.getpid(),
            "copy": None if copy is None else copy.read_bytes().decode(),
            "share": [cpus, gpus],
            "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
            "records": sorted(f.name for f in run.rglob("*") if f.is_file()),
        }

    def train(self, order, tick, stop):
        folder = self.folder / order.member
        folder.mkdir(parents=True, exist_ok=True)
        tick(0.0, str(self.facts))
        checkpoint = folder / f"{order.fold}.checkpoint"
        begun = checkpoint.read_text() if checkpoint.exists() else ""
        checkpoint.write_text(f"{begun}{self.facts['node']} ")
        if order.member == "dies" or (order.member == "dies_once" and not begun):
            time.sleep(1.0)  # the checkpoint is sent meanwhile
            os.kill(os.getpid(), signal.SIGKILL)
        while order.member == "waits" or (order.member == "waits_once" and not begun):
            if stop():
                break
            time.sleep(0.01)
        if order.member == "fails":
            raise ValueError("no luck")
        (folder / f"{order.fold}.weights").write_bytes(b"w" * 300_000)
        (folder / f"{order.fold}.json").write_text(f'"{begun}"')
        checkpoint.unlink()

    def rows_per_second(self, recipe, *, seconds):
        assert recipe.net
        assert seconds > 0
        return 100.0
