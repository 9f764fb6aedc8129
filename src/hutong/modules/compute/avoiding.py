"""Centres that will not have a job, and why: its operator declined it or its organisation, or a try of it failed there.

`Job.avoid` holds {centre, why, by}. by: job or organisation, a refusal that stands; failure, which holds for the next try
and only while another centre could take the job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hutong.engines.broker.decide import Asked, Offer, may_run
from hutong.kernel.text import Text
from hutong.modules.compute.models import Allocation, Job
from hutong.platform.evidence import payloads_of
from hutong.platform.ledger.tables import Event

BAR, ADMIT = "compute.centre.bar", "compute.centre.admit"
# Ends that are the centre's doing, and likely there again.
FAILURES = ("node_failed", "lost")
FAILED = {
    "node_failed": Text("a node failed there", "该中心节点曾故障"),
    "lost": Text("it was lost there", "该中心曾丢失该作业"),
}


def added(job: Job, centre: str, why: str, by: str) -> None:
    """Let the job avoid a centre; the latest word of one kind counts."""
    others = [a for a in job.avoid if (a["centre"], a["by"]) != (centre, by)]
    job.avoid = [*others, {"centre": centre, "why": why, "by": by}]
    unpromised(job)


def dropped(job: Job, *, by: str, centre: str = "") -> bool:
    """Take a reason back, of one centre or of all; whether there was one."""
    left = [a for a in job.avoid if a["by"] != by or (centre and a["centre"] != centre)]
    found = len(left) < len(job.avoid)
    job.avoid = left
    return found


def after_failure(job: Job, centre: str, ending: str) -> None:
    """The next try goes elsewhere, if it can."""
    if ending in FAILURES:
        added(job, centre, ending, "failure")


def begins(job: Job) -> None:
    """What held until this start holds no longer: where its last try failed, what it was promised."""
    dropped(job, by="failure")
    unpromised(job)


def unpromised(job: Job) -> None:
    """What a waiting job was told of its start is told anew."""
    job.outlook = {k: v for k, v in job.outlook.items() if k not in ("greener", "starts", "fen")}


def refused_by(job: Job, centre: str) -> dict[str, Any] | None:
    """The refusal of a centre that stands; None where it has the job."""
    return next((a for a in job.avoid if a["centre"] == centre and a["by"] != "failure"), None)


def away(asked: Asked, job: Job, offers: Sequence[Offer]) -> Asked:
    """The job with the centres that it avoids: those that refuse it, and where it failed if another could take it."""
    if not job.avoid:
        return asked
    refusing = tuple(dict.fromkeys(a["centre"] for a in job.avoid if a["by"] != "failure"))
    failed = tuple(a["centre"] for a in job.avoid if a["by"] == "failure")
    everywhere = replace(asked, avoid=tuple(dict.fromkeys((*refusing, *failed))))
    if not failed or any(_could(everywhere, o) for o in offers):
        return everywhere
    return replace(asked, avoid=refusing)


def _could(asked: Asked, offer: Offer) -> bool:
    lends = offer.centre == asked.centre or offer.lendable is None or offer.lendable >= asked.chips
    fits = asked.chips <= offer.total and lends
    return fits and may_run(offer, asked.accept, asked.regions, asked.pools, asked.avoid)


def barred(allocation: Allocation) -> list[dict[str, str]]:
    """The centres that decline the organisation of an allocation, as entries of `Job.avoid`: from the ledger, where the
    latest word of each centre counts. Its own centre is none of them: own users cannot be declined."""
    events = list(Event.objects.filter(operation__in=(BAR, ADMIT)).order_by("seq"))
    given = payloads_of(e.seq for e in events) if events else {}
    organisation, home = allocation.organisation.code, allocation.pool.centre.code
    found: dict[str, str] = {}
    for event in events:
        told = given.get(event.seq, {}).get("input", {})
        if told.get("organisation") != organisation or event.subject == home:
            continue
        if event.operation == BAR:
            found[event.subject] = str(told.get("reason", ""))
        else:
            found.pop(event.subject, None)
    return [{"centre": centre, "why": why, "by": "organisation"} for centre, why in found.items()]


def sentences(job: Job) -> tuple[Text, ...]:
    """Who will not have a waiting job, and why."""
    return tuple(_say(a) for a in job.avoid) if job.state == "submitted" else ()


def _say(one: dict[str, Any]) -> Text:
    if one["by"] == "failure":
        words = FAILED.get(one["why"], Text(one["why"], one["why"]))
        return Text("It avoids {c} for its next try: {w}.", "下次运行避开 {c}：{w}。").format(
            c=one["centre"], w=words
        )
    what = Text("it", "该作业") if one["by"] == "job" else Text("its organisation", "该单位")
    return Text("{c} declined {o}: {w}", "{c} 拒绝了{o}：{w}").format(c=one["centre"], o=what, w=one["why"])
