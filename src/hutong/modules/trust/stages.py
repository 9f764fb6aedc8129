"""The fifth gate of the lane: a certificate, or a refusal with its measured reason."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.kernel.stage import Shown, Stage, Step, by_code, declare_stage
from hutong.kernel.text import Text
from hutong.modules.trust.queries import latest_evaluation
from hutong.modules.trust.words import closed_gate, grid, level_words


def _levels(step: Step) -> Text:
    """The levels of the certificate; else the code of what closed the gate."""
    levels = step.noted.get("levels")
    return by_code(step) if levels is None else level_words(levels)


def _shows(system_code: str, dossier: Sequence[Step], closed: bool) -> Shown | None:
    evaluation = latest_evaluation(system_code)
    if evaluation is None:
        return None
    found = grid(evaluation)
    title = Text("Evidence by category and level", "按类别与等级列示的证据")
    return Shown((title, found) if found is not None else None, closed_gate(evaluation) if closed else None)


declare_stage(
    Stage(
        number=5,
        key="trust",
        title=Text("Trust", "可信评测"),
        begun=("trust.evaluation.request",),
        done=("trust.certificate.issue", "trust.certificate.resume"),
        closed=("trust.evaluation.refuse", "trust.certificate.suspend", "trust.certificate.revoke"),
        stamp=_levels,
        shows=_shows,
    )
)
