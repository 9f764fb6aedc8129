"""States of builds and artefacts."""

from __future__ import annotations

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

BUILD = Lifecycle(
    entity="build",
    title=Text("Build", "构建"),
    states=(
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("built", Text("Built", "已构建"), "holds"),
    ),
    transitions=(Transition("complete", ("submitted",), "built"),),
)

ARTEFACT = Lifecycle(
    entity="artefact",
    title=Text("Artefact", "模型制品"),
    states=(State("registered", Text("Registered", "已登记"), "holds"),),
    transitions=(),
)
