"""How filings appear: the register is public, the way to it is the applicant's and the office's."""

from __future__ import annotations

from typing import Any

from hutong.kernel.clock import say_date
from hutong.kernel.text import Text
from hutong.modules.filing import policy as may
from hutong.modules.filing import rules
from hutong.modules.filing.models import Filing
from hutong.modules.filing.operations import KINDS
from hutong.platform.entities import Entity, Show, Sight, show
from hutong.platform.evidence import events_of

SYSTEM = Show("version_of.system", Text("AI system", "人工智能系统"), "record")
NUMBER = Show("number", Text("Number", "备案号"))
KIND = Show("kind", Text("Kind", "类型"), "choice", dict(KINDS.options))
FILED = Show("filed_on", Text("Filed on", "备案日期"), "date")
BY = Text("To be entered by {d} ({c}).", "应于{d}前办结（{c}）。")
BY_PROVISIONAL = Text(
    "To be entered by {d}, provisionally: holidays on the way are not published yet ({c}).",
    "暂定应于{d}前办结，其间节假日安排尚未公布（{c}）。",
)


def filing_context(seen: Sight) -> dict[str, Any]:
    """By when the authority enters it, and where that is written."""
    record = seen.record
    if record.state not in ("submitted", "returned_for_correction", "accepted"):
        return {}
    due = rules.due(events_of(record.code))
    if due is None:
        return {"lead": Text("The clock stands.", "计时中止。")}
    said = Text(say_date(due.date, "en"), say_date(due.date, "zh"))
    return {"lead": (BY_PROVISIONAL if due.provisional else BY).format(d=said, c=rules.checklist().citation)}


show(
    Entity(
        model=Filing,
        scope="filing",
        resource="filing",
        menu=(70, Text("Register", "备案")),
        view=may.VIEW,
        title=Filing.title,
        plural=Text("Register of filings", "备案登记"),
        columns=(NUMBER, SYSTEM, KIND, FILED),
        fields=(
            NUMBER,
            SYSTEM,
            Show("version_of", Text("System version", "系统版本"), "record"),
            Show("certificate", Text("Certificate", "评测证书"), "record"),
            KIND,
            FILED,
            Show("answers", Text("Self-assessment", "自评估"), "json"),
            Show("missing", Text("Missing", "缺项"), "json"),
            Show("reason", Text("Reason", "理由"), "long"),
        ),
        empty=Text("The register is empty: no algorithm has been filed yet.", "登记为空：尚无已备案算法。"),
        words=lambda f: (f.version_of.system.name, f.number),
        context=filing_context,
        select=("version_of", "version_of__system", "certificate"),
    )
)
