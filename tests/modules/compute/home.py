"""A hub in a home of its own, worked by processes: its people are made once, every test gets a copy."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TESTS = Path(__file__).resolve().parents[1]
CHIPS, NEIGHBOURS = 6, 4
# The desk's people at today's date: an award, a centre that runs commands, thirty hours of it, and a neighbour centre.
SETTING = f"""
import json
from datetime import timedelta
from hutong.cli.home import open_hub
open_hub()
from lane import Lane
from tests_hub import Hub
from hutong.kernel.clock import SYSTEM_CLOCK, SteppingClock
from hutong.kernel.permission import Role
hub = Hub()
hub.clock = SteppingClock(SYSTEM_CLOCK.now() - timedelta(days=8))
lane = Lane(hub)
lane.award()
hub.clock = SYSTEM_CLOCK
operator = lane.who("operator", Role.CENTRE_OPERATOR, "centre")
south = hub.actor(Role.CENTRE_OPERATOR, hub.organisation("South"))
def centre(who, name, chips, price):
    made = hub.do(who, "compute.centre.register", name_en=name, name_zh="中心", connection="here")
    return made, hub.do(who, "compute.pool.open", centre=made, chip="CPU core", chips=chips, price=price)
north, pool = centre(operator, "North", {CHIPS}, "3.50")
other, second = centre(south, "South", {NEIGHBOURS}, "1.00")
lane.made["pool"] = pool
hours = lane.allocation("30")
lane.activate()
print(json.dumps({{
    "engineer": lane.engineer.code, "operator": operator.code, "office": lane.office.code, "south": south.code,
    "hours": hours.code, "pool": pool.code, "centre": north.code,
    "other": other.code, "second": second.code,
}}))
"""


@dataclass(frozen=True)
class Home:
    """One home. names: codes of its people and records."""

    folder: Path
    names: dict[str, str]

    @property
    def ran(self) -> Path:
        """The file into which every job of `submit` writes its own code, a line each time it runs."""
        return self.folder / "ran.txt"

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        kept = {k: v for k, v in os.environ.items() if k not in ("HUTONG_DATABASE_URL", "HUTONG_AS")}
        settings = {"DJANGO_SETTINGS_MODULE": "hutong.site.settings", "PYTHONPATH": path, "HUTONG_LANG": "en"}
        return {**kept, **settings, "HUTONG_HOME": str(self.folder), **more}

    def say(self, *line: str, who: str = "engineer", **more: str) -> subprocess.CompletedProcess[str]:
        """One line at the terminal, as a process."""
        named = {"HUTONG_AS": self.names[who]} if who else {}
        return subprocess.run(
            [sys.executable, "-m", "hutong", *line],
            capture_output=True,
            text=True,
            env=self.environment(**named, **more),
            cwd=self.folder,
            check=False,
        )

    def told(self, *line: str, who: str = "engineer") -> Any:
        """The JSON that a line prints; the line must go well."""
        done = self.say(*line, "--json", who=who)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def worker(self) -> subprocess.Popen[bytes]:
        """A `hutong worker`, at work from now on; what it complains of lies in `complaints`."""
        with self.complaints.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "hutong", "worker"], env=self.environment(), stdout=out, stderr=out
            )

    @property
    def complaints(self) -> Path:
        return self.folder / "worker.txt"

    def submit(self, copies: int, seconds: str = "0.2", **options: str) -> None:
        """An array of jobs that write down that they ran, then take so long. seconds: as the job's shell reads it."""
        command = ["sh", "-c", f'basename "$PWD" >> {self.ran}; sleep {seconds}']
        work = self.folder / f"work-{copies}.yaml"
        work.write_text(yaml.safe_dump({"form": "hutong-job/1", "command": command}), encoding="utf-8")
        given = {"allocation": self.names["hours"], "limit-s": "60", "copies": str(copies), **options}
        words = [w for name, value in given.items() for w in (f"--{name}", value)]
        self.told("compute", "job", "submit", str(work), *words)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the hub's database beside whoever works on it."""
        with sqlite3.connect(f"file:{self.folder}/hutong.sqlite3?mode=ro", uri=True, timeout=30) as database:
            return database.execute(query, values).fetchall()

    def states(self) -> dict[str, int]:
        """Jobs by state."""
        return dict(self.rows("SELECT state, count(*) FROM compute_job GROUP BY state"))

    def turn_of(self) -> str:
        """Whose turn it is, as the lease says."""
        found = self.rows("SELECT holder FROM compute_turn")
        return str(found[0][0]) if found else ""

    def until_over(self, patience_s: float) -> None:
        """Wait until no job waits or runs."""
        ends = time.monotonic() + patience_s
        while {"submitted", "running"} & self.states().keys():
            assert time.monotonic() < ends, (
                self.states(),
                self.complaints.read_text(errors="replace")[-3000:],
            )
            time.sleep(0.2)


def furnish(folder: Path) -> Home:
    """A new home with its people, a centre that runs commands, an active allocation and a centre without agreement."""
    folder.mkdir()
    (folder / "centres.yaml").write_text("here: {engine: local, commands: true}\n", encoding="utf-8")
    bare = Home(folder, {})
    done = subprocess.run(
        [sys.executable, "-c", SETTING], capture_output=True, text=True, env=bare.environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    return Home(folder, json.loads(done.stdout))


def copied(home: Home, folder: Path) -> Home:
    """The same home once more, at another place."""
    shutil.copytree(home.folder, folder)
    return Home(folder, home.names)


def stop(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    """End these workers and wait for them."""
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.wait(timeout=60)


# What `hutong compute audit`, `hutong compute replay` and `hutong doctor` look at, in one process.
BOOKS = """
import json
from hutong.cli.home import open_hub
open_hub()
from hutong.cli.evidence import _findings
from hutong.modules.compute.contract import audit_books, replay_decisions
books, log = audit_books(), replay_decisions(2)
print(json.dumps({
    "faults": [f.rule for f in books if not f.holds] + list(log.faults) + [what for what, ok, _ in _findings() if not ok],
    "audit": {f.rule: f.counted for f in books}, "decisions": log.decisions, "last": log.last,
}))
"""


def sound(home: Home) -> dict[str, Any]:
    """The books audited, the decisions replayed and the hub examined; nothing may be amiss."""
    done = subprocess.run(
        [sys.executable, "-c", BOOKS], capture_output=True, text=True, env=home.environment(), check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["faults"] == []
    return found
