"""States of a filing."""

from __future__ import annotations

from hutong.kernel.lifecycle import Lifecycle, State, Transition
from hutong.kernel.text import Text

LAW = Text(
    "Provisions on algorithmic recommendation, art. 24-25", "互联网信息服务算法推荐管理规定第二十四、二十五条"
)
FILING = Lifecycle(
    entity="filing",
    title=Text("Algorithm filing", "算法备案"),
    states=(
        State("draft", Text("Draft", "草稿"), "open"),
        State("submitted", Text("Submitted", "提交"), "waiting"),
        State("returned_for_correction", Text("Returned for correction", "补正"), "waiting"),
        State("accepted", Text("Accepted", "受理"), "waiting"),
        State("filed", Text("Filed", "已备案"), "holds"),
        State("suspended", Text("Suspended", "暂停"), "stopped"),
        State("deregistered", Text("Deregistered", "注销"), "closed"),
    ),
    transitions=(
        Transition("submit", ("draft",), "submitted", legal_basis=LAW),
        Transition("return_for_correction", ("submitted",), "returned_for_correction"),
        Transition("resubmit", ("returned_for_correction",), "submitted"),
        Transition("accept", ("submitted",), "accepted"),
        Transition("enter", ("accepted",), "filed", separate_from=("filing.filing.accept",), legal_basis=LAW),
        Transition("suspend", ("filed",), "suspended"),
        Transition("resume", ("suspended",), "filed"),
        Transition("deregister", ("filed", "suspended"), "deregistered"),
    ),
)
