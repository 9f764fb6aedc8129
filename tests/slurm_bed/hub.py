"""A whole hub over the bed: its centres join by operations, its jobs are arrays, its broker is `hutong worker`.

The worker is killed and started again while jobs run, and so are controllers. Needs ``tests/modules`` on the path.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from compute.home import Home, stop

from slurm_bed.bed import Bed
from slurm_bed.daemons import BedFailed
from slurm_bed.driver import Faults, Work, strike

SETTING = """
import json, sys
from datetime import timedelta
from hutong.cli.home import open_hub
open_hub()
from lane import Lane
from tests_hub import Hub
from hutong.kernel.clock import SYSTEM_CLOCK, SteppingClock, local_date
from hutong.kernel.permission import Role
given = json.loads(sys.argv[1])
class Generous(Hub):
    def do(self, who, operation, **given):
        if operation in ("calls.call.draft", "calls.proposal.submit", "calls.award.grant"):
            given["hours"] = str(int(given["hours"]) * 10)
        return super().do(who, operation, **given)
hub = Generous()
hub.clock = SteppingClock(SYSTEM_CLOCK.now() - timedelta(days=8))
lane = Lane(hub)
lane.award()
hub.clock = SYSTEM_CLOCK
today = local_date(SYSTEM_CLOCK.now())
centres = {}
for number, name in enumerate(given["centres"]):
    if number:
        who = hub.actor(Role.CENTRE_OPERATOR, hub.organisation(name.title()))
    else:
        who = lane.who("operator", Role.CENTRE_OPERATOR, "centre")
    centre = hub.do(who, "compute.centre.register", name_en=name.title(), name_zh=name, connection=name)
    pool = hub.do(who, "compute.pool.open", centre=centre, chip=given["chip"], chips=given["chips"],
                  node_chips=given["node_chips"], price="3.50")
    offer = hub.do(who, "compute.agreement.offer", centre=centre, guaranteed="0%", lendable="100%", notice_min=60,
                   valid_from=today.isoformat(), valid_to=(today + timedelta(days=30)).isoformat())
    hub.do(lane.office, "compute.agreement.sign", agreement=offer)
    centres[centre.code] = name
    lane.made.setdefault("pool", pool)
hours = lane.allocation("400")
lane.activate()
print(json.dumps({"engineer": lane.engineer.code, "hours": hours.code, "centres": centres}))
"""
SUBMIT = """
import json, sys
from hutong.cli.home import actor_named, open_hub
open_hub()
from hutong.platform import runner
given = json.loads(sys.stdin.read())
who = actor_named(given["who"])
for one in given["arrays"]:
    work = {"form": "hutong-job/1", "command": one["command"]}
    runner.run(who, "compute.job.submit", {
        "work": work, "allocation": given["hours"], "chips": one["chips"], "limit_s": given["limit_s"],
        "copies": one["copies"],
    })
"""
# Each job of an array finds its line in the array's table: what it is called and how long it takes. It notes its
# beginning and its end, under which of the hub's codes, and when.
PAYLOAD = (
    'set -- $(sed -n "${HUTONG_NUMBER}p" "$1") "$2"; trace="$3/$1"; job="$(basename "$PWD")"; '
    'echo "begin $$ $job $(date +%s.%N)" >>"$trace"; '
    'sleep "$2" && echo "end $$ $job $(date +%s.%N)" >>"$trace"'
)
LIMIT_S = 300
# Jobs of one submission; many small arrays, so that the queue holds the sizes as mixed as the work is.
BATCH = 25
PATIENCE_S = 1800.0


@dataclass(slots=True)
class HubRun:
    """What happened while the work ran. seconds: from the first submission until no job waited or ran."""

    began: float
    submitted_s: float = 0.0
    seconds: float = 0.0
    killed: Counter[str] = field(default_factory=Counter)


def furnished(bed: Bed, folder: Path) -> Home:
    """A hub in `folder` whose centres are those of the bed by Slurm's programs."""
    entries = {
        c.name: {"engine": "slurm", "conf": str(c.conf), "export": "NIL"} for c in bed.centres.values()
    }
    shape = bed.shape
    return joined(folder, entries, shape.model, shape.nodes * shape.chips, shape.chips)


