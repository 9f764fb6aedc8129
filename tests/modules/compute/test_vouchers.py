"""Vouchers through operations: computed to the fen, one a contract, never beyond the year's cap, claimed back when wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from refusals import refused

from hutong.kernel.clock import SteppingClock
from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid
from hutong.kernel.measure import MEASURES
from hutong.kernel.permission import Actor, Role
from hutong.modules.compute.models import Voucher, VoucherEntry

YUAN = 100


class Desk:
    def __init__(self, hub: Any) -> None:
        self.hub = hub
        # Within the term of Beijing's programme.
        hub.clock = SteppingClock(datetime(2024, 11, 1, 1, 0, tzinfo=UTC))
        self.firm = hub.organisation("Firm")
        self.supplier = hub.organisation("Supplier")
        self.applicant: Actor = hub.actor(Role.INNOVATOR, self.firm)
        self.office: Actor = hub.actor(Role.TASK_FORCE)

    def apply(self, **changed: Any) -> Voucher:
        given = {
            "supplier": self.supplier,
            "contract_no": "C-1",
            "signed_on": "2024-10-01",
            "starts_on": "2024-10-10",
            "ends_on": "2025-10-09",
            "lines": [{"scope": "compute", "amount": "1000000.05"}, {"scope": "storage", "amount": "500000"}],
            "industry": "I6513",
            "affiliated": False,
            **changed,
        }
        made: Voucher = self.hub.do(self.applicant, "compute.voucher.apply", **given)
        return made

    def issued(self, **changed: Any) -> Voucher:
        made: Voucher = self.hub.do(self.office, "compute.voucher.approve", voucher=self.apply(**changed))
        return made

    def redeem(self, voucher: Voucher, invoice: str = "F-1", **changed: Any) -> Voucher:
        given = {
            "voucher": voucher,
            "invoice": invoice,
            "invoiced": "400000",
            "delivered": "400000",
            "first_day": "2024-10-10",
            "last_day": "2024-10-31",
            "proof": "statement of October",
            **changed,
        }
        made: Voucher = self.hub.do(self.office, "compute.voucher.redeem", **given)
        return made


@pytest.fixture
def desk(hub: Any) -> Desk:
    return Desk(hub)


def entries(voucher: Voucher) -> list[tuple[str, int]]:
    return list(VoucherEntry.objects.filter(voucher=voucher).order_by("pk").values_list("kind", "fen"))


def test_share_max_twenty_per_cent_of_the_compute_lines_rounded_down(desk: Desk) -> None:
    voucher = desk.issued()
    assert voucher.amount_fen == 20_000_001
    assert entries(voucher) == [("claimed", 20_000_001)]


def test_redeem_in_parts_until_nothing_is_left(desk: Desk) -> None:
    voucher = desk.issued()
    desk.redeem(voucher)
    with refused(Conflict, "voucher.invoice_twice"):
        desk.redeem(voucher)
    ended = desk.redeem(voucher, "F-2", invoiced="600000.05", delivered="700000")
    assert entries(voucher) == [("claimed", 20_000_001), ("redeemed", 8_000_000), ("redeemed", 12_000_001)]
    assert ended.state == "exhausted"
    with refused(Conflict, "needs.compute.voucher.redeem", "state"):
        desk.redeem(voucher, "F-3")


def test_vouchers_per_contract_one(desk: Desk) -> None:
    desk.issued()
    with refused(Conflict, "voucher.vouchers_per_contract"):
        desk.apply()


def test_cap_enterprise_year_counts_what_was_claimed_before_and_frees_with_the_year(desk: Desk) -> None:
    many = [{"scope": "compute", "amount": "6000000"}]
    assert desk.issued(lines=many).amount_fen == 1_200_000 * YUAN
    assert desk.issued(lines=many, contract_no="C-2").amount_fen == 800_000 * YUAN
    with refused(Exhausted, "voucher.cap_enterprise_year_fen"):
        desk.apply(lines=many, contract_no="C-3")
    desk.hub.clock.move_to(datetime(2024, 12, 31, 16, 0, tzinfo=UTC))
    assert desk.issued(lines=many, contract_no="C-3").amount_fen == 1_200_000 * YUAN


@pytest.mark.parametrize(
    ("changed", "kind", "rule", "field"),
    [
        ({"industry": "A0111"}, Denied, "voucher.industries", "industries"),
        ({"dishonest_on": "2024-06-01"}, Denied, "voucher.dishonesty_free_years", "dishonesty_free_years"),
        ({"affiliated": True}, Denied, "voucher.supplier_affiliated", "supplier_affiliated"),
        ({"other_subsidies": "district"}, Denied, "voucher.stacking", "stacking"),
        ({"signed_on": "2023-08-31"}, Denied, "voucher.contract_signed_from", "contract_signed_from"),
        ({"ends_on": "2025-10-11"}, Denied, "voucher.contract_term_max_months", "contract_term_max_months"),
        ({"lines": [{"scope": "storage", "amount": "10"}]}, Denied, "voucher.scope", "scope"),
        ({"lines": [{"scope": "gold", "amount": "10"}]}, Invalid, "voucher.lines", "lines"),
        ({"lines": [{"scope": "compute", "amount": "-10"}]}, Invalid, "quantity.negative", "lines"),
    ],
)
def test_what_the_rules_refuse_is_refused_by_name(
    desk: Desk, changed: Any, kind: Any, rule: str, field: str
) -> None:
    with refused(kind, rule, field):
        desk.apply(**changed)
    assert Voucher.objects.count() == 0


def test_a_programme_that_is_over_takes_no_application(desk: Desk) -> None:
    desk.hub.clock.move_to(datetime(2026, 2, 1, tzinfo=UTC))
    with refused(Invalid, "voucher.programme_valid"):
        desk.apply()


def test_an_affiliated_supplier_found_later_is_claimed_back_in_full(desk: Desk) -> None:
    voucher = desk.issued()
    desk.redeem(voucher)
    found = desk.hub.do(
        desk.office,
        "compute.voucher.revise",
        voucher=voucher,
        affiliated=True,
        reason="Register of shareholders.",
    )
    assert entries(voucher)[-2:] == [("clawed_back", 8_000_000), ("released", 12_000_001)]
    assert found.state == "revoked"


def test_a_cancelled_contract_keeps_what_was_delivered_and_releases_the_rest(desk: Desk) -> None:
    voucher = desk.issued()
    desk.redeem(voucher)
    desk.hub.do(
        desk.office,
        "compute.voucher.revise",
        voucher=voucher,
        cancelled_on="2024-11-01",
        reason="By agreement.",
    )
    assert entries(voucher)[-1] == ("released", 12_000_001)
    with refused(Invalid, "voucher.nothing_new", "cancelled_on"):
        desk.hub.do(desk.office, "compute.voucher.revise", voucher=voucher, reason="?")


def test_a_credit_note_is_paid_back_and_can_be_redeemed_again(desk: Desk) -> None:
    voucher = desk.issued()
    desk.redeem(voucher)
    desk.redeem(voucher, "F-1R", invoiced="100000", delivered="100000", corrects="F-1")
    assert entries(voucher)[-1] == ("returned", 2_000_000)
    desk.redeem(voucher, "F-2", invoiced="100000", delivered="100000")
    assert entries(voucher)[-1] == ("redeemed", 2_000_000)


def test_the_plan_counts_what_was_paid_less_what_came_back(desk: Desk) -> None:
    def paid() -> int | Fraction:
        return sum(f.amount for f in MEASURES["compute.vouchers_paid"].facts())

    voucher = desk.issued()
    assert paid() == 0
    desk.redeem(voucher)
    assert paid() == 8_000_000
    desk.redeem(voucher, "F-1R", invoiced="100000", delivered="100000", corrects="F-1")
    assert paid() == 6_000_000
    desk.hub.do(desk.office, "compute.voucher.revise", voucher=voucher, affiliated=True, reason="Register.")
    assert paid() == 0


def test_only_the_office_decides_and_pays(desk: Desk) -> None:
    asked = desk.apply()
    with refused(Denied, "compute:voucher:decide"):
        desk.hub.do(desk.applicant, "compute.voucher.approve", voucher=asked)
    voucher = desk.hub.do(desk.office, "compute.voucher.approve", voucher=asked)
    with refused(Denied, "compute:voucher:redeem"):
        desk.hub.do(desk.applicant, "compute.voucher.redeem", voucher=voucher, invoice="F", invoiced="1",
                    delivered="1", first_day="2024-10-10", last_day="2024-10-11")  # fmt: skip
