"""One of three processes, of which the second goes without a word while the first gives orders.

The third hears the first alone. What each says at its end goes to standard output.
"""

import os
import sys

import torch

from fivefold.launch.group import Group
from fivefold.launch.meeting import meeting
from fivefold.plumbing.errors import RunError
from fivefold.plumbing.place import place


def main():
    torch.set_num_threads(1)
    rank = place().rank
    if rank == 0:
        meeting().call()
    assert meeting().called()
    group = Group(place(), meeting().store())
    try:
        while True:
            if rank == 0:
                group.tell({"do": "go on"})
            else:
                assert group.hear() == {"do": "go on"}
            if rank == 1:
                os._exit(0)
    except RunError as error:
        sys.stdout.write(f"{type(error).__name__} {error.found}\n")


if __name__ == "__main__":
    main()
