"""Who may see and do what in evaluation. Certificates are public, whatever their state."""

from __future__ import annotations

from hutong.kernel.permission import Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text


def _permission(name: str, en: str, zh: str) -> Permission:
    return Permission(f"trust:{name}", Text(en, zh))


SERVICE_VIEW = _permission("service:view", "See model services", "查看模型服务")
SERVICE_REGISTER = _permission("service:register", "Register a model service", "登记模型服务")
SERVICE_KEEP = _permission("service:keep", "Keep a model service", "维护模型服务")
SERVICE_HEAR = _permission("service:hear", "Record what a service says", "记录模型服务的答复")
EVALUATION_VIEW = _permission("evaluation:view", "See evaluations", "查看评测")
EVALUATION_REQUEST = _permission("evaluation:request", "Ask for an evaluation", "申请评测")
EVALUATION_PLAN = _permission("evaluation:plan", "Plan an evaluation", "制定评测计划")
EVALUATION_MEASURE = _permission("evaluation:measure", "Measure", "实施测量")
EVALUATION_OBSERVE = _permission("evaluation:observe", "Record observations", "记录观测结果")
EVALUATION_MARK = _permission("evaluation:mark", "Mark answers of a service", "评审服务的回答")
EVALUATION_DECIDE = _permission("evaluation:decide", "Decide an evaluation", "作出评测结论")
EVIDENCE_VIEW = _permission("evidence:view", "See evidence", "查看证据材料")
EVIDENCE_GIVE = _permission("evidence:give", "Give evidence", "提交证据材料")
EVIDENCE_CONFIRM = _permission("evidence:confirm", "Confirm evidence", "核实证据材料")
CERTIFICATE_VIEW = _permission("certificate:view", "See certificates", "查看评测证书")
CERTIFICATE_ISSUE = _permission("certificate:issue", "Issue a certificate", "颁发评测证书")
CERTIFICATE_SUSPEND = _permission(
    "certificate:suspend", "Suspend or revoke a certificate", "暂停或撤销评测证书"
)

READERS = (
    Rule(Role.EVALUATOR),
    Rule(Role.SUPERVISOR),
    Rule(Role.TASK_FORCE),
    Rule(Role.AUDITOR),
    Rule(Role.ETHICS_MEMBER),
    Rule(Role.SYSTEM),
)
SERVICE_OWNER = Rule(Role.INNOVATOR, Own("system.organisation_id"))
BENCH = Rule(Role.EVALUATOR)
OWNER = Rule(Role.INNOVATOR, Own("version_of.system.organisation_id"))
EVIDENCE_OWNER = Rule(Role.INNOVATOR, Own("evaluation.version_of.system.organisation_id"))

declare(
    {
        SERVICE_VIEW: (SERVICE_OWNER, *READERS),
        # The subject of registering is the system.
        SERVICE_REGISTER: (Rule(Role.INNOVATOR, Own("organisation_id")),),
        SERVICE_KEEP: (SERVICE_OWNER,),
        SERVICE_HEAR: (Rule(Role.SYSTEM),),
        EVALUATION_VIEW: (OWNER, *READERS),
        # The subject of asking is the version.
        EVALUATION_REQUEST: (Rule(Role.INNOVATOR, Own("system.organisation_id")),),
        EVALUATION_PLAN: (BENCH,),
        EVALUATION_MEASURE: (BENCH,),
        EVALUATION_OBSERVE: (Rule(Role.SYSTEM),),
        EVALUATION_MARK: (BENCH,),
        EVALUATION_DECIDE: (BENCH,),
        EVIDENCE_VIEW: (EVIDENCE_OWNER, *READERS),
        # The subject of giving is the evaluation.
        EVIDENCE_GIVE: (OWNER,),
        EVIDENCE_CONFIRM: (BENCH,),
        CERTIFICATE_VIEW: (Rule(None),),
        CERTIFICATE_ISSUE: (BENCH, Rule(Role.SUPERVISOR)),
        CERTIFICATE_SUSPEND: (Rule(Role.SUPERVISOR), Rule(Role.SYSTEM)),
    }
)
