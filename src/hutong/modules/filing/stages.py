"""The sixth gate of the lane: a number in the public register."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.filing.models import Filing


def _stamp(system_code: str) -> Text | None:
    found = (
        Filing.objects.filter(version_of__system__code=system_code).exclude(number="").order_by("-id").first()
    )
    return Text(found.number, found.number) if found is not None else None


declare_stage(
    Stage(
        number=6,
        key="filing",
        title=Text("Filing", "备案"),
        begun=("filing.filing.open",),
        done=("filing.filing.enter", "filing.filing.resume"),
        closed=("filing.filing.suspend", "filing.filing.deregister"),
        stamp=_stamp,
    )
)
