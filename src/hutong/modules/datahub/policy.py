"""Who may see and use data. The catalogue is public; the rows are read only by jobs under a live grant."""

from __future__ import annotations

from hutong.kernel.permission import Among, Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text


def _permission(name: str, en: str, zh: str) -> Permission:
    return Permission(f"datahub:{name}", Text(en, zh))


DATASET_VIEW = _permission("dataset:view", "See data sets", "查看数据集")
DATASET_REGISTER = _permission("dataset:register", "Register a data set", "登记数据集")
DATASET_PUBLISH = _permission("dataset:publish", "Publish a data set", "发布数据集")
VERSION_VIEW = _permission("version:view", "See data set versions", "查看数据集版本")
VERSION_RELEASE = _permission("version:release", "Release a version", "发布数据集版本")
GRANT_VIEW = _permission("grant:view", "See data grants", "查看数据授权")
GRANT_REQUEST = _permission("grant:request", "Ask for a data grant", "申请数据授权")
GRANT_ISSUE = _permission("grant:issue", "Issue a data grant", "准予数据授权")
GRANT_DENY = _permission("grant:deny", "Deny a data grant", "不予数据授权")
GRANT_REVOKE = _permission("grant:revoke", "Revoke a data grant", "撤销数据授权")
USE_VIEW = _permission("use:view", "See data uses", "查看数据使用记录")
USE_RECORD = _permission("use:record", "Record a data use", "记录数据使用")

OFFICE = (Rule(Role.TASK_FORCE), Rule(Role.AUDITOR), Rule(Role.EVALUATOR), Rule(Role.SYSTEM))
OFFICER = Rule(Role.DATA_OFFICER, Own("organisation_id"))
VERSION_OFFICER = Rule(Role.DATA_OFFICER, Own("dataset.organisation_id"))
GRANT_OFFICER = Rule(Role.DATA_OFFICER, Own("version_of.dataset.organisation_id"))
USE_OFFICER = Rule(Role.DATA_OFFICER, Own("grant.version_of.dataset.organisation_id"))
APPLICANT = Rule(Role.INNOVATOR, Own("organisation_id"))
USE_APPLICANT = Rule(Role.INNOVATOR, Own("grant.organisation_id"))

declare(
    {
        DATASET_VIEW: (Rule(None, Among("state", ("published", "withdrawn"))), OFFICER, *OFFICE),
        DATASET_REGISTER: (OFFICER,),
        DATASET_PUBLISH: (OFFICER,),
        VERSION_VIEW: (
            Rule(None, Among("dataset.state", ("published", "withdrawn"))),
            VERSION_OFFICER,
            *OFFICE,
        ),
        # The subject of releasing is the data set.
        VERSION_RELEASE: (OFFICER,),
        GRANT_VIEW: (APPLICANT, GRANT_OFFICER, *OFFICE),
        # The subject of asking is the version: the body checks that the system is the applicant's own.
        GRANT_REQUEST: (Rule(Role.INNOVATOR),),
        GRANT_ISSUE: (GRANT_OFFICER,),
        GRANT_DENY: (GRANT_OFFICER,),
        GRANT_REVOKE: (GRANT_OFFICER,),
        USE_VIEW: (USE_APPLICANT, USE_OFFICER, *OFFICE),
        USE_RECORD: (Rule(Role.SYSTEM),),
    }
)
