"""Who may see and start builds."""

from __future__ import annotations

from hutong.kernel.permission import Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text

BUILD_VIEW = Permission("forge:build:view", Text("See builds", "查看构建"))
BUILD_SUBMIT = Permission("forge:build:submit", Text("Submit a build", "提交构建"))
ARTEFACT_VIEW = Permission("forge:artefact:view", Text("See artefacts", "查看模型制品"))
ARTEFACT_REGISTER = Permission("forge:artefact:register", Text("Register an artefact", "登记模型制品"))

OFFICE = (Rule(Role.TASK_FORCE), Rule(Role.AUDITOR), Rule(Role.EVALUATOR), Rule(Role.SYSTEM))
AT_CENTRE = Rule(Role.CENTRE_OPERATOR, Own("job.allocation.pool.centre.organisation_id"))
OWNER = Rule(Role.INNOVATOR, Own("system.organisation_id"))
ARTEFACT_OWNER = Rule(Role.INNOVATOR, Own("build.system.organisation_id"))

declare(
    {
        BUILD_VIEW: (OWNER, AT_CENTRE, *OFFICE),
        # The subject of submitting is the system, whose organisation is one step nearer.
        BUILD_SUBMIT: (Rule(Role.INNOVATOR, Own("organisation_id")),),
        ARTEFACT_VIEW: (ARTEFACT_OWNER, *OFFICE),
        ARTEFACT_REGISTER: (Rule(Role.SYSTEM),),
    }
)
