"""What evaluation offers to the plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from hutong.kernel.clock import ZONE
from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.modules.trust.models import Certificate
from hutong.platform.evidence import facts_from_events, seqs_of
from hutong.platform.ledger.tables import Event

DECIDED = ("trust.evaluation.pass", "trust.evaluation.refuse")


@measure(
    "trust.evaluations_decided",
    unit="count(evaluation)",
    nature="flow",
    title=Text("Evaluations decided", "已作结论评测数"),
    definition=Text(
        "Evaluations that passed or were refused, on the day of the decision.",
        "已作出通过或不通过结论的评测，按结论之日计。",
    ),
)
def evaluations_decided() -> Iterable[Fact]:
    return facts_from_events(*DECIDED, kind="trust.evaluation")


@measure(
    "trust.refusals",
    unit="count(evaluation)",
    nature="flow",
    title=Text("Evaluations refused", "不通过评测数"),
    definition=Text("Evaluations that ended in a refusal.", "结论为不通过的评测。"),
)
def refusals() -> Iterable[Fact]:
    return facts_from_events("trust.evaluation.refuse", kind="trust.evaluation")


@measure(
    "trust.certificates_live",
    unit="count(certificate)",
    nature="stock",
    title=Text("Live certificates", "有效证书数"),
    definition=Text(
        "Certificates in their term and neither suspended nor revoked.", "在有效期内且未被暂停或撤销的证书。"
    ),
)
def certificates_live() -> Iterable[Fact]:
    proofs = seqs_of("trust.certificate.issue")
    for certificate in Certificate.objects.order_by("id"):
        end = datetime.combine(certificate.valid_to + timedelta(days=1), time(), ZONE)
        for start, stop in _live(certificate, end):
            yield Fact(
                record=f"urn:hutong:trust.certificate:{certificate.code}",
                event=proofs.get(certificate.code),
                amount=1,
                valid_from=start,
                valid_to=stop,
                recorded_at=start,
                label=certificate.code,
            )


def _live(certificate: Certificate, end: datetime) -> Iterable[tuple[datetime, datetime]]:
    """Stretches of time in which the certificate was live, read off its events."""
    start: datetime | None = None
    for event in Event.objects.filter(subject=certificate.code).order_by("seq"):
        if event.to_state == "live" and start is None:
            start = event.valid_at
        elif event.to_state != "live" and start is not None:
            yield start, min(max(event.valid_at, start), end)
            start = None
    if start is not None:
        yield start, max(end, start)
