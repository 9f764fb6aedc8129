"""Who may do what with the plan. All of it is public to read; no permission sets a state or a figure."""

from __future__ import annotations

from hutong.kernel.permission import Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text


def _permission(name: str, en: str, zh: str) -> Permission:
    return Permission(f"plan:{name}", Text(en, zh))


PLAN_VIEW = _permission("plan:view", "See the plan", "查看实施方案")
PLAN_LOAD = _permission("plan:load", "Load the text of a plan", "载入实施方案")
ACTION_VIEW = _permission("action:view", "See actions", "查看年度行动")
ACTION_COMPLETE = _permission("action:complete", "Record an action as done", "登记行动完成")
LEAD_VIEW = _permission("lead:view", "See lead units", "查看牵头单位")
LEAD_DECLARE = _permission("lead:declare", "Declare a lead unit", "明确牵头单位")
TARGET_VIEW = _permission("target:view", "See declared targets", "查看声明的目标值")
TARGET_DECLARE = _permission("target:declare", "Declare a target", "声明目标值")
MILESTONE_VIEW = _permission("milestone:view", "See milestones", "查看节点")
MILESTONE_PROVE = _permission("milestone:prove", "Prove a milestone", "登记节点完成")
MILESTONE_RETRACT = _permission("milestone:retract", "Retract a milestone", "撤销节点完成")
SLIPPAGE_VIEW = _permission("slippage:view", "See slippages", "查看进度偏差")
SLIPPAGE_OPEN = _permission("slippage:open", "Open a slippage", "挂账")
SLIPPAGE_EXPLAIN = _permission("slippage:explain", "Explain a slippage", "说明进度偏差")
SLIPPAGE_JUDGE = _permission("slippage:judge", "Judge an explanation", "审核说明")
SLIPPAGE_RECOVER = _permission("slippage:recover", "Record a recovery", "销账")

EVERYBODY = (Rule(None),)
OFFICE = Rule(Role.TASK_FORCE)
HUB = Rule(Role.SYSTEM)
# An explanation is signed for the unit that leads: any role will do, the organisation must be the lead unit.
LEAD_UNIT = tuple(Rule(role, Own("lead_id")) for role in Role if role is not Role.SYSTEM)

declare(
    {
        PLAN_VIEW: EVERYBODY,
        PLAN_LOAD: (OFFICE, HUB),
        ACTION_VIEW: EVERYBODY,
        ACTION_COMPLETE: (OFFICE,),
        LEAD_VIEW: EVERYBODY,
        LEAD_DECLARE: (OFFICE,),
        TARGET_VIEW: EVERYBODY,
        TARGET_DECLARE: (OFFICE,),
        MILESTONE_VIEW: EVERYBODY,
        MILESTONE_PROVE: (OFFICE,),
        MILESTONE_RETRACT: (OFFICE,),
        SLIPPAGE_VIEW: EVERYBODY,
        SLIPPAGE_OPEN: (OFFICE, HUB),
        SLIPPAGE_EXPLAIN: LEAD_UNIT,
        SLIPPAGE_JUDGE: (OFFICE,),
        SLIPPAGE_RECOVER: (OFFICE, HUB),
    }
)
