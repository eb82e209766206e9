"""A process is gone: the others hear of it at once, and name it and nobody else."""

import os
import socket
import subprocess
import sys
from pathlib import Path


def test_only_who_is_gone_is_missed():
    """Begun without torchrun, which would end the others by itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = [
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("lost.py"))],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={
                **os.environ,
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "3",
                "LOCAL_WORLD_SIZE": "3",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            },
        )
        for rank in range(3)
    ]
    try:
        said = [process.communicate(timeout=200)[0].strip() for process in begun]
    finally:
        for process in begun:
            process.kill()
    gone = "process 1 of 3 (from 0 on) does not answer any more"
    assert said == [f"RunError {gone}", "", f"ToldError {gone}"]
