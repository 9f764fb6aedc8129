"""The second gate of the lane: hours on chips are active."""

from __future__ import annotations

from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.compute.models import Allocation, Job
from hutong.modules.compute.queries import cost_fen
from hutong.platform.components import Cell, Column, Table


def _stamp(system_code: str) -> Text | None:
    found = Allocation.objects.filter(system__code=system_code, granted_ms__gt=0).order_by("-id").first()
    if found is None:
        return None
    granted = ChipTime.of(found.granted_ms)
    return Text(granted.say("en"), granted.say("zh"))


def _shows(system_code: str) -> tuple[Text, Table] | None:
    """What the system cost so far, job by job: chip-time used and the price of it."""
    jobs = (
        Job.objects.select_related("allocation__pool")
        .filter(allocation__system__code=system_code)
        .order_by("id")
    )
    rows = tuple(
        (Cell(j.code), Cell(_both(ChipTime.of(j.used_ms or 0))), Cell(_both(Money.of(cost_fen(j)))))
        for j in jobs
    )
    if not rows:
        return None
    title = Text("What it cost", "费用")
    columns = (
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Used", "实际用量"), "number"),
        Column(Text("Cost", "费用"), "number"),
    )
    return title, Table(title, columns, rows, caption_hidden=True)


def _both(quantity: ChipTime | Money) -> Text:
    return Text(quantity.say("en"), quantity.say("zh"))


declare_stage(
    Stage(
        number=2,
        key="hours",
        title=Text("Hours", "算力"),
        begun=("compute.allocation.request",),
        done=("compute.allocation.activate",),
        closed=("compute.allocation.reject",),
        stamp=_stamp,
        shows=_shows,
    )
)
