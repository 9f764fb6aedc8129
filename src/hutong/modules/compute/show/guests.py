"""Jobs of others that may come to a centre, for its operator, who may decline them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hutong.kernel.permission import Actor, Allowed, decide
from hutong.kernel.text import Text
from hutong.modules.compute import avoiding
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import Centre, Job
from hutong.modules.compute.show.words import count, span
from hutong.platform.components import Cell, Column, EmptyState, State, Table

TITLE = Text("Jobs of others that may come here", "可能来此运行的外部作业")
SHOWN = 50


def guests_section(
    jobs: Iterable[Job], centre: Centre, chips: set[str], actor: Actor
) -> tuple[tuple[Text, Any], ...]:
    """For those who may decline at this centre; nothing for others. jobs: `gantt.at_centre`."""
    if not isinstance(decide(may.CENTRE_DECLINE, actor, centre), Allowed):
        return ()
    found = [j for j in jobs if j.state == "submitted" and _may_come(j, centre, chips)]
    columns = (
        Column(Text("Job", "计算作业"), "code"),
        Column(Text("Organisation", "单位")),
        Column(Text("Chips", "卡数"), "number"),
        Column(Text("Limit", "时限"), "number"),
        Column(Text("Here", "在本中心")),
    )
    nothing = EmptyState(Text("No job of others waits that could run here.", "当前无可在此运行的外部作业。"))
    return (
        (
            TITLE,
            Table(
                TITLE,
                columns,
                tuple(_row(j, centre) for j in found[:SHOWN]),
                empty=nothing,
                caption_hidden=True,
            ),
        ),
    )


def _may_come(job: Job, centre: Centre, chips: set[str]) -> bool:
    elsewhere = job.reservation is not None and job.reservation.pool.centre_id != centre.pk
    guest = job.allocation.pool.centre_id != centre.pk and not elsewhere
    return guest and bool(chips & {*(job.accept or [job.allocation.pool.chip])})


def _row(job: Job, centre: Centre) -> tuple[Cell, ...]:
    house = job.allocation.organisation
    refusal = avoiding.refused_by(job, centre.code)
    state = State(Text("may come", "可来此运行"), "open")
    if refusal is not None:
        why = Text(refusal["why"], refusal["why"])
        state = State(Text("declined", "已拒绝"), "stopped", note=why)
    return (
        Cell(job.code),
        Cell(Text(f"{house.code} {house.name_en}", f"{house.code} {house.name_zh}")),
        Cell(count(job.chips)),
        Cell(span(job.limit_s * 1000)),
        Cell(state),
    )
