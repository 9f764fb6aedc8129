"""How applications and votes appear."""

from __future__ import annotations

from typing import Any

from hutong.kernel.text import Text
from hutong.modules.ethics import policy as may
from hutong.modules.ethics.models import Application, Vote
from hutong.modules.ethics.operations import CHOICES
from hutong.modules.ethics.rules import rules
from hutong.platform.entities import Entity, Show, Sight, show

SYSTEM = Show("system", Text("AI system", "人工智能系统"), "record")
APPLICANT = Show("organisation", Text("Applicant", "申报方"), "record")
APPLICATION_OF = Show("application", Application.title, "record")
UNTIL = Show("valid_to", Text("Until", "有效期至"), "date")
COUNT = Text(
    "{m} members, {r} recused, {p} voted (at least {q} needed), {a} in favour (two thirds of those present needed).",
    "委员{m}人，回避{r}人，表决{p}人（至少{q}人），同意{a}人（须达表决人数三分之二）。",
)


def application_context(seen: Sight) -> dict[str, Any]:
    """Quorum and majority as they stand."""
    record = seen.record
    counted = record.tally
    if not counted.members:
        return {}
    lead = COUNT.format(
        m=counted.members, r=counted.recused, p=counted.present, q=rules().present_min, a=counted.approve
    )
    return {"lead": lead}


show(
    Entity(
        model=Application,
        scope="ethics",
        resource="application",
        view=may.VIEW,
        title=Application.title,
        plural=Text("Ethics applications", "伦理审查申请"),
        columns=(SYSTEM, APPLICANT, UNTIL),
        fields=(
            SYSTEM,
            APPLICANT,
            Show("summary", Text("Whom it affects, and how", "影响对象与方式"), "long"),
            Show("safeguards", Text("What protects them", "保护措施"), "long"),
            Show("conditions", Text("Conditions or reasons", "条件或理由"), "long"),
            UNTIL,
        ),
        related=((Text("Votes", "表决"), "ethics.vote", "application"),),
        empty=Text(
            "No application yet. The owner of a system of class 4 or 5 applies.",
            "尚无申请，由4、5级系统的所有方提出。",
        ),
        context=application_context,
        select=("system", "organisation"),
    )
)
show(
    Entity(
        model=Vote,
        scope="ethics",
        resource="vote",
        view=may.VOTE_VIEW,
        title=Vote.title,
        plural=Text("Votes", "表决"),
        columns=(APPLICATION_OF, Show("member", Text("Member", "委员"), "record")),
        fields=(
            APPLICATION_OF,
            Show("application.summary", Text("Whom it affects, and how", "影响对象与方式"), "long"),
            Show("application.safeguards", Text("What protects them", "保护措施"), "long"),
            Show("member", Text("Member", "委员"), "record"),
            Show("choice", Text("Vote", "表决意见"), "choice", dict(CHOICES.options)),
            Show("reason", Text("Reason", "理由"), "long"),
        ),
        empty=Text("No vote waits for you.", "暂无待您表决的事项。"),
        select=("application", "member"),
    )
)
