"""Who may see and do what in ethics review."""

from __future__ import annotations

from hutong.kernel.permission import Own, Permission, Role, Rule, Self, declare
from hutong.kernel.text import Text

VIEW = Permission("ethics:application:view", Text("See ethics applications", "查看伦理审查申请"))
SUBMIT = Permission("ethics:application:submit", Text("Apply for ethics review", "申请伦理审查"))
CONVENE = Permission("ethics:application:convene", Text("Convene a panel", "召集审查会议"))
DECIDE = Permission("ethics:application:decide", Text("Decide on an ethics application", "作出伦理审查决定"))
WITHDRAW = Permission(
    "ethics:application:withdraw", Text("Withdraw an ethics application", "撤回伦理审查申请")
)
VOTE_VIEW = Permission("ethics:vote:view", Text("See votes", "查看表决"))
VOTE = Permission("ethics:vote:cast", Text("Vote", "表决"))

OWNER = Rule(Role.INNOVATOR, Own("organisation_id"))
OFFICE = Rule(Role.SUPERVISOR)
MEMBERS = Rule(Role.ETHICS_MEMBER)
READERS = (OFFICE, MEMBERS, Rule(Role.TASK_FORCE), Rule(Role.AUDITOR), Rule(Role.SYSTEM))

declare(
    {
        VIEW: (OWNER, *READERS),
        # The subject of applying is the system.
        SUBMIT: (OWNER,),
        # The supervisor keeps the secretariat; the committee votes.
        CONVENE: (OFFICE,),
        DECIDE: (OFFICE,),
        WITHDRAW: (OWNER,),
        VOTE_VIEW: (Rule(Role.ETHICS_MEMBER, Self("member_id")), OFFICE, Rule(Role.AUDITOR)),
        VOTE: (Rule(Role.ETHICS_MEMBER, Self("member_id")),),
    }
)
