"""The third gate of the lane: data under a grant."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text

declare_stage(
    Stage(
        number=3,
        key="data",
        title=Text("Data", "数据"),
        begun=("datahub.grant.request",),
        done=("datahub.grant.issue",),
        closed=("datahub.grant.deny", "datahub.grant.revoke"),
    )
)
