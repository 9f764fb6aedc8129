"""Who may see and do what with centres, hours and jobs."""

from __future__ import annotations

from hutong.kernel.permission import Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text


def _permission(name: str, en: str, zh: str) -> Permission:
    return Permission(f"compute:{name}", Text(en, zh))


CENTRE_VIEW = _permission("centre:view", "See centres", "查看算力中心")
CENTRE_REGISTER = _permission("centre:register", "Register a centre", "登记算力中心")
CENTRE_RUN = _permission("centre:run", "Drain, suspend and resume a centre", "排空、暂停与恢复算力中心")
CENTRE_DECLARE = _permission("centre:declare", "Declare energy and carbon", "申报能耗与碳强度")
CENTRE_DECLINE = _permission("centre:decline", "Decline jobs of others", "拒绝外部作业")
CENTRE_CLOSE = _permission("centre:close", "Close a centre", "关闭算力中心")
CENTRE_WATCH = _permission("centre:watch", "Record that a centre is silent or answers", "记录算力中心的通断")
AGREEMENT_VIEW = _permission("agreement:view", "See agreements", "查看算力伙伴协议")
AGREEMENT_OFFER = _permission("agreement:offer", "Offer an agreement", "提出算力伙伴协议")
AGREEMENT_SIGN = _permission("agreement:sign", "Sign an agreement", "签署算力伙伴协议")
AGREEMENT_CLOSE = _permission("agreement:close", "End an agreement", "终止算力伙伴协议")
POOL_VIEW = _permission("pool:view", "See pools of chips", "查看算力池")
POOL_OPEN = _permission("pool:open", "Open a pool of chips", "开设算力池")
POOL_PRICE = _permission("pool:price", "Post a price", "发布价格")
POOL_CLOSE = _permission("pool:close", "Close a pool of chips", "关闭算力池")
ALLOCATION_VIEW = _permission("allocation:view", "See allocations", "查看算力配额")
ALLOCATION_REQUEST = _permission("allocation:request", "Ask for hours", "申请算力配额")
ALLOCATION_APPROVE = _permission("allocation:approve", "Approve hours", "批准算力配额")
ALLOCATION_REJECT = _permission("allocation:reject", "Reject a request for hours", "驳回算力申请")
ALLOCATION_ACTIVATE = _permission("allocation:activate", "Activate hours", "启用算力配额")
ALLOCATION_CLOSE = _permission("allocation:close", "Close an allocation", "办结算力配额")
JOB_VIEW = _permission("job:view", "See jobs", "查看计算作业")
JOB_SUBMIT = _permission("job:submit", "Submit a job", "提交计算作业")
JOB_START = _permission("job:start", "Start a job", "启动计算作业")
JOB_CANCEL = _permission("job:cancel", "Cancel a job", "取消计算作业")
JOB_SETTLE = _permission("job:settle", "Settle a job", "结算计算作业")
RESERVATION_VIEW = _permission("reservation:view", "See reservations", "查看预留")
RESERVATION_RESERVE = _permission("reservation:reserve", "Reserve chips", "预留芯片")
RESERVATION_CANCEL = _permission("reservation:cancel", "Cancel a reservation", "取消预留")
RESERVATION_CLOSE = _permission("reservation:close", "Close a reservation", "预留到期")
STATEMENT_VIEW = _permission("statement:view", "See statements of use", "查看用量对账单")
STATEMENT_SUBMIT = _permission("statement:submit", "Submit a statement of use", "提交用量对账单")
STATEMENT_WITHDRAW = _permission("statement:withdraw", "Withdraw a statement of use", "撤回用量对账单")
STATEMENT_JUDGE = _permission("statement:judge", "Accept or dispute a statement", "受理或质疑用量对账单")
STATEMENT_SETTLE = _permission("statement:settle", "Settle statements", "结算用量对账单")
VOUCHER_VIEW = _permission("voucher:view", "See vouchers", "查看算力券")
VOUCHER_APPLY = _permission("voucher:apply", "Apply for a voucher", "申领算力券")
VOUCHER_DECIDE = _permission("voucher:decide", "Decide on vouchers", "审批算力券")
VOUCHER_REDEEM = _permission("voucher:redeem", "Redeem a voucher", "兑付算力券")
EXPERIMENT_VIEW = _permission("experiment:view", "See experiments", "查看推演")
EXPERIMENT_RUN = _permission("experiment:run", "Run an experiment", "开展推演")
EXPERIMENT_CONCLUDE = _permission("experiment:conclude", "Conclude an experiment", "完成推演")

