"""The second gate of the lane: hours on chips are active."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.kernel.quantity import ChipTime, Money
from hutong.kernel.stage import Shown, Stage, Step, by_code, declare_stage
from hutong.kernel.text import Text
from hutong.platform.components import Cell, Column, Table

ENDED = ("compute.job.finish", "compute.job.fail", "compute.job.cancel", "compute.job.give_back")


def _granted(step: Step) -> Text:
    """The hours that were activated; the code of a request that was rejected."""
    granted = step.noted.get("granted_ms")
    return by_code(step) if granted is None else _both(ChipTime.of(granted))


def _cost(system_code: str, dossier: Sequence[Step], closed: bool) -> Shown | None:
    """What the system cost so far, job by job: chip-time used and the price of it, as noted when each job ended
    or gave its chips back."""
    ended = [s for s in dossier if s.operation in ENDED and "cost_fen" in s.noted]
    rows = tuple(
        (
            Cell(s.subject, url=f"/compute/job/{s.subject}"),
            Cell(_both(ChipTime.of(s.noted["used_ms"]))),
            Cell(_both(Money.of(s.noted["cost_fen"]))),
        )
        for s in ended
    )
    if not rows:
        return None
    title = Text("What it cost", "费用")
    columns = (
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Used", "实际用量"), "number"),
        Column(Text("Cost", "费用"), "number"),
    )
    return Shown(section=(title, Table(title, columns, rows, caption_hidden=True)))


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
        stamp=_granted,
        shows=_cost,
    )
)
