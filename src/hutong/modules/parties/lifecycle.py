"""States of organisations, people and role grants."""

from __future__ import annotations

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

ORGANISATION = Lifecycle(
    entity="organisation",
    title=Text("Organisation", "单位"),
    states=(
        State("registered", Text("Registered", "已登记"), "holds"),
        State("suspended", Text("Suspended", "暂停"), "stopped"),
    ),
    transitions=(
        Transition("suspend", ("registered",), "suspended"),
        Transition("resume", ("suspended",), "registered"),
    ),
)

PERSON = Lifecycle(
    entity="person",
    title=Text("Person", "人员"),
    states=(
        State("active", Text("Active", "在用"), "holds"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(Transition("close", ("active",), "closed"),),
)

ROLE_GRANT = Lifecycle(
    entity="grant",
    title=Text("Role grant", "角色授权"),
    states=(
        State("live", Text("Live", "有效"), "holds"),
        State("ended", Text("Ended", "已终止"), "closed"),
    ),
    transitions=(Transition("end", ("live",), "ended"),),
)

SESSION = Lifecycle(
    entity="session",
    title=Text("Operator session", "运维会话"),
    states=(
        State("open", Text("Open", "进行中"), "open"),
        State("closed", Text("Closed", "办结"), "closed"),
    ),
    transitions=(Transition("close", ("open",), "closed"),),
)
