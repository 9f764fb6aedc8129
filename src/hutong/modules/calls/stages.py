"""The first gate of the lane: an open call was won."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.calls.queries import awards_of_system


def _stamp(system_code: str) -> Text | None:
    awards = awards_of_system(system_code)
    return Text(awards[-1].code, awards[-1].code) if awards else None


declare_stage(
    Stage(
        number=1,
        key="call",
        title=Text("Call", "揭榜"),
        begun=("calls.proposal.submit",),
        done=("calls.award.grant",),
        closed=("calls.proposal.decline",),
        stamp=_stamp,
    )
)
