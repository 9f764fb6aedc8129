"""The fourth gate of the lane: a model was built and its parity holds."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text
from hutong.modules.forge.models import Artefact


def _stamp(system_code: str) -> Text | None:
    found = Artefact.objects.filter(build__system__code=system_code).order_by("-id").first()
    return Text(found.code, found.code) if found is not None else None


declare_stage(
    Stage(
        number=4,
        key="build",
        title=Text("Build", "构建"),
        begun=("forge.build.submit",),
        done=("passport.version.freeze",),
        stamp=_stamp,
    )
)