def joined(
    folder: Path, entries: Mapping[str, Mapping[str, object]], chip: str, chips: int, node_chips: int
) -> Home:
    """A hub in `folder` with a centre for each entry of its ``centres.yaml``, each with so many chips that it lends."""
    folder.mkdir(parents=True)
    (folder / "centres.yaml").write_text(yaml.safe_dump(dict(entries)), encoding="utf-8")
    given = {"centres": list(entries), "chip": chip, "chips": chips, "node_chips": node_chips}
    said = _python(Home(folder, {}), SETTING, json.dumps(given))
    return Home(folder, json.loads(said))


def submit(home: Home, work: Work) -> Path:
    """Queue the work as arrays; the folder of its traces."""
    traces, tables = home.folder / "traces", home.folder / "tables"
    traces.mkdir()
    tables.mkdir()
    arrays = list(_arrays(work, traces, tables))
    given = {
        "who": home.names["engineer"],
        "hours": home.names["hours"],
        "limit_s": LIMIT_S,
        "arrays": arrays,
    }
    _python(home, SUBMIT, stdin=json.dumps(given))
    return traces


def _arrays(work: Work, traces: Path, tables: Path) -> Iterator[dict[str, object]]:
    tasks = list(work.tasks(traces).items())
    for first in range(0, len(tasks), BATCH):
        batch = tasks[first : first + BATCH]
        for chips in sorted({task.chips for _, task in batch}):
            lines = [f"{name} {task.command[5]}" for name, task in batch if task.chips == chips]
            table = tables / f"{first}-{chips}"
            table.write_text("\n".join([*lines, ""]), encoding="ascii")
            command = ["sh", "-c", PAYLOAD, "payload", str(table), str(traces)]
            yield {"command": command, "chips": chips, "copies": len(lines)}


def _python(home: Home, script: str, *words: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        input=stdin, capture_output=True, text=True, env=home.environment(), check=False,
    )  # fmt: skip
    if done.returncode:
        raise BedFailed(done.stderr[-3000:])
    return done.stdout


def through_hub(bed: Bed, home: Home, work: Work, faults: Faults) -> HubRun:
    """Run the work through the hub's own worker, killing it and controllers at random points of the progress."""
    worker = home.worker()
    run = HubRun(time.time())
    try:
        submit(home, work)
        run.submitted_s = time.time() - run.began
        for what, chance in _points(bed, run, home, work, faults):
            if what == "controller":
                strike(bed, chance, faults.away_s)
            else:
                # Not at the moment at which progress was made, but somewhere in the loop.
                time.sleep(chance.uniform(0, 1.5))
                worker.kill()
                worker.wait()
                worker = home.worker()
            run.killed[what] += 1
        while {"submitted", "running"} & home.states().keys():
            _wait(bed, run, home)
        run.seconds = time.time() - run.began
    finally:
        stop([worker])
    return run


def _points(
    bed: Bed, run: HubRun, home: Home, work: Work, faults: Faults
) -> Iterator[tuple[str, random.Random]]:
    """What to kill, each time its point of progress is reached."""
    chance = random.Random(faults.seed)
    points = [(chance.uniform(0.0, 0.95), "broker") for _ in range(faults.brokers)]
    points += [
        ((n + chance.random()) / (faults.controllers + 1), "controller") for n in range(faults.controllers)
    ]
    for point, what in sorted(points):
        while home.states().get("finished", 0) < point * work.jobs:
            _wait(bed, run, home)
        yield what, chance


def _wait(bed: Bed, run: HubRun, home: Home) -> None:
    """A moment, in which nodes that a killed controller drained are brought back, as an operator does."""
    if time.time() - run.began > PATIENCE_S:
        raise BedFailed(f"{home.states()} {home.complaints.read_text(errors='replace')[-3000:]}")
    if int(time.time()) % 5 == 0:
        for centre in bed.centres.values():
            centre.resume()
    time.sleep(0.3)
