"""Who may see and do what in filing. What is filed is public."""

from __future__ import annotations

from hutong.kernel.permission import Among, Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text

VIEW = Permission("filing:filing:view", Text("See filings", "查看备案"))
PREPARE = Permission("filing:filing:prepare", Text("Prepare a filing", "准备备案"))
HANDLE = Permission("filing:filing:handle", Text("Handle a filing", "办理备案"))
SUSPEND = Permission("filing:filing:suspend", Text("Suspend a filing", "暂停备案"))

OWNER = Rule(Role.INNOVATOR, Own("version_of.system.organisation_id"))
VERSION_OWNER = Rule(Role.INNOVATOR, Own("system.organisation_id"))
OFFICE = Rule(Role.SUPERVISOR)
OPEN = Permission("filing:filing:open", Text("Open a filing", "发起备案"))

declare(
    {
        VIEW: (
            Rule(None, Among("state", ("filed", "suspended", "deregistered"))),
            OWNER,
            OFFICE,
            Rule(Role.TASK_FORCE),
            Rule(Role.AUDITOR),
            Rule(Role.SYSTEM),
        ),
        # The subject of opening is the version.
        OPEN: (VERSION_OWNER,),
        PREPARE: (OWNER,),
        HANDLE: (OFFICE,),
        SUSPEND: (OFFICE, Rule(Role.SYSTEM)),
    }
)
