"""Actions of the annual plan: complete."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import NotFound
from hutong.kernel.operation import Help, operation
from hutong.kernel.text import Text
from hutong.modules.plan import policy as may
from hutong.modules.plan.lifecycle import ACTION
from hutong.modules.plan.models import Action
from hutong.platform.context import RunContext
from hutong.platform.ledger.tables import Event


@operation(
    "plan.action.complete",
    permission=may.ACTION_COMPLETE,
    title=Text("Record as done", "登记完成"),
    sentence=Text("recorded the action {subject} as done", "登记行动 {subject} 完成"),
    lifecycle=ACTION,
    transition=ACTION.complete,
)
def action_complete(
    ctx: RunContext,
    action: Action,
    *,
    proof: Annotated[
        str,
        Text("Record that proves it", "证明记录编号"),
        Help(Text("The code of a record of this hub, e.g. CAL-0001", "本平台记录的编号，例如 CAL-0001")),
    ],
) -> None:
    """Record an action as done on the strength of a record in the ledger; a claim without one is not accepted."""
    code, seq = proof_event(proof)
    action.done_at, action.proof = ctx.now, code
    ctx.note(action=action.number, task=action.task, proof=code, proof_event=seq, due=action.due)


def proof_event(proof: str) -> tuple[str, int]:
    """The code of a record and the number of its newest event. `NotFound` where the ledger knows of none."""
    code = proof.strip().upper()
    seq = Event.objects.filter(subject=code).order_by("-seq").values_list("seq", flat=True).first()
    if seq is None:
        raise NotFound(
            Text("The ledger has no event of {c}.", "账本中没有 {c} 的事件。").format(c=code[:40]),
            rule="action.proof",
            remedy=Text("Name a record that shows the work.", "请填写能够证明该项工作的记录编号。"),
            field="proof",
        )
    return code, seq