OFFICE = (Rule(Role.TASK_FORCE), Rule(Role.AUDITOR), Rule(Role.SYSTEM))
CENTRE_OWN = Rule(Role.CENTRE_OPERATOR, Own("organisation_id"))
POOL_OWN = Rule(Role.CENTRE_OPERATOR, Own("centre.organisation_id"))
AT_CENTRE = Rule(Role.CENTRE_OPERATOR, Own("pool.centre.organisation_id"))
JOB_AT_CENTRE = Rule(Role.CENTRE_OPERATOR, Own("allocation.pool.centre.organisation_id"))
JOB_PLACED_AT = Rule(Role.CENTRE_OPERATOR, Own("pool.centre.organisation_id"))
APPLICANT = Rule(Role.INNOVATOR, Own("organisation_id"))
JOB_OWNER = Rule(Role.INNOVATOR, Own("allocation.organisation_id"))

declare(
    {
        CENTRE_VIEW: (Rule(None),),
        CENTRE_REGISTER: (CENTRE_OWN,),
        CENTRE_RUN: (CENTRE_OWN, Rule(Role.SYSTEM)),
        CENTRE_DECLARE: (CENTRE_OWN,),
        CENTRE_DECLINE: (CENTRE_OWN,),
        CENTRE_CLOSE: (CENTRE_OWN,),
        CENTRE_WATCH: (Rule(Role.SYSTEM),),
        AGREEMENT_VIEW: (POOL_OWN, *OFFICE),
        # The subject of an offer is the centre.
        AGREEMENT_OFFER: (CENTRE_OWN,),
        AGREEMENT_SIGN: (Rule(Role.TASK_FORCE),),
        AGREEMENT_CLOSE: (POOL_OWN, Rule(Role.TASK_FORCE)),
        POOL_VIEW: (Rule(None),),
        # The subject of opening a pool is the centre.
        POOL_OPEN: (CENTRE_OWN,),
        POOL_PRICE: (POOL_OWN,),
        POOL_CLOSE: (POOL_OWN,),
        ALLOCATION_VIEW: (APPLICANT, AT_CENTRE, *OFFICE),
        # The subject is the award, which has the applicant's organisation.
        ALLOCATION_REQUEST: (APPLICANT,),
        ALLOCATION_APPROVE: (AT_CENTRE,),
        ALLOCATION_REJECT: (AT_CENTRE,),
        ALLOCATION_ACTIVATE: (AT_CENTRE,),
        ALLOCATION_CLOSE: (AT_CENTRE, APPLICANT),
        JOB_VIEW: (JOB_OWNER, JOB_AT_CENTRE, JOB_PLACED_AT, *OFFICE),
        JOB_SUBMIT: (APPLICANT,),
        JOB_START: (JOB_AT_CENTRE, Rule(Role.SYSTEM)),
        JOB_CANCEL: (JOB_OWNER, JOB_AT_CENTRE, JOB_PLACED_AT),
        JOB_SETTLE: (Rule(Role.SYSTEM),),
        RESERVATION_VIEW: (Rule(None),),
        # The subject of reserving is the pool.
        RESERVATION_RESERVE: (POOL_OWN, Rule(Role.TASK_FORCE)),
        RESERVATION_CANCEL: (AT_CENTRE, Rule(Role.TASK_FORCE)),
        RESERVATION_CLOSE: (Rule(Role.SYSTEM),),
        STATEMENT_VIEW: (POOL_OWN, *OFFICE),
        # The subject is the centre.
        STATEMENT_SUBMIT: (CENTRE_OWN,),
        STATEMENT_WITHDRAW: (POOL_OWN,),
        STATEMENT_JUDGE: (Rule(Role.TASK_FORCE), Rule(Role.SYSTEM)),
        STATEMENT_SETTLE: (Rule(Role.TASK_FORCE),),
        VOUCHER_VIEW: (APPLICANT, *OFFICE),
        VOUCHER_APPLY: (APPLICANT,),
        VOUCHER_DECIDE: (Rule(Role.TASK_FORCE),),
        VOUCHER_REDEEM: (Rule(Role.TASK_FORCE),),
        EXPERIMENT_VIEW: OFFICE,
        EXPERIMENT_RUN: (Rule(Role.TASK_FORCE),),
        EXPERIMENT_CONCLUDE: (Rule(Role.SYSTEM),),
    }
)
