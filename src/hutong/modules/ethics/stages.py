"""The seventh gate of the lane: the committee's approval, where the risk class asks for it."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.ethics.models import Application
from hutong.modules.ethics.rules import rules
from hutong.modules.passport.contract import risk_class_of


def _stamp(system_code: str) -> Text | None:
    found = Application.objects.filter(system__code=system_code).order_by("-id").first()
    return Text(found.code, found.code) if found is not None else None


declare_stage(
    Stage(
        number=7,
        key="ethics",
        title=Text("Ethics", "伦理"),
        begun=("ethics.application.submit",),
        done=("ethics.application.approve",),
        closed=("ethics.application.reject",),
        required=lambda code: risk_class_of(code) >= rules().gate_from_class,
        stamp=_stamp,
    )
)
