"""The journey is killed at random points: what was acknowledged stays, and the books balance when the hub opens again."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

# The journey as `hutong demo` makes it; each acknowledged event is said at once.
JOURNEY = """
from hutong.cli.home import open_hub
open_hub(migrate=False)
from hutong.demo.journey import travel
from hutong.demo.stage import Journey
from django.db import connection
from hutong.platform import runner
run = runner.run
def told(*given, **named):
    done = run(*given, **named)
    # One that runs inside another is acknowledged with it.
    if not connection.in_atomic_block:
        print(done.seq, flush=True)
    return done
runner.run = told
print("ready", flush=True)
travel(Journey())
print("end", flush=True)
"""
CHECK = """
import json
from hutong.cli.home import open_hub
open_hub()
from django.db.models import F, Sum
from hutong.modules.compute.models import Account, Job, Posting
from hutong.platform import jobs
from hutong.platform.entities import ENTITIES
from hutong.platform.ledger import store
from hutong.platform.ledger.audit import audit
from hutong.platform.ledger.tables import Event
from hutong.platform.files import StoredFile, read
made = set(Event.objects.values_list("subject", flat=True))
records = {r for e in ENTITIES.values() for r in e.model._default_manager.values_list("code", flat=True)}
for file in StoredFile.objects.all():
    read(file.sha256)
print(json.dumps({
    "size": store.size(),
    "faults": [str(f) for f in audit()],
    "sum": sum(Account.objects.values_list("balance_ms", flat=True)),
    "overdrawn": Account.objects.exclude(kind="source").filter(balance_ms__lt=0).count(),
    "unbalanced": Posting.objects.values("booking").annotate(s=Sum("amount_ms")).exclude(s=0).count(),
    "unbooked": sum(a.balance_ms != (Posting.objects.filter(account=a).aggregate(s=Sum("amount_ms"))["s"] or 0)
                    for a in Account.objects.all()),
    "event_without_record": sorted(made - records - {"HUB"}),
}))
"""


def program(text: str, home: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "HUTONG_HOME": str(home), "DJANGO_SETTINGS_MODULE": "hutong.site.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with its tables and keys, before anything happened."""
    home = tmp_path_factory.mktemp("template") / "home"
    out, err = program("from hutong.cli.home import open_hub; open_hub()", home).communicate()
    assert (home / "hutong.sqlite3").is_file(), out + err
    return home


def killed(home: Path, after: int, late: float) -> int:
    """Run the journey and kill it and its jobs `late` seconds after it acknowledged so many events; the last number."""
    writer, last = program(JOURNEY, home), -1
    assert writer.stdout is not None
    for line in writer.stdout:
        if line.strip().isdigit():
            last = int(line)
        if last >= after or line == "end\n":
            break
    # In the middle of whatever comes next.
    time.sleep(late)
    os.killpg(writer.pid, signal.SIGKILL)
    rest, _ = writer.communicate()
    return max([last, *(int(x) for x in rest.split() if x.isdigit())])


def check(home: Path, acknowledged: int) -> None:
    out, err = program(CHECK, home).communicate()
    assert out, err
    found = json.loads(out)
    assert found.pop("size") > acknowledged
    assert found == {
        "faults": [],
        "sum": 0,
        "overdrawn": 0,
        "unbalanced": 0,
        "unbooked": 0,
        "event_without_record": [],
    }


def rounds(count: int, seed: int, empty_home: Path, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for turn in range(count):
        home = tmp_path / f"home{turn}"
        shutil.copytree(empty_home, home)
        acknowledged = killed(home, chance.randrange(205), chance.uniform(0.0, 0.2))
        check(home, acknowledged)
        # A job that outlived the hub may still write into its folder.
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.timeout(300)
def test_a_killed_journey_loses_nothing_that_was_acknowledged(empty_home: Path, tmp_path: Path) -> None:
    rounds(3, 1, empty_home, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(2, 6))
def test_200_killed_journeys_lose_nothing_that_was_acknowledged(
    seed: int, empty_home: Path, tmp_path: Path
) -> None:
    rounds(50, seed, empty_home, tmp_path)
