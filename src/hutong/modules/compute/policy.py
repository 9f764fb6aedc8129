"""Who may see and do what with centres, hours and jobs."""

from __future__ import annotations

from hutong.kernel.permission import Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text


def _permission(name: str, en: str, zh: str) -> Permission:
    return Permission(f"compute:{name}", Text(en, zh))


CENTRE_VIEW = _permission("centre:view", "See centres", "查看算力中心")
CENTRE_REGISTER = _permission("centre:register", "Register a centre", "登记算力中心")
CENTRE_CLOSE = _permission("centre:close", "Close a centre", "关闭算力中心")
POOL_VIEW = _permission("pool:view", "See pools of chips", "查看算力池")
POOL_OPEN = _permission("pool:open", "Open a pool of chips", "开设算力池")
POOL_CLOSE = _permission("pool:close", "Close a pool of chips", "关闭算力池")
ALLOCATION_VIEW = _permission("allocation:view", "See allocations", "查看算力配额")
ALLOCATION_REQUEST = _permission("allocation:request", "Ask for hours", "申请算力配额")
ALLOCATION_APPROVE = _permission("allocation:approve", "Approve hours", "批准算力配额")
ALLOCATION_REJECT = _permission("allocation:reject", "Reject a request for hours", "驳回算力申请")
ALLOCATION_ACTIVATE = _permission("allocation:activate", "Activate hours", "启用算力配额")
ALLOCATION_CLOSE = _permission("allocation:close", "Close an allocation", "办结算力配额")
JOB_VIEW = _permission("job:view", "See jobs", "查看计算作业")
JOB_START = _permission("job:start", "Start a job", "启动计算作业")
JOB_CANCEL = _permission("job:cancel", "Cancel a job", "取消计算作业")
JOB_SETTLE = _permission("job:settle", "Settle a job", "结算计算作业")

OFFICE = (Rule(Role.TASK_FORCE), Rule(Role.AUDITOR), Rule(Role.SYSTEM))
CENTRE_OWN = Rule(Role.CENTRE_OPERATOR, Own("organisation_id"))
POOL_OWN = Rule(Role.CENTRE_OPERATOR, Own("centre.organisation_id"))
AT_CENTRE = Rule(Role.CENTRE_OPERATOR, Own("pool.centre.organisation_id"))
JOB_AT_CENTRE = Rule(Role.CENTRE_OPERATOR, Own("allocation.pool.centre.organisation_id"))
APPLICANT = Rule(Role.INNOVATOR, Own("organisation_id"))
JOB_OWNER = Rule(Role.INNOVATOR, Own("allocation.organisation_id"))

declare(
    {
        CENTRE_VIEW: (Rule(None),),
        CENTRE_REGISTER: (CENTRE_OWN,),
        CENTRE_CLOSE: (CENTRE_OWN,),
        POOL_VIEW: (Rule(None),),
        # The subject of opening a pool is the centre.
        POOL_OPEN: (CENTRE_OWN,),
        POOL_CLOSE: (POOL_OWN,),
        ALLOCATION_VIEW: (APPLICANT, AT_CENTRE, *OFFICE),
        # The subject is the award, which has the applicant's organisation.
        ALLOCATION_REQUEST: (APPLICANT,),
        ALLOCATION_APPROVE: (AT_CENTRE,),
        ALLOCATION_REJECT: (AT_CENTRE,),
        ALLOCATION_ACTIVATE: (AT_CENTRE,),
        ALLOCATION_CLOSE: (AT_CENTRE, APPLICANT),
        JOB_VIEW: (JOB_OWNER, JOB_AT_CENTRE, *OFFICE),
        JOB_START: (JOB_AT_CENTRE,),
        JOB_CANCEL: (JOB_OWNER, JOB_AT_CENTRE),
        JOB_SETTLE: (Rule(Role.SYSTEM),),
    }
)
