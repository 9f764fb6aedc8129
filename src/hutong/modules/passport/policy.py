"""Who may see and change passports. A published passport is public; offices of the hub see all."""

from __future__ import annotations

from hutong.kernel.permission import Among, Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text

SYSTEM_VIEW = Permission("passport:system:view", Text("See AI systems", "查看人工智能系统"))
SYSTEM_REGISTER = Permission("passport:system:register", Text("Register an AI system", "登记人工智能系统"))
SYSTEM_PUBLISH = Permission("passport:system:publish", Text("Publish a passport", "公开系统护照"))
SYSTEM_WITHDRAW = Permission("passport:system:withdraw", Text("Withdraw an AI system", "撤回人工智能系统"))
VERSION_VIEW = Permission("passport:version:view", Text("See system versions", "查看系统版本"))
VERSION_FREEZE = Permission("passport:version:freeze", Text("Freeze a version", "固定系统版本"))
VERSION_REPLACE = Permission("passport:version:replace", Text("Replace parts of a version", "更换版本组成"))

OFFICES = tuple(
    Rule(role)
    for role in (
        Role.TASK_FORCE,
        Role.CENTRE_OPERATOR,
        Role.DATA_OFFICER,
        Role.EVALUATOR,
        Role.SUPERVISOR,
        Role.ETHICS_MEMBER,
        Role.SCENARIO_OWNER,
        Role.AUDITOR,
        Role.SYSTEM,
    )
)
OWNER = Rule(Role.INNOVATOR, Own("organisation_id"))
VERSION_OWNER = Rule(Role.INNOVATOR, Own("system.organisation_id"))

declare(
    {
        SYSTEM_VIEW: (Rule(None, Among("public", (True,))), OWNER, *OFFICES),
        SYSTEM_REGISTER: (OWNER,),
        SYSTEM_PUBLISH: (OWNER,),
        SYSTEM_WITHDRAW: (OWNER,),
        VERSION_VIEW: (Rule(None, Among("system.public", (True,))), VERSION_OWNER, *OFFICES),
        # The subject of freezing is the system, whose organisation is one step nearer.
        VERSION_FREEZE: (OWNER,),
        VERSION_REPLACE: (VERSION_OWNER,),
    }
)
