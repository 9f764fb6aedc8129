"""The first gate of the lane: an open call was won."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text

declare_stage(
    Stage(
        number=1,
        key="call",
        title=Text("Call", "揭榜"),
        begun=("calls.proposal.submit",),
        done=("calls.award.grant",),
        closed=("calls.proposal.decline",),
    )
)
