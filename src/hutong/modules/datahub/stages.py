"""The third gate of the lane: data under a grant."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.datahub.models import DataGrant


def _stamp(system_code: str) -> Text | None:
    found = DataGrant.objects.filter(system__code=system_code).order_by("-id").first()
    return Text(found.code, found.code) if found is not None else None


declare_stage(
    Stage(
        number=3,
        key="data",
        title=Text("Data", "数据"),
        begun=("datahub.grant.request",),
        done=("datahub.grant.issue",),
        closed=("datahub.grant.deny", "datahub.grant.revoke"),
        stamp=_stamp,
    )
)
