"""Pilots: propose, start, record, halt, resume."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.clock import local_date
from hutong.kernel.errors import Conflict, Denied
from hutong.kernel.operation import FileRef, Help, Long, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.passport.contract import Version
from hutong.modules.scenarios import policy as may
from hutong.modules.scenarios.batches import Row, read_batch
from hutong.modules.scenarios.cover import cover_of
from hutong.modules.scenarios.lifecycle import PILOT
from hutong.modules.scenarios.models import Opportunity, Pilot, PilotRecord
from hutong.platform import files
from hutong.platform.context import RunContext


@operation(
    "scenarios.pilot.propose",
    permission=may.PILOT_PROPOSE,
    title=Text("Propose a pilot", "申请试点"),
    sentence=Text("proposed the pilot {subject}", "申请了试点 {subject}"),
    lifecycle=PILOT,
    creates=Pilot,
)
def pilot_propose(
    ctx: RunContext,
    opportunity: Opportunity,
    *,
    version: Version,
    approach: Annotated[str, Text("How it is used in the scenario", "在场景中的使用方式"), Long(10_000)],
) -> Pilot:
    """Offer a frozen version of an own system, with a live certificate and a live filing, for a published scenario."""
    if opportunity.state != "published":
        raise Conflict(
            Text("This opportunity takes no proposals.", "该场景机会不接受申请。"),
            rule="pilot.opportunity_closed",
            remedy=Text("Look for opportunities that are published.", "请查看已发布的场景机会。"),
            field="opportunity",
        )
    _own_and_frozen(ctx, opportunity, version)
    cover = cover_of(version.code, local_date(ctx.now))
    refusal = cover.refusal()
    if refusal is not None:
        raise refusal
    ctx.note(version=version.code, model_sha256=version.model_sha256, tests=opportunity.tests)
    return Pilot(
        opportunity=opportunity,
        system=version.system,
        version_used=version,
        certificate=cover.certificate or "",
        filing=cover.filing or "",
        approach=approach,
    )


def _own_and_frozen(ctx: RunContext, opportunity: Opportunity, version: Version) -> None:
    house = version.system.organisation_id
    if house != ctx.organisation:
        raise Denied(
            Text("{s} belongs to another organisation.", "{s} 属于其他单位。").format(s=version.system.code),
            rule="pilot.own_system",
            remedy=Text("Propose a system of your own organisation.", "请以本单位的系统申请。"),
            field="version",
        )
    if house == opportunity.organisation_id:
        raise Denied(
            Text("An owner does not judge a system of its own.", "场景业主不得验收本单位的系统。"),
            rule="pilot.conflict_of_interest",
            remedy=Text("Let another owner open the scenario.", "请由其他业主开放场景。"),
            field="version",
        )
    if version.state != "frozen":
        raise Conflict(
            Text("The version {v} is not the frozen one.", "版本 {v} 已不是固定版本。").format(
                v=version.code
            ),
            rule="pilot.version_superseded",
            remedy=Text("Propose the version that is frozen now.", "请以当前固定版本申请。"),
            field="version",
        )


@operation(
    "scenarios.pilot.start",
    permission=may.PILOT_START,
    title=Text("Start the pilot", "启动试点"),
    sentence=Text("started the pilot {subject}", "启动了试点 {subject}"),
    lifecycle=PILOT,
    transition=PILOT.start,
)
def pilot_start(ctx: RunContext, pilot: Pilot) -> None:
    """Begin to use the system within the pilot; certificate and filing must be live on this very day."""
    pilot.started_at = ctx.now
    _cover(ctx, pilot)
    ctx.note(days=pilot.opportunity.days)


def _cover(ctx: RunContext, pilot: Pilot) -> None:
    """Keep under which certificate and filing the system is used from now on."""
    cover = cover_of(pilot.version_used.code, local_date(ctx.now))
    pilot.certificate, pilot.filing = cover.certificate or "", cover.filing or ""
    ctx.note(certificate=pilot.certificate, filing=pilot.filing)


@operation(
    "scenarios.pilot.record",
    permission=may.PILOT_RECORD,
    title=Text("Record a batch", "报送试点记录"),
    sentence=Text("recorded a batch of the pilot {subject}", "报送了试点 {subject} 的一批记录"),
)
def pilot_record(
    ctx: RunContext,
    pilot: Pilot,
    *,
    records: Annotated[
        FileRef,
        Text("File of records", "记录文件"),
        Help(
            Text(
                "Parquet or JSON: input_sha256, answer, truth, latency_us, at.",
                "Parquet 或 JSON：input_sha256、answer、truth、latency_us、at。",
            )
        ),
    ],
) -> None:
    """Store what the system answered, what was true and how long it took; the file is bound by its digest."""
    if pilot.state != "running" or pilot.started_at is None:
        raise Conflict(
            Text("This pilot is not running.", "该试点未在进行中。"),
            rule="pilot.not_running",
            remedy=Text("Records are taken while a pilot runs.", "仅在试点进行期间报送记录。"),
            field="pilot",
        )
    if PilotRecord.objects.filter(pilot=pilot, batch=records.sha256).exists():
        raise Conflict(
            Text("This file was recorded already.", "该文件已报送。"),
            rule="pilot.batch_twice",
            remedy=Text("Record the next batch.", "请报送下一批记录。"),
            field="records",
        )
    rows = read_batch(files.path_of(records.sha256), pilot.started_at, ctx.now)
    _store(pilot, records.sha256, rows)
    ctx.note(rows=len(rows), with_truth=sum(bool(r.truth) for r in rows))


def _store(pilot: Pilot, batch: str, rows: list[Row]) -> None:
    """Keep the rows with the file and the place that they came from."""
    stored = [
        PilotRecord(
            pilot=pilot,
            batch=batch,
            row=number,
            input_sha256=row.input_sha256,
            answer=row.answer,
            truth=row.truth,
            latency_us=row.latency_us,
            at=row.at,
        )
        for number, row in enumerate(rows)
    ]
    PilotRecord.objects.bulk_create(stored, batch_size=100)


@operation(
    "scenarios.pilot.halt",
    permission=may.PILOT_HALT,
    title=Text("Halt the pilot", "中止试点"),
    sentence=Text("halted the pilot {subject}", "中止了试点 {subject}"),
    lifecycle=PILOT,
    transition=PILOT.halt,
)
def pilot_halt(ctx: RunContext, pilot: Pilot, *, reason: Reason) -> None:
    """Stop the use at once; the pilot may be resumed or rejected."""


@operation(
    "scenarios.pilot.resume",
    permission=may.PILOT_RESUME,
    title=Text("Resume the pilot", "恢复试点"),
    sentence=Text("resumed the pilot {subject}", "恢复了试点 {subject}"),
    lifecycle=PILOT,
    transition=PILOT.resume,
)
def pilot_resume(ctx: RunContext, pilot: Pilot, *, reason: Reason) -> None:
    """Go on with a halted pilot once certificate and filing are live again."""
    _cover(ctx, pilot)
