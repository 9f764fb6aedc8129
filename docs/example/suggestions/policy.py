"""Who may see, send and answer suggestions."""

from hutong.kernel.permission import Own, Permission, Role, Rule, declare
from hutong.kernel.text import Text

VIEW = Permission("suggestions:suggestion:view", Text("See suggestions", "查看建议"))
SEND = Permission("suggestions:suggestion:send", Text("Send a suggestion", "提交建议"))
ANSWER = Permission("suggestions:suggestion:answer", Text("Answer a suggestion", "答复建议"))

OWNERS = Rule(Role.INNOVATOR, Own("organisation_id"))
OFFICE = Rule(Role.TASK_FORCE)

declare({VIEW: (OWNERS, OFFICE, Rule(Role.AUDITOR)), SEND: (OWNERS,), ANSWER: (OFFICE,)})
