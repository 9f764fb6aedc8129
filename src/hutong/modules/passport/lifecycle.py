"""States of systems and versions. Where a system stands in the lane is not a state: it is read off its events."""

from __future__ import annotations

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

SYSTEM = Lifecycle(
    entity="system",
    title=Text("AI system", "人工智能系统"),
    states=(
        State("registered", Text("Registered", "已登记"), "open"),
        State("published", Text("Published", "发布"), "holds"),
        State("withdrawn", Text("Withdrawn", "撤回"), "closed"),
    ),
    transitions=(
        Transition("publish", ("registered",), "published"),
        Transition("withdraw", ("registered", "published"), "withdrawn"),
    ),
)

VERSION = Lifecycle(
    entity="version",
    title=Text("System version", "系统版本"),
    states=(
        State("frozen", Text("Frozen", "已固定"), "holds"),
        State("superseded", Text("Superseded", "已被取代"), "closed"),
    ),
    transitions=(
        Transition("replace", ("frozen",), "frozen"),
        Transition("supersede", ("frozen",), "superseded"),
    ),
)
