"""What a waiting job can expect: where, when, at what price, what keeps it, and what would start it sooner.

Kept on the job by each turn of the broker, so that a page asks nothing of the engine. `soon` is the interval of its start as
the broker sees it now; `foretold` the first that was told: it stays, and what came of it corrects later ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from hutong.engines.broker.decide import Asked, Expected, Picture, decide, expect, possible, say_impossible
from hutong.engines.broker.decide.calendar import pool_of
from hutong.engines.broker.decide.cycle import in_turn, lets_in
from hutong.engines.broker.decide.expect import foretell
from hutong.engines.broker.money import from_ms
from hutong.kernel.clock import ZONE
from hutong.kernel.errors import Denied, Invalid
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.modules.compute.avoiding import away, sentences
from hutong.modules.compute.broker.picture import admitting_of, asked_of, picture
from hutong.modules.compute.greener import REASON, outlooks
from hutong.modules.compute.models import Job, Pool
from hutong.modules.compute.runtimes import Learned, learned
from hutong.modules.compute.show.expected import as_asked, option, options_of, sentence
from hutong.modules.compute.show.words import money
from hutong.platform.components import Table

Outlook = dict[str, Any]
# The first in the queue are told all, the others their turn. Explaining a job replays the cycle some dozen times, so that
# a turn of the broker explains a few: those that were told nothing yet, then the others in rotation.
MOST_EXPLAINED, AT_ONCE = 40, 8
FORESEEN = 200
# An interval stands for so long before it is computed anew.
FRESH_S = 60


def refresh(seen: Picture, waits: Sequence[str], more: Mapping[str, Outlook] | None = None) -> int:
    """Write the outlook of the waiting jobs that changed; returns how many did. more: what else is told, by job."""
    jobs = {
        job.code: job
        for job in Job.objects.filter(code__in=[*waits], state="submitted").only("pk", "code", "outlook")
    }
    first = [jobs[code] for code in waits[:MOST_EXPLAINED] if code in jobs]
    chosen = _chosen(first, seen.now_ms)
    told: dict[str, Outlook] = {code: {} for code in chosen}
    told |= {e.job: _outlook(e) for e in expect(seen, chosen, clock, length)}
    intervals = _intervals(seen, first)
    changed = []
    for place, code in enumerate(waits, 1):
        if code not in jobs:
            continue
        job = jobs[code]
        known = told.get(code, _explained(job.outlook) if place <= MOST_EXPLAINED else {})
        fresh = {**(known or {"place": place}), **intervals.get(code, _foretold(job.outlook))}
        fresh |= (more or {}).get(code, {})
        if fresh != job.outlook:
            job.outlook = fresh
            changed.append(job)
    Job.objects.bulk_update(changed, ["outlook"], batch_size=500)
    return len(changed)


def _chosen(first: Sequence[Job], now_ms: int) -> list[str]:
    """The jobs that are explained in this turn."""
    new = [j.code for j in first if "en" not in j.outlook]
    old = [j.code for j in first if "en" in j.outlook]
    turn = now_ms // 1000 % len(old) if old else 0
    return [*new, *old[turn:], *old[:turn]][:AT_ONCE]


def _explained(told: Outlook) -> Outlook:
    return {k: told[k] for k in ("en", "zh", "options", "promised") if k in told} if "en" in told else {}


def _foretold(told: Outlook) -> Outlook:
    return {"foretold": told["foretold"]} if "foretold" in told else {}


def _intervals(seen: Picture, jobs: Sequence[Job]) -> dict[str, Outlook]:
    """`soon` and `foretold` of these jobs by code; computed for all anew once one of them is a minute old."""
    now_s = seen.now_ms // 1000
    if all(now_s - j.outlook.get("soon", {}).get("at", 0) < FRESH_S for j in jobs):
        return {j.code: {"soon": j.outlook["soon"], **_foretold(j.outlook)} for j in jobs}
    waiting = in_turn(seen)[:FORESEEN]
    known = learned(from_ms(seen.now_ms), [a.job for a in waiting])
    soon = soons(seen, waiting, known)
    return {j.code: _with(soon.get(j.code, {"at": now_s}), j.outlook) for j in jobs}


def _with(soon: Outlook, told: Outlook) -> Outlook:
    """The interval of now, which is the one that is kept where none was told before."""
    kept = _foretold(told) or ({"foretold": soon} if "low" in soon else {})
    return {"soon": soon, **kept}


def soons(seen: Picture, waiting: Sequence[Asked], known: Learned) -> dict[str, Outlook]:
    """When and where each of these waiting jobs starts, in seconds, as far as ended jobs tell; only `at` where they do not."""
    at = seen.now_ms // 1000
    if not known.ready or not seen.offers:
        return {a.job: {"at": at} for a in waiting}
    played = foretell(seen, waiting, known.drawn(seen, waiting))
    made: dict[str, Outlook] = {}
    for place, asked in enumerate(waiting):
        found = known.interval(played.starts(place), seen.now_ms)
        made[asked.job] = {"at": at}
        if found is not None:
            given, raw = found
            made[asked.job] |= {"raw": raw, "low": given.low, "middle": given.middle, "high": given.high,
                                "pool": pool_of(seen, seen.offers[played.pool(place)].pool)}  # fmt: skip
    return made


def foresee(job: Job, now: datetime) -> None:
    """The outlook of a job that is being submitted. `Invalid` job.impossible where no pool could ever take it."""
    ahead = Job.objects.filter(state="submitted", pk__lt=job.pk).count()
    # Behind a long queue nothing is foreseen in the moment of submission; the next turn of the broker tells.
    seen = picture(now, FORESEEN if ahead <= FORESEEN else 0)
    pools = Pool.objects.filter(code__in=[o.pool for o in seen.offers]).select_related("centre")
    asked = away(asked_of(job, admitting_of(pools)), job, seen.offers)
    _refuse_impossible(job, asked, seen)
    if ahead > FORESEEN:
        job.outlook = {"place": ahead + 1}
        return
    with_it = replace(seen, waiting=(*(w for w in seen.waiting if w.job != asked.job), asked))
    made = decide(with_it)
    greener = outlooks(with_it, made, clock).get(asked.job)
    if greener is not None:
        # Told, and promised by the next turn of the broker.
        job.outlook = {"en": greener[REASON]["en"], "zh": greener[REASON]["zh"], "options": []}
        return
    start = next((s for s in made.starts if s.job == asked.job), None)
    if start is not None:
        fen = -(-(asked.most or asked.chips) * asked.limit_ms * start.fen_per_hour // 3_600_000)
        job.outlook = {"starts": pool_of(with_it, start.pool), "fen": fen}
        return
    found = expect(with_it, [asked.job], clock, length)
    waiting = in_turn(with_it)
    before = waiting[: waiting.index(asked) + 1]
    soon = soons(with_it, before, learned(now, [a.job for a in before]))[asked.job]
    job.outlook = {**(_outlook(found[0]) if found else {}), **_with(soon, {})}


def _refuse_impossible(job: Job, asked: Asked, seen: Picture) -> None:
    offers = [o for o in seen.offers if lets_in(o, asked.pools, asked.avoid)]
    verdict = possible(asked, offers, seen.now_ms)
    if not offers and seen.offers:
        raise _no_commands()
    if not offers or verdict.possible or job.allocation.pool.by_operator:
        return
    said = say_impossible(verdict, clock, lambda fen: Money.of(fen).say("en"))
    more = said[1:] or (Text("Change the request.", "请调整申请。"),)
    raise Invalid(
        said[0],
        rule="job.impossible",
        remedy=Text(" ".join(t.en for t in more), "".join(t.zh for t in more)),
        field=FIELDS.get(verdict.conflict[0] if verdict.conflict else "", "chips"),
    )


def _no_commands() -> Denied:
    return Denied(
        Text("No centre of this hub runs commands of people.", "本平台尚无运行用户命令的算力中心。"),
        rule="job.commands",
        remedy=Text(
            "The hub's operator admits them per connection in centres.yaml (commands: true).",
            "由平台运维人员在 centres.yaml 中按接入方式开放（commands: true）。",
        ),
        field="work",
    )


FIELDS: Mapping[str, str] = {
    "zone": "allocation",
    "chip": "accept",
    "count": "chips",
    "deadline": "deadline",
    "budget": "limit_s",
}


def _outlook(told: Expected) -> Outlook:
    made: Outlook = {"en": told.why.en, "zh": told.why.zh, "options": [option(o) for o in told.options]}
    if told.promised is not None:
        made["promised"] = {"pool": told.promised[0], "start_ms": told.promised[1]}
    return made


def clock(ms: int) -> str:
    """Beijing time of an instant in milliseconds, to the minute."""
    return f"{from_ms(ms).astimezone(ZONE):%m-%d %H:%M}"


def length(ms: int) -> str:
    """A span in hours and minutes, the minute begun counted."""
    hours, minutes = divmod(-(-ms // 60_000), 60)
    return f"{hours}:{minutes:02d} h"


def lead(job: Job) -> Text | None:
    """Why a job has not started and when it will, in a sentence or two, and who will not have it; None once it has."""
    if job.state != "submitted":
        return None
    said = (_lead(job), *sentences(job))
    return Text(" ".join(t.en for t in said), "".join(t.zh for t in said))


def _lead(job: Job) -> Text:
    pool = job.allocation.pool
    if pool.by_operator:
        return Text("It waits for the operator of {p} to start it.", "等待 {p} 的运营人员启动。").format(
            p=pool.code
        )
    told = job.outlook
    if "starts" in told:
        return Text(
            "It starts at {p} within seconds, for {c} at most.", "数秒内在 {p} 启动，费用至多 {c}。"
        ).format(p=told["starts"], c=money(told["fen"]))
    if REASON in told:
        return Text(told[REASON]["en"], told[REASON]["zh"])
    when, asked = sentence(told, timezone.now()), as_asked(told)
    said = [when] if when is not None else []
    if "en" in told:
        said.insert(0, Text(told["en"], told["zh"]))
    elif "place" in told:
        said.insert(0, Text("It is number {n} in the queue.", "排队第{n}位。").format(n=told["place"]))
    if asked is not None:
        said.append(Text("It costs {c} at most.", "费用至多 {c}。").format(c=money(asked["fen"])))
    if not said:
        return Text("The broker looks at it within seconds.", "调度将在数秒内处理。")
    return Text(" ".join(t.en for t in said), "".join(t.zh for t in said))


def options_table(job: Job) -> tuple[tuple[Text, Table], ...]:
    """What else could be asked for; nothing once the job does not wait."""
    return options_of(job.outlook, timezone.now()) if job.state == "submitted" else ()
