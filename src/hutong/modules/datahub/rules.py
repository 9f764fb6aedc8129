"""When a grant covers a read."""

from __future__ import annotations

from datetime import date

from hutong.kernel.errors import Denied, Exhausted
from hutong.kernel.text import Text
from hutong.modules.datahub.models import DataGrant

COVERS = {
    "training": {"training"},
    "evaluation": {"evaluation"},
    "training_and_evaluation": {"training", "evaluation"},
}


def check_live(grant: DataGrant, today: date, purpose: str) -> None:
    """No live grant, no read: state, term, purpose and quota. Raises `Denied` or `Exhausted`, both name the grant."""
    if grant.state != "issued":
        raise _closed(grant, "grant.not_issued", Text("is not issued", "未获准予"))
    if not grant.valid_from <= today <= grant.valid_to:
        raise _closed(grant, "grant.past_term", Text("is past its term", "已过有效期"))
    if purpose not in COVERS[grant.purpose]:
        raise _closed(grant, "grant.purpose", Text("is for another purpose", "用途不符"))
    if grant.used >= grant.quota:
        raise Exhausted(
            Text("All {n} reads of {g} are used.", "{g} 的{n}次读取已用完。").format(
                n=grant.quota, g=grant.code
            ),
            rule="grant.quota",
            remedy=Text("Ask for a new grant.", "请另行申请授权。"),
            field="grant",
        )


def _closed(grant: DataGrant, rule: str, why: Text) -> Denied:
    return Denied(
        Text("The grant {g} {w}.", "授权 {g} {w}。").format(g=grant.code, w=why),
        rule=rule,
        remedy=Text(
            "Ask the owner of the data for a grant that covers this read.",
            "请向数据所有方申请涵盖本次读取的授权。",
        ),
        field="grant",
    )
