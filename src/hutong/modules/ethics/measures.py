"""What ethics offers to the plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from hutong.kernel.clock import ZONE
from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.modules.ethics.models import Application
from hutong.platform.evidence import facts_from_events
from hutong.platform.ledger.tables import Event


@measure(
    "ethics.applications_received",
    unit="count(application)",
    nature="flow",
    title=Text("Ethics applications", "伦理审查申请数"),
    definition=Text("Applications received, on the day of submission.", "收到的申请，按提交之日计。"),
)
def applications_received() -> Iterable[Fact]:
    return facts_from_events("ethics.application.submit", kind="ethics.application")


@measure(
    "ethics.reviews_decided",
    unit="count(review)",
    nature="flow",
    title=Text("Ethics reviews decided", "已作决定的伦理审查数"),
    definition=Text(
        "Applications approved or rejected, on the day of the decision.", "批准或驳回的申请，按决定之日计。"
    ),
)
def reviews_decided() -> Iterable[Fact]:
    return facts_from_events(
        "ethics.application.approve", "ethics.application.reject", kind="ethics.application"
    )


@measure(
    "ethics.approvals_live",
    unit="count(approval)",
    nature="stock",
    title=Text("Live ethics approvals", "有效伦理批准数"),
    definition=Text("Approvals in their term.", "在有效期内的批准。"),
)
def approvals_live() -> Iterable[Fact]:
    ends = dict(Application.objects.exclude(valid_to=None).values_list("code", "valid_to"))
    for event in Event.objects.filter(operation="ethics.application.approve").order_by("seq"):
        last = ends[event.subject]
        assert last is not None, "an approval has its last day"
        yield Fact(
            record=f"urn:hutong:ethics.application:{event.subject}",
            event=event.seq,
            amount=1,
            valid_from=event.valid_at,
            valid_to=datetime.combine(last + timedelta(days=1), time(), ZONE),
            recorded_at=event.recorded_at,
            label=event.subject,
        )
