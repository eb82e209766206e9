"""A Ray cluster of several nodes on this machine, in a process of its own: `add`, `kill`."""

import json
import sys
import time
from types import SimpleNamespace

import ray._private.node as node_room  # noqa: TID253 - this is a program of its own
from ray.cluster_utils import Cluster  # noqa: TID253

STORE = 80 << 20  # bytes, the least that Ray takes
WAIT = 300  # seconds; on a machine that is busy otherwise, a node may need some
# A node that is gone is missed after a second; one that is slow is given time.
HEALTH = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 300,
    "health_check_timeout_ms": 60_000,
    "health_check_failure_threshold": 3,
}
# Ray gives a node 30 seconds of its clock to start; a busy machine may need ten times as much.
node_room.time = SimpleNamespace(**{**vars(time), "monotonic": lambda: time.monotonic() / 10})

cluster = Cluster(
    initialize_head=True,
    head_node_args={
        "num_cpus": 0,
        "object_store_memory": STORE,
        "include_dashboard": False,
        "_system_config": HEALTH,
    },
)
nodes = {}


def answer(**words):
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


answer(address=cluster.address)
for line in sys.stdin:
    word, *rest = line.split()
    if word == "add":
        node = cluster.add_node(
            wait=False,
            num_cpus=int(rest[0]),
            num_gpus=int(rest[1]),
            object_store_memory=STORE,
        )
        cluster.wait_for_nodes(WAIT)
        nodes[node.node_id] = node
        answer(node=node.node_id)
    else:
        cluster.remove_node(nodes.pop(rest[0]), allow_graceful=False)
        answer(gone=rest[0])
cluster.shutdown()
