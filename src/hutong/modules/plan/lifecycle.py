"""States of plans, actions, slippages, declared targets and lead units.

Whether a figure is late is no state here: it is computed (`figures`), and nothing sets it.
"""

from __future__ import annotations

from typing import Any

from hutong.kernel.lifecycle import Guard, Lifecycle, State, Transition
from hutong.kernel.text import Text

IN_FORCE = State("in_force", Text("In force", "现行有效"), "holds")
SUPERSEDED = State("superseded", Text("Superseded", "已被取代"), "closed")
SUPERSEDE = Transition("supersede", ("in_force",), "superseded")

PLAN = Lifecycle("plan", Text("Plan", "实施方案"), (IN_FORCE, SUPERSEDED), (SUPERSEDE,))
TARGET = Lifecycle("target", Text("Declared target", "声明的目标值"), (IN_FORCE, SUPERSEDED), (SUPERSEDE,))
LEAD = Lifecycle("lead", Text("Lead unit", "牵头单位"), (IN_FORCE, SUPERSEDED), (SUPERSEDE,))

MILESTONE = Lifecycle(
    "milestone",
    Text("Milestone", "节点"),
    (
        State("proven", Text("Proven", "已留痕"), "holds"),
        State("retracted", Text("Retracted", "已撤销"), "stopped"),
    ),
    (Transition("retract", ("proven",), "retracted", separate_from=("plan.milestone.prove",)),),
)

ACTION = Lifecycle(
    entity="action",
    title=Text("Action", "年度行动"),
    states=(
        State("open", Text("Open", "进行中"), "open"),
        State("done", Text("Done", "已完成"), "holds"),
        State("dropped", Text("Dropped from the plan", "已移出方案"), "closed"),
    ),
    transitions=(
        Transition("complete", ("open",), "done"),
        Transition("drop", ("open",), "dropped"),
    ),
)


def _recovered(slippage: Any) -> bool:
    # Looked up when asked: the computed state needs the plan and the measures.
    from hutong.modules.plan.lateness import lateness_of

    return lateness_of(slippage.plan, slippage.node) is None


SLIPPAGE = Lifecycle(
    entity="slippage",
    title=Text("Slippage", "进度偏差"),
    states=(
        State("opened", Text("To be explained", "待说明"), "waiting"),
        State("explained", Text("Explained", "已说明"), "waiting"),
        State("accepted", Text("Explanation accepted", "说明已采纳"), "closed"),
        State("recovered", Text("Recovered", "已恢复"), "holds"),
    ),
    transitions=(
        Transition("explain", ("opened",), "explained"),
        Transition("send_back", ("explained",), "opened", separate_from=("plan.slippage.explain",)),
        Transition("accept", ("explained",), "accepted", separate_from=("plan.slippage.explain",)),
        Transition(
            "recover",
            ("opened", "explained"),
            "recovered",
            guards=(
                Guard(
                    "slippage.still_late",
                    _recovered,
                    Text("The computed state is still late.", "按数据计算，进度仍然滞后。"),
                    Text(
                        "It recovers when the figure does; until then it is explained.",
                        "待指标恢复后方可销账，此前须作出说明。",
                    ),
                ),
            ),
        ),
    ),
)
