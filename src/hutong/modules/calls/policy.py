"""Who may see and do what in open competition. Applicants never see reviewers; reviewers see what is assigned to them."""

from __future__ import annotations

from hutong.kernel.permission import Among, Own, Permission, Role, Rule, Self, declare
from hutong.kernel.text import Text


def _permission(name: str, en: str, zh: str) -> Permission:
    return Permission(f"calls:{name}", Text(en, zh))


CALL_VIEW = _permission("call:view", "See calls", "查看项目榜单")
CALL_DRAFT = _permission("call:draft", "Draft a call", "起草项目榜单")
CALL_PUBLISH = _permission("call:publish", "Publish a call", "发布项目榜单")
CALL_CLOSE = _permission("call:close", "Close a call", "截止项目榜单")
CALL_RANK = _permission("call:rank", "Rank the proposals of a call", "对申报书排序")
PROPOSAL_VIEW = _permission("proposal:view", "See proposals", "查看申报书")
PROPOSAL_SUBMIT = _permission("proposal:submit", "Submit a proposal", "提交申报书")
PROPOSAL_WITHDRAW = _permission("proposal:withdraw", "Withdraw a proposal", "撤回申报书")
PROPOSAL_DECLINE = _permission("proposal:decline", "Decline a proposal", "不予立项")
REVIEW_VIEW = _permission("review:view", "See reviews", "查看评审意见")
REVIEW_ASSIGN = _permission("review:assign", "Assign a reviewer", "分派评审专家")
REVIEW_DECLARE = _permission("review:declare", "Declare a conflict of interest", "声明利益冲突")
REVIEW_SCORE = _permission("review:score", "Score a proposal", "为申报书评分")
AWARD_VIEW = _permission("award:view", "See awards", "查看立项")
AWARD_GRANT = _permission("award:grant", "Grant an award", "批准立项")
AWARD_CLOSE = _permission("award:close", "Close an award", "办结立项")

OFFICE = Rule(Role.TASK_FORCE)
AUDIT = Rule(Role.AUDITOR)
OWNER = Rule(Role.INNOVATOR, Own("organisation_id"))
REVIEWER = Rule(Role.REVIEWER, Self("reviewer_id"))

declare(
    {
        CALL_VIEW: (Rule(None, Among("state", ("published", "closed", "decided"))), OFFICE, AUDIT),
        CALL_DRAFT: (OFFICE,),
        CALL_PUBLISH: (OFFICE,),
        CALL_CLOSE: (OFFICE,),
        CALL_RANK: (OFFICE,),
        PROPOSAL_VIEW: (OWNER, OFFICE, AUDIT),
        # The subject of submitting is the call: the body checks that the system is the applicant's own.
        PROPOSAL_SUBMIT: (Rule(Role.INNOVATOR),),
        PROPOSAL_WITHDRAW: (OWNER,),
        PROPOSAL_DECLINE: (OFFICE,),
        REVIEW_VIEW: (REVIEWER, OFFICE, AUDIT),
        REVIEW_ASSIGN: (OFFICE,),
        REVIEW_DECLARE: (REVIEWER,),
        REVIEW_SCORE: (REVIEWER,),
        # What was decided, for whom and for how much is public.
        AWARD_VIEW: (Rule(None),),
        AWARD_GRANT: (OFFICE,),
        AWARD_CLOSE: (OFFICE,),
    }
)
