"""What ethics holds against earlier steps: no hours and no data for high-risk systems without approval."""

from __future__ import annotations

from typing import Any

from hutong.kernel.clock import local_date
from hutong.kernel.errors import Denied
from hutong.kernel.gate import gate
from hutong.kernel.text import Text
from hutong.modules.compute.contract import ACTIVATE
from hutong.modules.datahub.contract import ISSUE
from hutong.modules.ethics.queries import approval_of
from hutong.modules.ethics.rules import rules


def approval_first(context: Any, record: Any) -> Denied | None:
    """Refuse for a system of a class from which approval is asked, until the committee has approved it."""
    system = record.system
    if (
        system.risk_class < rules().gate_from_class
        or approval_of(system.code, local_date(context.now)) is not None
    ):
        return None
    return Denied(
        Text(
            "{s} is of risk class {c} and has no ethics approval.", "{s} 为{c}级风险系统，尚未通过伦理审查。"
        ).format(s=system.code, c=system.risk_class),
        rule="ethics.approval_first",
        remedy=Text(
            "Its owner applies for ethics review; the step is open after approval.",
            "请系统所有方申请伦理审查，获批后方可办理。",
        ),
    )


gate(ACTIVATE)(approval_first)
gate(ISSUE)(approval_first)
