"""What a waiting job can expect: where, when, at what price, what keeps it, and what would start it sooner.

Kept on the job by each turn of the broker, so that a page asks nothing of the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hutong.engines.broker.decide import Expected, Picture, decide, expect, possible, say_impossible
from hutong.engines.broker.money import from_ms
from hutong.kernel.clock import ZONE
from hutong.kernel.errors import Denied, Invalid
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.modules.compute.broker.picture import admitting_of, asked_of, picture
from hutong.modules.compute.models import Job, Pool
from hutong.platform.components import Cell, Column, Table

# Explaining a job replays the cycle some dozen times: the first in the queue are told all, the others their turn.
MOST_EXPLAINED = 40
FORESEEN = 200


def refresh(seen: Picture, waits: Sequence[str]) -> int:
    """Write the outlook of the waiting jobs that changed; returns how many did."""
    told = {e.job: _outlook(e) for e in expect(seen, waits[:MOST_EXPLAINED], _clock, _length)}
    told |= {job: {"place": place} for place, job in enumerate(waits, 1) if job not in told}
    jobs = Job.objects.filter(code__in=told, state="submitted").only("pk", "code", "outlook")
    changed = [job for job in jobs if job.outlook != told[job.code]]
    for job in changed:
        job.outlook = told[job.code]
    Job.objects.bulk_update(changed, ["outlook"], batch_size=500)
    return len(changed)


def foresee(job: Job, now: datetime) -> None:
    """The outlook of a job that is being submitted. `Invalid` job.impossible where no pool could ever take it."""
    ahead = Job.objects.filter(state="submitted", pk__lt=job.pk).count()
    # Behind a long queue nothing is foreseen in the moment of submission; the next turn of the broker tells.
    seen = picture(now, FORESEEN if ahead <= FORESEEN else 0)
    pools = Pool.objects.filter(code__in=[o.pool for o in seen.offers]).select_related("centre")
    asked = asked_of(job, admitting_of(pools))
    offers = [o for o in seen.offers if asked.pools is None or o.pool in asked.pools]
    verdict = possible(asked, offers, seen.now_ms)
    if not offers and seen.offers:
        raise _no_commands()
    if offers and not verdict.possible and not job.allocation.pool.by_operator:
        said = say_impossible(verdict, _clock, lambda fen: Money.of(fen).say("en"))
        more = said[1:] or (Text("Change the request.", "请调整申请。"),)
        raise Invalid(
            said[0],
            rule="job.impossible",
            remedy=Text(" ".join(t.en for t in more), "".join(t.zh for t in more)),
            field=FIELDS.get(verdict.conflict[0] if verdict.conflict else "", "chips"),
        )
    if ahead > FORESEEN:
        job.outlook = {"place": ahead + 1}
        return
    waiting = tuple(w for w in seen.waiting if w.job != asked.job)
    with_it = Picture(seen.now_ms, seen.offers, seen.running, (*waiting, asked), seen.accounts)
    start = next((s for s in decide(with_it).starts if s.job == asked.job), None)
    if start is not None:
        fen = -(-asked.chips * asked.limit_ms * start.fen_per_hour // 3_600_000)
        job.outlook = {"starts": start.pool, "fen": fen}
        return
    found = expect(with_it, [asked.job], _clock, _length)
    job.outlook = _outlook(found[0]) if found else {}


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


FIELDS = {
    "zone": "allocation",
    "chip": "accept",
    "count": "chips",
    "deadline": "deadline",
    "budget": "limit_s",
}


def _outlook(told: Expected) -> dict[str, Any]:
    options = [
        {"en": words.en, "zh": words.zh, "pool": pool, "start_ms": start, "fen": fen}
        for words, pool, start, fen in told.options
    ]
    return {"en": told.why.en, "zh": told.why.zh, "options": options}


def _clock(ms: int) -> str:
    return f"{from_ms(ms).astimezone(ZONE):%m-%d %H:%M}"


def _length(ms: int) -> str:
    hours, minutes = divmod(-(-ms // 60_000), 60)
    return f"{hours}:{minutes:02d} h"


def lead(job: Job) -> Text | None:
    """Why a job has not started and when it will, in a sentence or two; None once it has."""
    if job.state != "submitted":
        return None
    pool = job.allocation.pool
    if pool.by_operator:
        return Text("It waits for the operator of {p} to start it.", "等待 {p} 的运营人员启动。").format(
            p=pool.code
        )
    told = job.outlook
    if "starts" in told:
        return Text(
            "It starts at {p} within seconds, for {c} at most.", "数秒内在 {p} 启动，费用至多 {c}。"
        ).format(p=told["starts"], c=_money(told["fen"]))
    if "place" in told:
        return Text("It is number {n} in the queue.", "排队第{n}位。").format(n=told["place"])
    if "en" not in told:
        return Text("The broker looks at it within seconds.", "调度将在数秒内处理。")
    asked = next((o for o in told["options"] if o["en"].startswith("As asked")), None)
    why = Text(told["en"], told["zh"])
    if asked is None:
        return why
    cost = Text("It costs {c} at most.", "费用至多 {c}。").format(c=_money(asked["fen"]))
    return Text(f"{why.en} {asked['en']} {cost.en}", f"{why.zh}{asked['zh']}{cost.zh}")


def _money(fen: int) -> Text:
    return Text(Money.of(fen).say("en"), Money.of(fen).say("zh"))


def options_table(job: Job) -> tuple[tuple[Text, Table], ...]:
    """What else could be asked for: what changes, where and when it starts, what it costs at most."""
    options = job.outlook.get("options") if job.state == "submitted" else None
    if not options:
        return ()
    title = Text("What would start it", "如何启动")
    columns = (
        Column(Text("Option", "方案")),
        Column(Text("Pool", "算力池"), "code"),
        Column(Text("At most", "费用至多"), "number"),
    )
    rows = tuple(
        (
            Cell(Text(o["en"], o["zh"])),
            Cell(o["pool"], url=f"/compute/pool/{o['pool']}"),
            Cell(_money(o["fen"])),
        )
        for o in options
    )
    return ((title, Table(title, columns, rows, caption_hidden=True)),)
