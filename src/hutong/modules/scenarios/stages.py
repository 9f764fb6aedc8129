"""The last two gates of the lane: a pilot that met its tests, and adoption."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.kernel.stage import Shown, Stage, Step, by_code, declare_stage
from hutong.kernel.text import Text
from hutong.modules.scenarios.acceptance import outcomes
from hutong.modules.scenarios.models import Pilot
from hutong.modules.scenarios.queries import pilots_of
from hutong.platform.component_pages import ClosedGate
from hutong.platform.components import Given


def _place(step: Step) -> Text:
    """The scenario that took the system into use."""
    name = step.noted.get("opportunity")
    return by_code(step) if name is None else Text(**name)


def _shows(system_code: str, dossier: Sequence[Step], closed: bool) -> Shown | None:
    rejected = [p for p in pilots_of(system_code) if p.state == "rejected"] if closed else []
    return Shown(why=closed_gate(rejected[-1])) if rejected else None


def closed_gate(pilot: Pilot) -> ClosedGate | None:
    """Why the pilot was not accepted: the failing tests, value against threshold."""
    failed = [o for o in outcomes(pilot) if not o.passed]
    if not failed:
        return None
    return ClosedGate(
        stage=Text("Pilot", "试点"),
        reason=Text(
            "{n} of {m} acceptance tests failed in pilot {p}.", "试点 {p} 的{m}项验收条件中有{n}项未达到。"
        ).format(n=len(failed), m=len(pilot.results), p=pilot.code),
        measured=Text(
            "; ".join(f"{o.criterion.demand().en}: {o.say().en}" for o in failed),
            "；".join(f"{o.criterion.demand().zh}：{o.say().zh}" for o in failed),
        ),
        cheapest=tuple(Given(o.criterion.demand(), o.say()) for o in failed),
        drawer=f"/evidence/{pilot.code}",
    )


declare_stage(
    Stage(
        number=8,
        key="pilot",
        title=Text("Pilot", "试点"),
        begun=("scenarios.pilot.propose", "scenarios.pilot.start"),
        done=("scenarios.pilot.accept",),
        closed=("scenarios.pilot.reject",),
        shows=_shows,
    )
)
declare_stage(
    Stage(
        number=9,
        key="adopted",
        title=Text("Adopted", "推广应用"),
        done=("scenarios.pilot.adopt",),
        stamp=_place,
    )
)
