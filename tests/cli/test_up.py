"""`hutong up` on a port of its own: a worker that was killed is begun again, and all of it ends together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def up(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "HUTONG_HOME": str(tmp_path / "home")}
    made = subprocess.Popen(
        [sys.executable, "-m", "hutong", "up", "--port", str(port)], env=env, start_new_session=True
    )
    yield made
    if made.poll() is None:
        os.killpg(made.pid, signal.SIGKILL)
        made.wait()


def workers(of: int) -> list[int]:
    """Process numbers of the workers that this process began and that live (proc(5))."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2] if words else []
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"worker" in words and parent[1:] == [str(of)] and parent[0] != "Z":
            found.append(int(folder.name))
    return found


def until(of: int, other_than: int = 0) -> int:
    """The worker, once there is one that is not that one."""
    for _ in range(600):
        here = [pid for pid in workers(of) if pid != other_than]
        if here:
            return here[0]
        time.sleep(0.1)
    raise AssertionError("no worker came up within a minute")


def test_a_worker_that_is_killed_is_begun_again_and_goes_with_the_hub(up: subprocess.Popen[bytes]) -> None:
    first = until(up.pid)
    os.kill(first, signal.SIGKILL)
    second = until(up.pid, first)
    up.send_signal(signal.SIGTERM)
    assert up.wait(timeout=60) == 0
    assert second not in workers(up.pid) and workers(up.pid) == []
