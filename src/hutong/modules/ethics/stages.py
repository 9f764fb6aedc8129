"""The seventh gate of the lane: the committee's approval, where the risk class asks for it."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.ethics.rules import rules

declare_stage(
    Stage(
        number=7,
        key="ethics",
        title=Text("Ethics", "伦理"),
        begun=("ethics.application.submit",),
        done=("ethics.application.approve",),
        closed=("ethics.application.reject",),
        required=lambda risk_class: risk_class >= rules().gate_from_class,
    )
)
