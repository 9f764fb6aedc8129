"""Evidence for the process checks: given by the applicant, confirmed by a second person."""

from __future__ import annotations

from typing import Annotated

from hutong.engines import trust
from hutong.kernel.errors import Invalid
from hutong.kernel.operation import FileRef, operation
from hutong.kernel.text import Text
from hutong.modules.trust import policy as may
from hutong.modules.trust.lifecycle import EVIDENCE
from hutong.modules.trust.models import Evaluation, Evidence
from hutong.platform.context import RunContext


@operation(
    "trust.evidence.give",
    permission=may.EVIDENCE_GIVE,
    title=Text("Give evidence", "提交证据材料"),
    sentence=Text("gave the evidence {subject}", "提交了证据材料 {subject}"),
    lifecycle=EVIDENCE,
    creates=Evidence,
    needs=("submitted", "planned", "measuring", "measured"),
)
def evidence_give(
    ctx: RunContext,
    evaluation: Evaluation,
    *,
    check: Annotated[str, Text("Process check", "过程检查项")],
    document: Annotated[FileRef, Text("Document", "文件")],
    answer: Annotated[bool, Text("It is met", "已满足")] = True,
) -> Evidence:
    """Answer one process check of the profile with a document."""
    known = {c.id for c in trust.load_profile(evaluation.profile).checks}
    if check not in known:
        raise Invalid(
            Text("The profile has no check {c}.", "评测配置没有检查项 {c}。").format(c=check[:40]),
            rule="evidence.check",
            remedy=Text("Checks are: {k}.", "检查项：{k}。").format(k=", ".join(sorted(known))),
            field="check",
        )
    return Evidence(evaluation=evaluation, check_id=check, answer=answer, document_sha256=document.sha256)


@operation(
    "trust.evidence.confirm",
    permission=may.EVIDENCE_CONFIRM,
    title=Text("Confirm", "核实"),
    sentence=Text("confirmed the evidence {subject}", "核实了证据材料 {subject}"),
    lifecycle=EVIDENCE,
    transition=EVIDENCE.confirm,
)
def evidence_confirm(ctx: RunContext, evidence: Evidence) -> None:
    """Confirm, as a second person, that the document answers the check."""
    evidence.confirmed_by_id = ctx.actor.id
