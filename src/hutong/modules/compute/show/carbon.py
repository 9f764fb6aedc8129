"""Carbon of computing as people read it: of a job, of an account, and of the hours that the partnership delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum

from hutong.kernel.quantity import HOUR
from hutong.kernel.text import Text
from hutong.modules.compute.models import Job
from hutong.modules.compute.money.carbon import MISSING, NOT_DECLARED
from hutong.modules.compute.queries import Occupied
from hutong.platform.components import Figure
from hutong.platform.evidence import steps_of

ENDED = ("compute.job.finish", "compute.job.fail")
LATELY = timedelta(days=30)
CO2E = Text("CO2e", "碳排放（CO2e）")
SCI = Text(
    "{e} at the centre's meter; SCI with R = this job (ISO/IEC 21031:2024), M not included",
    "中心电表计量{e}；按每项作业计的 SCI（ISO/IEC 21031:2024），未含 M",
)


def grams(g: int) -> Text:
    """From ten kilograms on in kilograms with one decimal, rounded half up."""
    if g < 10_000:
        return Text(f"{g:,} g", f"{g:,}克")
    tenths = (g + 50) // 100
    said = f"{tenths // 10:,}.{tenths % 10}"
    return Text(f"{said} kg", f"{said}千克")


def energy(wh: int) -> Text:
    """In kilowatt-hours, with as many decimals as a watt-hour needs."""
    whole, part = divmod(wh, 1000)
    said = f"{whole:,}" + (f".{part:03d}".rstrip("0") if part else "")
    return Text(f"{said} kWh", f"{said}千瓦时")


def job_figures(job: Job, events: Sequence[Any]) -> tuple[Figure, ...]:
    """What a job that ended emitted, as noted when it did, or which declaration is missing: one query."""
    if job.ended_at is None or job.used_ms is None:
        return ()
    mine = [e for e in events if e.subject == job.code and e.operation in ENDED]
    noted = next((step.noted for step in steps_of(mine[:1])), {})
    if job.carbon_g is None:
        unused = "use" if job.native_ms == 0 else "before"
        why = MISSING[str(noted.get("carbon_missing", unused))]
        return (Figure(CO2E, NOT_DECLARED, definition=why),)
    used = energy(int(noted["energy_wh"])) if "energy_wh" in noted else Text("", "")
    return (Figure(CO2E, grams(job.carbon_g), on=job.ended_at, definition=SCI.format(e=used)),)


def statement_carbon(lines: Sequence[dict[str, Any]]) -> dict[str, Text]:
    """What the job of each claimed line emitted, by its attempt: one query."""
    codes = {str(r["attempt"]): str(r["attempt"]).partition("/")[0] for r in lines}
    told = dict(Job.objects.filter(code__in=set(codes.values())).values_list("code", "carbon_g"))
    return {
        attempt: NOT_DECLARED if (g := told.get(code)) is None else grams(g)
        for attempt, code in codes.items()
    }


def intensity_figure(pools: Sequence[Occupied], now: datetime) -> Figure:
    """What a kilowatt-hour of the centre emits in this hour, and whose figure that is; read with its pools."""
    label = Text("carbon intensity now", "当前碳强度")
    seen = vars(pools[0].pool) if pools else {}
    if seen.get("posted") is None:
        return Figure(
            label, NOT_DECLARED, definition=Text("the operator posts hours as CSV", "由运营人员以CSV公布")
        )
    value = Text(f"{seen['posted']} g/kWh", f"{seen['posted']}克/千瓦时")
    return Figure(label, value, on=now, definition=Text(seen["source"], seen["source"]))


def sum_figure(known: int | None, without: int) -> Figure:
    """Of several jobs. known: grams of those that declare, None where none does; without: how many do not."""
    if known is None:
        return Figure(
            CO2E,
            NOT_DECLARED,
            definition=Text("by no centre that ran a job of it", "运行其作业的中心均未申报"),
        )
    left = Text("of all its jobs that ended", "其全部已结束作业")
    if without:
        left = Text("{n} more jobs are not declared", "另有{n}项作业未申报").format(n=without)
    return Figure(CO2E, grams(known), definition=left)


def account_figure(emitted: int | None, ran: int, told: int) -> tuple[Figure, ...]:
    """What the jobs of an allocation emitted; nothing before one has run. told: how many of those that ran declare it."""
    return (sum_figure(emitted, ran - told),) if ran else ()


def delivered_figure(now: datetime) -> Figure:
    """Grams per chip-hour that the partnership delivered in the last thirty days, over what is declared: one query."""
    label = Text("CO2e of a chip-hour", "每卡时碳排放")
    ran = Job.objects.filter(ended_at__gt=now - LATELY, native_ms__gt=0)
    declared = ran.exclude(carbon_g=None).aggregate(g=Sum("carbon_g"), ms=Sum("native_ms"))
    definition = Text(
        "last 30 days, at the centres that declare power, PUE and intensity",
        "近30天，限申报功率、PUE与碳强度的算力中心",
    )
    if not declared["ms"]:
        return Figure(label, NOT_DECLARED, definition=definition)
    each = (2 * declared["g"] * HOUR + declared["ms"]) // (2 * declared["ms"])
    return Figure(label, grams(each), on=now, definition=definition)
