"""Who may see and do what with organisations, people and roles."""

from __future__ import annotations

from hutong.kernel.permission import Own, Permission, Role, Rule, Self, declare
from hutong.kernel.text import Text

ORGANISATION_VIEW = Permission("parties:organisation:view", Text("See organisations", "查看单位"))
ORGANISATION_REGISTER = Permission(
    "parties:organisation:register", Text("Register an organisation", "登记单位")
)
ORGANISATION_SUSPEND = Permission("parties:organisation:suspend", Text("Suspend an organisation", "暂停单位"))
PERSON_VIEW = Permission("parties:person:view", Text("See people", "查看人员"))
PERSON_INVITE = Permission("parties:person:invite", Text("Invite a person", "邀请人员"))
PERSON_CLOSE = Permission("parties:person:close", Text("Close an account", "关闭账户"))
GRANT_VIEW = Permission("parties:grant:view", Text("See role grants", "查看角色授权"))
GRANT_GIVE = Permission("parties:grant:give", Text("Grant a role", "授予角色"))
GRANT_END = Permission("parties:grant:end", Text("End a role grant", "终止角色授权"))
SESSION_VIEW = Permission("parties:session:view", Text("See operator sessions", "查看运维会话"))
SESSION_OPEN = Permission("parties:session:open", Text("Open an operator session", "开启运维会话"))
SESSION_CLOSE = Permission("parties:session:close", Text("Close an operator session", "结束运维会话"))

KEEPERS = (Rule(Role.OPERATOR), Rule(Role.SYSTEM))
READERS = (*KEEPERS, Rule(Role.AUDITOR), Rule(Role.TASK_FORCE))

declare(
    {
        # Which bodies take part is public, as the registers they come from are.
        ORGANISATION_VIEW: (Rule(None), *READERS),
        ORGANISATION_REGISTER: (*KEEPERS, Rule(Role.TASK_FORCE)),
        ORGANISATION_SUSPEND: (*KEEPERS, Rule(Role.TASK_FORCE)),
        # The secretariat of the ethics committee names members.
        PERSON_VIEW: (*READERS, Rule(Role.SUPERVISOR), Rule(None, Self("id"))),
        PERSON_INVITE: KEEPERS,
        PERSON_CLOSE: KEEPERS,
        GRANT_VIEW: (*READERS, Rule(None, Self("person_id")), Rule(Role.INNOVATOR, Own("organisation_id"))),
        GRANT_GIVE: KEEPERS,
        GRANT_END: KEEPERS,
        SESSION_VIEW: (*READERS, Rule(None, Self("person_id"))),
        # Who holds the operator's role but no open session acts without it: the body checks the grant.
        SESSION_OPEN: (Rule(None, Self("person_id")),),
        SESSION_CLOSE: (Rule(None, Self("person_id")), Rule(Role.AUDITOR)),
    }
)
