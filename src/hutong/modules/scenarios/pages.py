"""How opportunities and pilots appear."""

from __future__ import annotations

from hutong.kernel.text import Text
from hutong.modules.scenarios import policy as may
from hutong.modules.scenarios.models import Opportunity, Pilot
from hutong.modules.scenarios.view import opportunity_context, pilot_context
from hutong.platform.entities import Entity, Show, show

OWNER = Show("organisation", Text("Scenario owner", "场景业主"), "record")
TITLE_ZH = Show("title_zh", Text("Title in Chinese", "中文标题"))
TITLE_EN = Show("title_en", Text("Title in English", "英文标题"))
DAYS = Show("days", Text("Days a pilot lasts", "试点天数"), "count")
OPPORTUNITY_OF = Show("opportunity", Opportunity.title, "record")
SYSTEM = Show("system", Text("AI system", "人工智能系统"), "record")
VERSION = Show("version_used", Text("System version", "系统版本"), "record")
STARTED = Show("started_at", Text("Started", "启动时间"), "instant")

show(
    Entity(
        model=Opportunity,
        scope="scenarios",
        resource="opportunity",
        view=may.OPPORTUNITY_VIEW,
        title=Opportunity.title,
        plural=Text("Opportunities", "场景机会"),
        columns=(TITLE_ZH, TITLE_EN, OWNER, DAYS),
        fields=(
            TITLE_ZH,
            TITLE_EN,
            OWNER,
            Show("need", Text("What is needed", "需求"), "long"),
            DAYS,
        ),
        related=((Text("Pilots", "试点"), "scenarios.pilot", "opportunity"),),
        empty=Text(
            "No scenario is open yet. A scenario owner publishes the first one.",
            "尚无开放的场景，由场景业主发布第一个场景机会。",
        ),
        words=lambda o: (o.name, o.need),
        template="scenarios/opportunity.html",
        context=opportunity_context,
        select=("organisation",),
        menu=(80, Text("Scenarios", "场景")),
    )
)
show(
    Entity(
        model=Pilot,
        scope="scenarios",
        resource="pilot",
        view=may.PILOT_VIEW,
        title=Pilot.title,
        plural=Text("Pilots", "试点"),
        columns=(OPPORTUNITY_OF, SYSTEM, VERSION, STARTED),
        fields=(
            OPPORTUNITY_OF,
            SYSTEM,
            VERSION,
            STARTED,
            Show("certificate", Text("Certificate", "评测证书")),
            Show("filing", Text("Filing", "备案")),
            Show("approach", Text("How it is used", "使用方式"), "long"),
        ),
        empty=Text(
            "No pilot yet. An innovator proposes one for a published opportunity.",
            "尚无试点，由创新主体就已发布的场景机会提出申请。",
        ),
        template="scenarios/pilot.html",
        context=pilot_context,
        select=("opportunity", "system", "version_used"),
    )
)
