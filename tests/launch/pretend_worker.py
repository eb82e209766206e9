"""A worker that trains nothing: it does what the member's name says and leaves a file.

Where FAILED_STARTS says so, the first ones of a slot end before they are ready.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))


def answer(**words):
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


folder = Path(json.loads(sys.stdin.readline())["run"])
with (folder / f"starts-{os.environ['SLOT']}").open("a") as starts:
    starts.write("x")
    if starts.tell() <= int(os.environ.get("FAILED_STARTS", "0")):
        sys.exit("no memory to start in")
answer(ready=True)
for line in sys.stdin:
    task = json.loads(line)
    if task["do"] == "time":
        answer(rows_per_second=100.0)
    else:
        order = task["order"]
        title = f"{order['member']}-{order['fold']}"
        tried = len(list(folder.glob(f"{title}.tried*")))
        (folder / f"{title}.tried{tried}").write_text(str(time.monotonic()))
        answer(share=0.5, note=os.environ["SLOT"])
        if order["member"] == "dies" or (order["member"] == "dies_once" and tried == 0):
            os.kill(os.getpid(), signal.SIGKILL)
        if order["member"] == "waits":
            while not asked:
                time.sleep(0.01)
        if order["member"] == "fails":
            answer(failed="ValueError: no luck")
        else:
            (folder / f"{title}.done").write_text(os.environ["SLOT"])
    answer(done=True)
