"""The last two gates of the lane: a pilot that met its tests, and adoption."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.scenarios.acceptance import outcomes
from hutong.modules.scenarios.models import Pilot
from hutong.modules.scenarios.queries import pilots_of
from hutong.platform.component_pages import ClosedGate
from hutong.platform.components import Given


def _latest(system_code: str, *states: str) -> Pilot | None:
    return next((p for p in reversed(pilots_of(system_code)) if p.state in states), None)


def _pilot_stamp(system_code: str) -> Text | None:
    pilot = _latest(system_code, "accepted", "adopted", "rejected", "running", "halted")
    return Text(pilot.code, pilot.code) if pilot is not None else None


def _adopted_stamp(system_code: str) -> Text | None:
    pilot = _latest(system_code, "adopted")
    return pilot.opportunity.name if pilot is not None else None


def _why(system_code: str) -> ClosedGate | None:
    """Why the pilot was not accepted: the failing tests, value against threshold."""
    pilot = _latest(system_code, "rejected")
    if pilot is None:
        return None
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
        stamp=_pilot_stamp,
        why=_why,
    )
)
declare_stage(
    Stage(
        number=9,
        key="adopted",
        title=Text("Adopted", "推广应用"),
        done=("scenarios.pilot.adopt",),
        stamp=_adopted_stamp,
    )
)
