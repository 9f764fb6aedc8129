"""Who may see and do what in scenarios. Opportunities and decided pilots are public; a pilot is run by its owner."""

from __future__ import annotations

from hutong.kernel.permission import Among, Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text


def _permission(name: str, en: str, zh: str) -> Permission:
    return Permission(f"scenarios:{name}", Text(en, zh))


OPPORTUNITY_VIEW = _permission("opportunity:view", "See opportunities", "查看场景机会")
OPPORTUNITY_DRAFT = _permission("opportunity:draft", "Draft an opportunity", "起草场景机会")
OPPORTUNITY_PUBLISH = _permission("opportunity:publish", "Publish an opportunity", "发布场景机会")
OPPORTUNITY_CLOSE = _permission("opportunity:close", "Close an opportunity", "办结场景机会")
PILOT_VIEW = _permission("pilot:view", "See pilots", "查看试点")
PILOT_PROPOSE = _permission("pilot:propose", "Propose a pilot", "申请试点")
PILOT_START = _permission("pilot:start", "Start a pilot", "启动试点")
PILOT_RECORD = _permission("pilot:record", "Record a batch of a pilot", "报送试点记录")
PILOT_HALT = _permission("pilot:halt", "Halt a pilot", "中止试点")
PILOT_RESUME = _permission("pilot:resume", "Resume a pilot", "恢复试点")
PILOT_ACCEPT = _permission("pilot:accept", "Accept a pilot", "试点验收")
PILOT_REJECT = _permission("pilot:reject", "Reject a pilot", "不予验收")
PILOT_ADOPT = _permission("pilot:adopt", "Adopt a system", "推广应用")

READERS = (Rule(Role.TASK_FORCE), Rule(Role.AUDITOR), Rule(Role.SUPERVISOR), Rule(Role.SYSTEM))
OWNER = Rule(Role.SCENARIO_OWNER, Own("organisation_id"))
HOST = Rule(Role.SCENARIO_OWNER, Own("opportunity.organisation_id"))
INNOVATOR = Rule(Role.INNOVATOR, Own("system.organisation_id"))

declare(
    {
        OPPORTUNITY_VIEW: (Rule(None, Among("state", ("published", "closed"))), OWNER, *READERS),
        OPPORTUNITY_DRAFT: (OWNER,),
        OPPORTUNITY_PUBLISH: (OWNER,),
        OPPORTUNITY_CLOSE: (OWNER,),
        PILOT_VIEW: (
            Rule(None, Among("state", ("accepted", "rejected", "adopted"))),
            HOST,
            INNOVATOR,
            Rule(Role.EVALUATOR),
            *READERS,
        ),
        # The subject of proposing is the opportunity: the body checks that the system is the innovator's own.
        PILOT_PROPOSE: (Rule(Role.INNOVATOR),),
        PILOT_START: (HOST,),
        PILOT_RECORD: (HOST,),
        # The hub halts a pilot itself when its certificate falls.
        PILOT_HALT: (HOST, Rule(Role.SUPERVISOR), Rule(Role.SYSTEM)),
        PILOT_RESUME: (HOST,),
        PILOT_ACCEPT: (HOST,),
        PILOT_REJECT: (HOST,),
        PILOT_ADOPT: (HOST,),
    }
)
