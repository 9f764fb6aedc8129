"""The fifth gate of the lane: a certificate, or a refusal with its measured reason."""

from __future__ import annotations

from typing import Any

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.trust.models import Certificate
from hutong.modules.trust.queries import latest_evaluation
from hutong.modules.trust.words import closed_gate, grid, level_words


def _stamp(system_code: str) -> Text | None:
    found = Certificate.objects.filter(version_of__system__code=system_code).order_by("-id").first()
    if found is not None:
        return level_words(found.levels)
    evaluation = latest_evaluation(system_code)
    return Text(evaluation.code, evaluation.code) if evaluation is not None else None


def _shows(system_code: str) -> tuple[Text, Any] | None:
    evaluation = latest_evaluation(system_code)
    found = grid(evaluation) if evaluation is not None else None
    return (
        (Text("Evidence by category and level", "按类别与等级列示的证据"), found)
        if found is not None
        else None
    )


declare_stage(
    Stage(
        number=5,
        key="trust",
        title=Text("Trust", "可信评测"),
        begun=("trust.evaluation.request",),
        done=("trust.certificate.issue",),
        closed=("trust.evaluation.refuse", "trust.certificate.suspend", "trust.certificate.revoke"),
        stamp=_stamp,
        why=closed_gate,
        shows=_shows,
    )
)
