"""The second gate of the lane: hours on chips are active."""

from __future__ import annotations

from hutong.kernel.quantity import ChipTime
from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.compute.models import Allocation


def _stamp(system_code: str) -> Text | None:
    found = Allocation.objects.filter(system__code=system_code, granted_ms__gt=0).order_by("-id").first()
    if found is None:
        return None
    granted = ChipTime.of(found.granted_ms)
    return Text(granted.say("en"), granted.say("zh"))


declare_stage(
    Stage(
        number=2,
        key="hours",
        title=Text("Hours", "算力"),
        begun=("compute.allocation.request",),
        done=("compute.allocation.activate",),
        closed=("compute.allocation.reject",),
        stamp=_stamp,
    )
)
