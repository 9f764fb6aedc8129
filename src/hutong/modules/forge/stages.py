"""The fourth gate of the lane: a model was built and its parity holds, or a deployed service says what it is."""

from __future__ import annotations

from hutong.kernel.stage import Stage, declare_stage
from hutong.kernel.text import Text

declare_stage(
    Stage(
        number=4,
        key="build",
        title=Text("Build", "构建"),
        begun=("forge.build.submit", "trust.service.register"),
        done=("passport.version.freeze", "trust.service.freeze"),
    )
)
