"""Load the text of a plan."""

from __future__ import annotations

from typing import Annotated

from hutong.engines import indicators
from hutong.engines.indicators import load_plan
from hutong.kernel.errors import Conflict, Invalid
from hutong.kernel.measure import MEASURES
from hutong.kernel.operation import FileRef, Help, operation
from hutong.kernel.text import Text
from hutong.modules.plan import policy as may
from hutong.modules.plan.lifecycle import ACTION, PLAN
from hutong.modules.plan.models import Action, Plan
from hutong.platform import files
from hutong.platform.context import RunContext


@operation(
    "plan.plan.load",
    permission=may.PLAN_LOAD,
    title=Text("Load a plan", "载入实施方案"),
    sentence=Text("loaded the plan {subject}", "载入了实施方案 {subject}"),
    lifecycle=PLAN,
    creates=Plan,
)
def plan_load(
    ctx: RunContext,
    *,
    file: Annotated[
        FileRef, Text("Plan file", "方案文件"), Help(Text("YAML, as in plans/", "YAML，格式见 plans/ 目录"))
    ],
) -> Plan:
    """Check a plan's text against what the departments measure and put it in force in place of the earlier text."""
    text = read_checked(file.sha256)
    before = Plan.objects.select_for_update().filter(plan_key=text.id, state="in_force").first()
    if before is not None:
        _supersede(ctx, before, file.sha256)
    record = Plan(
        plan_key=text.id,
        title_en=text.title.en,
        title_zh=text.title.zh,
        document=text.document,
        definition_set=text.definition_set,
        starts=text.starts,
        ends=text.ends,
        file_sha256=file.sha256,
    )
    ctx.note(
        plan=text.id,
        document=text.document,
        definition_set=text.definition_set,
        objectives=len(text.objectives),
        tasks=len(text.tasks),
        safeguards=len(text.safeguards),
        indicators=len(text.indicators),
        supersedes=before.code if before is not None else "",
    )
    # Actions point at the plan's row, so it is saved before them.
    ctx.keep(record)
    _actions(ctx, record, text)
    return record


def read_checked(sha256: str) -> indicators.Plan:
    """The plan of a stored file. `Invalid`, naming field, line and rule, for anything wrong with it."""
    try:
        text = files.read(sha256).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(
            Text("The plan file is not UTF-8.", "方案文件编码不是 UTF-8。"),
            rule="plan.encoding",
            remedy=Text("Save it as UTF-8.", "请另存为 UTF-8。"),
            field="file",
        ) from None
    return load_plan(text, MEASURES)


def _supersede(ctx: RunContext, before: Plan, sha256: str) -> None:
    if before.file_sha256 == sha256:
        raise Conflict(
            Text("This very text is in force already, as {c}.", "该文本已作为 {c} 生效。").format(
                c=before.code
            ),
            rule="plan.same_text",
            remedy=Text("Load a text that differs.", "请载入有变更的文本。"),
            field="file",
        )
    before.state, before.superseded_at = PLAN.supersede.target, ctx.now
    ctx.keep(before)


def _actions(ctx: RunContext, plan: Plan, text: indicators.Plan) -> None:
    """Bring the actions to the new text: new ones open, changed ones follow, those left out are dropped."""
    held = {a.number: a for a in Action.objects.select_for_update().filter(plan_key=text.id)}
    bodies = {b.id: b.name for b in text.bodies}
    unknown = Text("lead unit not named yet", "牵头单位尚未明确")
    for annual in text.annual_plans:
        for one in annual.actions:
            record = held.pop(one.id, None) or Action(plan_key=text.id, number=one.id)
            lead = next((r for r in one.responsible if r.capacity == "lead"), None)
            name = bodies.get(lead.body or "", unknown) if lead is not None else unknown
            record.plan, record.task, record.year = plan, one.task, annual.year
            record.title_en, record.title_zh = one.title.en, one.title.zh
            record.lead_en, record.lead_zh = name.en, name.zh
            record.due = max((m.due for m in one.milestones), default=text.ends)
            record.milestones = [
                {"id": m.id, "title": m.title.as_json(), "due": m.due.isoformat()} for m in one.milestones
            ]
            if record.state == ACTION.drop.target:
                record.state = ACTION.first
            ctx.touch(record)
    for record in held.values():
        if record.state == "open":
            record.state = ACTION.drop.target
            ctx.touch(record)
