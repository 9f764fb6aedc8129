"""From voucher records to what the rules read: the contract, the deliveries, and the book of entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast

from django.db.models import Q

from hutong.engines.broker.money import vouchers as rules
from hutong.kernel.errors import Invalid
from hutong.kernel.quantity import Money
from hutong.kernel.text import Text
from hutong.modules.compute.models import Voucher, VoucherEntry

MOST_LINES = 200


def programme_of(voucher: Voucher) -> rules.Programme:
    """The rules under which the voucher was applied for, in the version of then."""
    return rules.programme_of(voucher.programme, voucher.rules)


def contract_of(voucher: Voucher) -> rules.Contract:
    return rules.Contract(
        number=f"{voucher.supplier.register_id}:{voucher.contract_no}",
        enterprise=voucher.organisation.register_id,
        supplier=voucher.supplier.register_id,
        signed_on=voucher.signed_on,
        starts_on=voucher.starts_on,
        ends_on=voucher.ends_on,
        lines=tuple(rules.ContractLine(row["scope"], row["fen"]) for row in voucher.lines),
        affiliated=voucher.affiliated,
        other_subsidies=tuple(voucher.other_subsidies),
        cancelled_on=voucher.cancelled_on,
    )


def claim(voucher: Voucher, on: date) -> rules.Assessment:
    """What the voucher is worth on a day by its rules, or why it is not."""
    house = voucher.organisation
    applicant = rules.Applicant(house.register_id, house.region, voucher.industry, voucher.dishonest_on)
    return rules.claim(
        programme_of(voucher),
        contract_of(voucher),
        history(voucher),
        on,
        voucher.code or "applied",
        applicant=applicant,
    )


def issued(voucher: Voucher) -> rules.Voucher:
    programme = programme_of(voucher)
    assert voucher.claimed_on is not None
    return rules.Voucher(
        voucher.code,
        programme.id,
        programme.version,
        contract_of(voucher).number,
        voucher.organisation.register_id,
        voucher.claimed_on,
        programme.share_max,
        voucher.amount_fen,
    )


def history(voucher: Voucher) -> list[rules.Entry]:
    """The book of the enterprise and of the contract, in the order written."""
    concerned = Q(voucher__organisation=voucher.organisation) | Q(
        voucher__supplier=voucher.supplier, voucher__contract_no=voucher.contract_no
    )
    rows = VoucherEntry.objects.filter(concerned).select_related("voucher__organisation", "voucher__supplier")
    return [
        rules.Entry(
            cast(rules.EntryKind, row.kind),
            row.voucher.code,
            contract_of(row.voucher).number,
            row.voucher.organisation.register_id,
            row.fen,
            row.on,
            row.voucher.claimed_on or row.on,
            tuple(row.invoices),
        )
        for row in rows.order_by("pk")
    ]


def deliveries_of(voucher: Voucher) -> list[rules.Delivery]:
    return [
        rules.Delivery(
            row["invoice"],
            row["invoiced_fen"],
            row["delivered_fen"],
            date.fromisoformat(row["first_day"]),
            date.fromisoformat(row["last_day"]),
            row["statement"],
            row.get("corrects"),
        )
        for row in voucher.deliveries
    ]


def write(voucher: Voucher, entries: Iterable[rules.Entry]) -> None:
    VoucherEntry.objects.bulk_create(
        VoucherEntry(voucher=voucher, kind=e.kind, fen=e.fen, on=e.on, invoices=list(e.invoices))
        for e in entries
    )


def read_lines(raw: Any) -> list[dict[str, Any]]:
    """Lines of a contract: scope and amount in yuan. Raises `Invalid` voucher.lines."""
    rows = raw if isinstance(raw, list) else []
    made = []
    for row in rows:
        if not isinstance(row, Mapping) or row.get("scope") not in (
            "compute",
            "software",
            "storage",
            "service",
        ):
            rows = []
            break
        made.append(
            {"scope": row["scope"], "fen": Money.parse(str(row.get("amount", "")), field="lines").as_json()}
        )
    if not rows or len(rows) > MOST_LINES:
        raise Invalid(
            Text("The lines of the contract cannot be read.", "合同分项无法识别。"),
            rule="voucher.lines",
            remedy=Text(
                "Give one line each with a scope (compute, software, storage or service) and an amount in yuan.",
                "请逐项给出类别（compute、software、storage 或 service）与金额（元）。",
            ),
            field="lines",
        )
    return made


def read_delivery(
    invoice: str,
    invoiced: Money,
    delivered: Money,
    first_day: date,
    last_day: date,
    statement: str,
    corrects: str,
) -> dict[str, Any]:
    """One invoice with its proof; a credit note names the invoice that it corrects and counts negatively."""
    sign = -1 if corrects else 1
    return {
        "invoice": invoice,
        "invoiced_fen": sign * invoiced.as_json(),
        "delivered_fen": sign * delivered.as_json(),
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "statement": statement,
        "corrects": corrects or None,
    }
