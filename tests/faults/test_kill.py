"""A writer is killed at random moments: no acknowledged operation is lost, and the evidence stays whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

WRITER = """
import sys
from hutong.cli.home import open_hub
open_hub()
from hutong.kernel.permission import THE_HUB
from hutong.platform import runner
start = int(sys.argv[1])
print("ready", flush=True)
for i in range(start, start + 100000):
    done = runner.run(THE_HUB, "parties.person.invite", {"name": f"P {i}", "email": f"p{i}@hub.example"})
    print(done.seq, flush=True)
"""
CHECK = """
from hutong.cli.home import open_hub
open_hub()
from hutong.platform.ledger import store
from hutong.platform.ledger.audit import audit
from hutong.platform.people import Person
faults = audit()
print(store.size(), Person.objects.count(), [str(f) for f in faults])
"""


def run(home: Path, rounds: int, chance: random.Random) -> None:
    environment = {**os.environ, "HUTONG_HOME": str(home), "DJANGO_SETTINGS_MODULE": "hutong.site.settings"}
    acknowledged = -1
    for turn in range(rounds):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(turn * 100_000)],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 0.4))
        writer.send_signal(signal.SIGKILL)
        said = [line for line in writer.stdout.read().splitlines() if line.isdigit()]
        writer.wait()
        acknowledged = max([acknowledged, *map(int, said)])
    checked = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, env=environment)
    assert checked.returncode == 0, checked.stderr
    size, people, faults = checked.stdout.split(" ", 2)
    assert int(size) > acknowledged
    # An event and its record are one transaction: neither is there without the other.
    assert int(size) == int(people) and faults.strip() == "[]"


def test_no_acknowledged_operation_is_lost(tmp_path: Path) -> None:
    run(tmp_path / "home", 6, random.Random(1))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_acknowledged_operation_is_lost_in_200_kills(tmp_path: Path) -> None:
    run(tmp_path / "home", 200, random.Random(2))


def test_two_writer_processes_share_one_log(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HUTONG_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "hutong.site.settings",
    }
    subprocess.run([sys.executable, "-c", CHECK], check=True, capture_output=True, env=environment)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(n)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for n in (0, 200_000)
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    time.sleep(2)
    said: list[int] = []
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
        out, err = writer.communicate()
        assert "locked" not in err and "Traceback" not in err, err
        said += [int(line) for line in out.splitlines() if line.isdigit()]
    assert len(said) > 10 and len(set(said)) == len(said)
    checked = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, env=environment)
    assert checked.stdout.strip().endswith("[]"), checked.stdout
