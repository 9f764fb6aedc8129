"""What the parties offer to the plan."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.modules.parties.queries import innovator_grants
from hutong.platform.evidence import facts_from_events, seqs_of


@measure(
    "parties.organisations_registered",
    unit="count(organisation)",
    nature="flow",
    title=Text("Organisations registered", "登记单位数"),
    definition=Text(
        "Organisations taken into the register of parties, on the day of registration.",
        "登记进入主体名录的单位，按登记之日计。",
    ),
)
def organisations_registered() -> Iterable[Fact]:
    return facts_from_events("parties.organisation.register", kind="parties.organisation")


@measure(
    "parties.innovators_active",
    unit="count(innovator)",
    nature="stock",
    title=Text("Active innovators", "活跃创新主体数"),
    definition=Text(
        "Organisations for which at least one person holds the innovator's role, while the earliest grant lasts.",
        "至少有一人持有创新主体角色的单位，以最早一项授权的有效期计。",
    ),
)
def innovators_active() -> Iterable[Fact]:
    seen: set[int] = set()
    proofs = seqs_of("parties.grant.give")
    for grant in innovator_grants():
        if grant.organisation is None or grant.organisation_id in seen:
            continue
        seen.add(grant.organisation.pk)
        yield Fact(
            record=f"urn:hutong:parties.grant:{grant.code}",
            event=proofs.get(grant.code),
            amount=1,
            valid_from=grant.valid_from,
            valid_to=grant.valid_to,
            recorded_at=grant.created_at,
            label=grant.organisation.code,
        )
