"""A broker in small: the loop that any broker over the adapters turns, made to be killed at any point.

``python -m slurm_bed.broker FOLDER`` goes on where the last one was killed, until every job is done and settled.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from hutong.kernel.errors import Conflict
from hutong.modules.compute.adapters import Adapter, Attempt, Report, Unreachable
from hutong.modules.compute.adapters.slurm import SlurmCentre
from hutong.modules.compute.adapters.slurm_programs import SlurmPrograms
from slurm_bed.journal import Journal, Live, rows_of, told

# How many chips' worth of jobs a centre may have beyond what it can run at once: they wait there, so that no chip
# waits for the broker's next turn.
AHEAD = 1.5
# How long an attempt may wait at a centre, for chips and then to begin, before it is cancelled and the job placed anew.
PATIENCE_S: dict[str, float] = {"pending": 60.0, "starting": 20.0}
_SINCE: dict[tuple[Attempt, str], float] = {}


def turn(journal: Journal, centres: Mapping[str, Adapter], chips: Mapping[str, int]) -> bool:
    """One turn: place, send, look, settle. Whether all is done.

    chips: how many each centre has. A centre that does not answer keeps its attempts: nothing is placed elsewhere.
    """
    place(journal, chips)
    send(journal, centres)
    look(journal, centres)
    bury(journal, centres)
    settle(journal, centres)
    return not journal.count("job WHERE state NOT IN ('finished', 'failed')")


def place(journal: Journal, chips: Mapping[str, int]) -> None:
    """Jobs in their order, each to the centre with the most room in proportion."""
    load = Counter[str]()
    for one in (*journal.live("made"), *journal.live("sent")):
        load[one.centre] += one.task.chips
    choices = []
    for job, task, last in journal.queued(200):
        # A centre that lost the job, or let it wait too long, is not tried twice in a row.
        others = [c for c in chips if c != last] or list(chips)
        name = min(others, key=lambda c: ((load[c] + task.chips) / chips[c], c))
        if load[name] + task.chips > AHEAD * chips[name]:
            break
        load[name] += task.chips
        choices.append((job, name))
    if choices:
        journal.place(choices)


def send(journal: Journal, centres: Mapping[str, Adapter]) -> None:
    """Start what is written down. Whether an earlier turn, or a broker that was killed, already did does not matter."""
    made = journal.live("made")
    with ThreadPoolExecutor(max(1, len(centres))) as pool:
        for one, state in zip(made, pool.map(lambda m: _start(centres[m.centre], m), made), strict=True):
            if state == "sent":
                journal.note([(one.attempt, "sent", "")])
            elif state:
                journal.note([(one.attempt, "dropped", state)], [(one.attempt.job, "queued")])


def _start(centre: Adapter, one: Live) -> str:
    try:
        centre.start(one.attempt, one.task, key=f"start-{one.attempt.name}")
    except Unreachable:
        return ""
    except Conflict as refusal:
        return str(refusal.rule)
    return "sent"


def look(journal: Journal, centres: Mapping[str, Adapter]) -> None:
    """Take in how the attempts stand. What the centre does not know is started again under the same attempt; what it
    lost becomes another attempt. Attempts that are over are looked at until they are settled: a controller that was
    killed may have come back with them alive, and holds chips for them."""
    sent = {one.attempt for one in journal.live("sent")}
    known = [*journal.live("sent"), *journal.unsettled()]
    for name, centre in centres.items():
        mine = [one.attempt for one in known if one.centre == name]
        try:
            reports = centre.poll(mine) if mine else {}
        except Unreachable:
            continue
        for attempt, report in reports.items():
            too_long = (
                report.state in PATIENCE_S and _waited(attempt, report.state) > PATIENCE_S[report.state]
            )
            if too_long or (report.ended and not report.accounted):
                _free(centre, attempt)
            if attempt in sent and report.state == "unknown":
                journal.note([(attempt, "made", "")])
            elif attempt in sent and report.ended and (_job(report) != "queued" or _barred(centre, attempt)):
                journal.note([(attempt, report.state, told(report))], [(attempt.job, _job(report))])


def bury(journal: Journal, centres: Mapping[str, Adapter]) -> None:
    """Cancel what a centre takes for alive and the journal does not: a controller that was killed may come back with
    the state of some seconds ago. What it then books comes late, and the attempt is settled again."""
    known = {one.attempt for one in (*journal.live("made"), *journal.live("sent"), *journal.unsettled())}
    for centre in centres.values():
        with suppress(Unreachable):
            for attempt in set(centre.alive()) - known:
                centre.cancel(attempt, key=f"bury-{attempt.name}")
                journal.reopen(attempt)


def _waited(attempt: Attempt, state: str) -> float:
    """For how long this broker has seen the attempt so."""
    now = time.monotonic()
    return now - _SINCE.setdefault((attempt, state), now)


def _free(centre: Adapter, attempt: Attempt) -> None:
    """The engine may keep chips for what is over."""
    with suppress(Unreachable):
        centre.cancel(attempt, key=f"free-{attempt.name}")


def _barred(centre: Adapter, attempt: Attempt) -> bool:
    """Keep what is to be placed anew from beginning here; whether it has not begun meanwhile."""
    try:
        centre.cancel(attempt, key=f"bar-{attempt.name}")
        report = centre.poll([attempt])[attempt]
    except Unreachable:
        return False
    return report.state == "unknown" or (report.ended and _job(report) == "queued")


def _job(report: Report) -> str:
    return report.state if report.state in ("finished", "failed") else "queued"


def settle(journal: Journal, centres: Mapping[str, Adapter], *, for_good: bool = False) -> None:
    """Book what the centres' accounts have closed; for_good: also what they will never close."""
    open_ones = journal.unsettled()
    for name, centre in centres.items():
        mine = [one.attempt for one in open_ones if one.centre == name]
        try:
            usages = centre.usage(mine) if mine else {}
        except Unreachable:
            continue
        for attempt, usage in usages.items():
            if usage.final or for_good:
                journal.settle(name, attempt, usage.segments, 1 if usage.final else 2)


def reconcile(journal: Journal, centres: Mapping[str, Adapter]) -> int:
    """Read the accounts of all settled attempts again, as before a statement, and take over what they say now; how
    many they had changed. A controller that was killed and came back with an older state ends again what had ended,
    and its accounting then forgets the first end."""
    changed = 0
    settled = journal.settled()
    for name, centre in centres.items():
        usages = centre.usage([one.attempt for one in settled if one.centre == name])
        for attempt, usage in usages.items():
            if rows_of(usage.segments) != sorted(journal.booked(attempt)):
                journal.settle(name, attempt, usage.segments, 1 if usage.final else 2)
                changed += 1
    return changed


def main(folder: Path) -> None:
    plan = json.loads((folder / "centres.json").read_text())
    centres: dict[str, Adapter] = {
        name: SlurmCentre(name, SlurmPrograms(name, Path(conf), export="NIL", timeout_s=15), Path(spool))
        for name, (conf, spool, _) in plan.items()
    }
    chips = {name: count for name, (_, _, count) in plan.items()}
    journal = Journal(folder / "journal.db")
    done = False
    with (folder / "turns.txt").open("a", buffering=1) as turns:
        while not done:
            began = time.monotonic()
            done = turn(journal, centres, chips)
            time.sleep(0.1)
            print(round((time.monotonic() - began) * 1000), file=turns)
    ends = time.monotonic() + 20
    while journal.unsettled() and time.monotonic() < ends:
        look(journal, centres)
        bury(journal, centres)
        settle(journal, centres)
        time.sleep(0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
