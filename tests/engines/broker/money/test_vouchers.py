"""Worked voucher cases, exact to the fen; each test is named after the rule it proves."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
import yaml

from hutong.engines.broker.money.vouchers import (
    Applicant,
    Assessment,
    Contract,
    ContractLine,
    Delivery,
    Entry,
    Programme,
    Voucher,
    claim,
    months_after,
    position,
    programme_of,
    programme_on,
    read_programmes,
    redeem,
    reverse,
)
from hutong.engines.broker.money.vouchers.rules import SOURCE
from hutong.kernel.clock import local_date
from hutong.kernel.errors import Conflict, Denied, Exhausted, Invalid
from hutong.kernel.identifiers import uscc_check_digit


def code(first: str) -> str:
    return first + uscc_check_digit(first)


BUYER, SELLER, OTHER = code("91110108MA01A2B3C"), code("91110105MA04D5E6F"), code("91110302MA07G8H9J")
RULES = programme_on("beijing", date(2024, 5, 1))
CAP = 200_000_000


def contract(number: str = "C-1", fen: int = 100_000_000, **changes: Any) -> Contract:
    """One million yuan of compute from 2024-03-01 to 2025-02-28."""
    plain = Contract(
        number,
        BUYER,
        SELLER,
        date(2024, 2, 20),
        date(2024, 3, 1),
        date(2025, 2, 28),
        (ContractLine("compute", fen),),
    )
    return replace(plain, **changes)


def delivery(invoice: str, fen: int, delivered: int | None = None, **changes: Any) -> Delivery:
    amount = fen if delivered is None else delivered
    plain = Delivery(invoice, fen, amount, date(2024, 3, 1), date(2024, 6, 30), "sha256:ab")
    return replace(plain, **changes)


def issued(
    made: Contract, rules: Programme = RULES, on: date = date(2024, 5, 1), history: tuple[Entry, ...] = ()
) -> tuple[Voucher, tuple[Entry, ...]]:
    """The voucher on a contract and the book after its claim."""
    name = f"V-{made.number}"
    answer = claim(rules, made, history, on, name).granted()
    voucher = Voucher(
        name, rules.id, rules.version, made.number, made.enterprise, on, rules.share_max, answer.amount_fen
    )
    return voucher, (*history, *answer.entries)


def changed(**values: object) -> Programme:
    """The published programme with other values in some rules: another city is data."""
    raw = deepcopy(yaml.safe_load(SOURCE.read_text("utf-8")))
    for key, value in values.items():
        raw["programmes"][0]["rules"][key]["value"] = value
    return read_programmes(raw)[0]


def refused(answer: Assessment) -> str:
    assert answer.amount_fen == 0 and answer.entries == ()
    return answer.refusals[0].rule


def test_share_max_is_a_fifth_of_the_contract() -> None:
    answer = claim(RULES, contract(fen=123_456_789), (), date(2024, 5, 1), "V-1")
    assert answer.amount_fen == 24_691_357  # 246,913.578 yuan, rounded down to the fen
    assert answer.deciding is not None and answer.deciding.rule == "share_max"


def test_scope_counts_compute_lines_only() -> None:
    lines = (
        ContractLine("compute", 50_000_000),
        ContractLine("software", 30_000_000),
        ContractLine("storage", 9),
        ContractLine("service", 7),
    )
    assert claim(RULES, contract(lines=lines), (), date(2024, 5, 1), "V-1").amount_fen == 10_000_000
    nothing = contract(lines=lines[1:])
    assert refused(claim(RULES, nothing, (), date(2024, 5, 1), "V-1")) == "voucher.scope"


def test_cap_enterprise_year_limits_a_single_claim() -> None:
    answer = claim(RULES, contract(fen=1_500_000_000), (), date(2024, 5, 1), "V-1")
    assert answer.amount_fen == CAP
    assert answer.deciding is not None and answer.deciding.rule == "cap_enterprise_year_fen"


def test_cap_enterprise_year_adds_up_over_contracts() -> None:
    _, book = issued(contract("C-1", fen=800_000_000))
    _, book = issued(contract("C-2", fen=500_000_000), history=book)
    assert [e.fen for e in book] == [160_000_000, 40_000_000]
    assert (
        refused(claim(RULES, contract("C-3"), book, date(2024, 12, 31), "V-3"))
        == "voucher.cap_enterprise_year_fen"
    )
    with pytest.raises(Exhausted):
        claim(RULES, contract("C-3"), book, date(2024, 12, 31), "V-3").granted()
    other = contract("C-4", enterprise=OTHER)
    assert claim(RULES, other, book, date(2024, 12, 31), "V-4").amount_fen == 20_000_000


def test_calendar_year_begins_anew_on_the_first_of_january_in_beijing() -> None:
    _, book = issued(contract("C-1", fen=1_000_000_000), on=date(2024, 12, 31))
    last = local_date(datetime(2024, 12, 31, 15, 59, 59, tzinfo=UTC))  # 23:59:59 in Beijing
    first = local_date(datetime(2024, 12, 31, 16, 0, 0, tzinfo=UTC))  # midnight in Beijing
    assert refused(claim(RULES, contract("C-2"), book, last, "V-2")) == "voucher.cap_enterprise_year_fen"
    assert claim(RULES, contract("C-2"), book, first, "V-2").amount_fen == 20_000_000


def test_vouchers_per_contract_is_one() -> None:
    _, book = issued(contract())
    answer = claim(RULES, contract(), book, date(2024, 6, 1), "V-2")
    assert refused(answer) == "voucher.vouchers_per_contract" and isinstance(answer.refusals[0], Conflict)


def test_contract_term_max_is_one_year_to_the_day() -> None:
    day = date(2024, 5, 1)
    assert claim(RULES, contract(ends_on=date(2025, 3, 1)), (), day, "V").amount_fen == 20_000_000
    assert (
        refused(claim(RULES, contract(ends_on=date(2025, 3, 2)), (), day, "V"))
        == "voucher.contract_term_max_months"
    )


def test_contract_term_from_a_leap_day_ends_on_the_last_of_february() -> None:
    assert months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    leap = contract(starts_on=date(2024, 2, 29), ends_on=date(2025, 2, 28))
    assert claim(RULES, leap, (), date(2024, 5, 1), "V").amount_fen == 20_000_000
    late = replace(leap, ends_on=date(2025, 3, 1))
    assert refused(claim(RULES, late, (), date(2024, 5, 1), "V")) == "voucher.contract_term_max_months"


def test_contract_signed_from_the_first_of_september_2023() -> None:
    early = contract(signed_on=date(2023, 8, 31))
    assert refused(claim(RULES, early, (), date(2024, 5, 1), "V")) == "voucher.contract_signed_from"
    assert (
        claim(RULES, replace(early, signed_on=date(2023, 9, 1)), (), date(2024, 5, 1), "V").amount_fen
        == 20_000_000
    )
    future = contract(signed_on=date(2024, 5, 2))
    assert refused(claim(RULES, future, (), date(2024, 5, 1), "V")) == "voucher.contract_signed_from"


def test_supplier_affiliated_is_refused_at_the_claim() -> None:
    for tied in (contract(affiliated=True), contract(supplier=BUYER)):
        answer = claim(RULES, tied, (), date(2024, 5, 1), "V")
        assert refused(answer) == "voucher.supplier_affiliated" and isinstance(answer.refusals[0], Denied)


def test_supplier_affiliated_found_later_claws_everything_back() -> None:
    made = contract()
    voucher, book = issued(made)
    invoices = [delivery("I-1", 40_000_000)]
    book += redeem(RULES, made, voucher, invoices, book, date(2024, 7, 1)).entries
    found = replace(made, affiliated=True)
    back = reverse(RULES, found, voucher, invoices, book, date(2025, 4, 1))
    assert (back.cause, back.paid_back_fen, back.released_fen) == (
        "supplier_affiliated",
        8_000_000,
        12_000_000,
    )
    book += back.entries
    assert position(voucher.code, book).state == "CLAWED_BACK"
    assert reverse(RULES, found, voucher, invoices, book, date(2025, 4, 2)).entries == ()
    assert refused(redeem(RULES, found, voucher, invoices, book, date(2025, 4, 2))) == "voucher.revoked"


def test_stacking_with_another_municipal_subsidy_is_refused() -> None:
    made = contract(other_subsidies=("other municipal scheme",))
    assert refused(claim(RULES, made, (), date(2024, 5, 1), "V")) == "voucher.stacking"


def test_stacking_found_later_claws_back() -> None:
    made = contract()
    voucher, book = issued(made)
    invoices = [delivery("I-1", 100_000_000)]
    book += redeem(RULES, made, voucher, invoices, book, date(2024, 7, 1)).entries
    found = replace(made, other_subsidies=("other municipal scheme",))
    back = reverse(RULES, found, voucher, invoices, book, date(2024, 9, 1))
    assert (back.cause, back.paid_back_fen, back.released_fen) == ("stacking", 20_000_000, 0)


def test_programme_valid_until_the_last_day_of_2025() -> None:
    late = contract(signed_on=date(2025, 11, 1), starts_on=date(2025, 11, 1), ends_on=date(2026, 10, 31))
    assert claim(RULES, late, (), date(2025, 12, 31), "V").amount_fen == 20_000_000
    assert refused(claim(RULES, late, (), date(2026, 1, 1), "V")) == "voucher.programme_valid"
    with pytest.raises(Invalid) as no_rules:
        programme_on("beijing", date(2026, 1, 1))
    assert no_rules.value.rule == "voucher.programme_valid"
    assert programme_of("beijing", "2023-1") is RULES


def test_redeem_evidence_needs_invoice_and_delivery_proof() -> None:
    made = contract()
    voucher, book = issued(made)
    for lacking in (delivery("I-1", 1_000_000, statement=""), delivery("", 1_000_000)):
        assert (
            refused(redeem(RULES, made, voucher, [lacking], book, date(2024, 7, 1)))
            == "voucher.redeem_evidence"
        )


def test_base_is_the_least_of_contract_invoiced_and_delivered() -> None:
    made = contract(fen=100_000_000)
    voucher, book = issued(made)
    day = date(2024, 7, 1)
    assert (
        redeem(RULES, made, voucher, [delivery("I-1", 60_000_000, 50_000_003)], book, day).amount_fen
        == 10_000_000
    )
    assert (
        redeem(RULES, made, voucher, [delivery("I-1", 40_000_009, 90_000_000)], book, day).amount_fen
        == 8_000_001
    )
    assert redeem(RULES, made, voucher, [delivery("I-1", 130_000_000)], book, day).amount_fen == 20_000_000


def test_partial_redemptions_add_up_to_the_whole_to_the_fen() -> None:
    made = contract(fen=100_000_003)
    voucher, book = issued(made)
    evidence: list[Delivery] = []
    for n, part in enumerate((33_333_333, 33_333_334, 33_333_336)):
        evidence.append(delivery(f"I-{n}", part))
        book += redeem(RULES, made, voucher, evidence, book, date(2024, 7, 1 + n)).entries
    paid = [e.fen for e in book if e.kind == "redeemed"]
    assert paid == [6_666_666, 6_666_667, 6_666_667]
    assert sum(paid) == 20_000_000 == 100_000_003 // 5
    assert position(voucher.code, book).state == "REDEEMED"


def test_redeemed_twice_at_once_pays_once() -> None:
    made = contract()
    voucher, book = issued(made)
    invoices = [delivery("I-1", 30_000_000)]
    first = redeem(RULES, made, voucher, invoices, book, date(2024, 7, 1))
    assert first.amount_fen == 6_000_000
    second = redeem(RULES, made, voucher, invoices, book + first.entries, date(2024, 7, 1))
    assert refused(second) == "voucher.nothing_left" and isinstance(second.refusals[0], Conflict)


def test_invoice_is_presented_once() -> None:
    made, other = contract("C-1"), contract("C-2")
    voucher, book = issued(made)
    second, book = issued(other, history=book)
    twice = [delivery("I-1", 10_000_000), delivery("I-1", 10_000_000)]
    assert refused(redeem(RULES, made, voucher, twice, book, date(2024, 7, 1))) == "voucher.invoice_twice"
    book += redeem(RULES, made, voucher, twice[:1], book, date(2024, 7, 1)).entries
    assert refused(redeem(RULES, other, second, twice[:1], book, date(2024, 7, 2))) == "voucher.invoice_twice"


def two_full_years(rules: Programme) -> tuple[Contract, Voucher, Contract, Voucher, tuple[Entry, ...]]:
    """Two million claimed on the last day of 2024 and two million on the first of 2025."""
    old, new = contract("C-1", fen=1_000_000_000), contract("C-2", fen=1_000_000_000)
    first, book = issued(old, rules, date(2024, 12, 31))
    second, book = issued(new, rules, date(2025, 1, 1), book)
    return old, first, new, second, book


def test_year_of_redemption_redeemed_caps_the_year_of_the_payment() -> None:
    old, first, new, second, book = two_full_years(RULES)
    book += redeem(RULES, old, first, [delivery("I-1", 750_000_000)], book, date(2025, 1, 2)).entries
    answer = redeem(RULES, new, second, [delivery("I-2", 1_000_000_000)], book, date(2025, 12, 31))
    assert answer.amount_fen == CAP - 150_000_000 == 50_000_000
    assert answer.deciding is not None and answer.deciding.rule == "cap_enterprise_year_fen"
    book += answer.entries
    late = [delivery("I-2", 1_000_000_000)]
    assert (
        refused(redeem(RULES, new, second, late, book, date(2025, 12, 31)))
        == "voucher.cap_enterprise_year_fen"
    )
    assert redeem(RULES, new, second, late, book, date(2026, 1, 1)).amount_fen == 150_000_000


def test_year_of_redemption_claimed_caps_the_year_of_the_claim() -> None:
    rules = changed(year_of_redemption="claimed")
    old, first, new, second, book = two_full_years(rules)
    book += redeem(rules, old, first, [delivery("I-1", 1_000_000_000)], book, date(2025, 1, 2)).entries
    assert (
        redeem(rules, new, second, [delivery("I-2", 1_000_000_000)], book, date(2025, 1, 3)).amount_fen == CAP
    )


def test_contract_cancelled_before_any_delivery_releases_everything() -> None:
    made = contract(fen=1_000_000_000)
    voucher, book = issued(made)
    off = replace(made, cancelled_on=date(2024, 6, 1))
    back = reverse(RULES, off, voucher, [], book, date(2024, 6, 1))
    assert (back.paid_back_fen, back.released_fen) == (0, CAP)
    book += back.entries
    assert position(voucher.code, book).state == "REVOKED"
    assert (
        claim(RULES, contract("C-2"), book, date(2024, 6, 2), "V-2").amount_fen == 20_000_000
    )  # the cap is free again
    assert refused(claim(RULES, off, book, date(2024, 6, 2), "V-3")) == "voucher.contract_cancelled"


def test_contract_cancelled_midway_keeps_what_was_delivered() -> None:
    made = contract()
    voucher, book = issued(made)
    invoices = [delivery("I-1", 30_000_000)]
    book += redeem(RULES, made, voucher, invoices, book, date(2024, 7, 1)).entries
    off = replace(made, cancelled_on=date(2024, 8, 15))
    rest = delivery("I-2", 5_000_004, first_day=date(2024, 7, 1), last_day=date(2024, 8, 15))
    back = reverse(RULES, off, voucher, [*invoices, rest], book, date(2024, 9, 1))
    assert (back.cause, back.paid_back_fen, back.released_fen) == ("contract_cancelled", 0, 13_000_000)
    book += back.entries
    assert redeem(RULES, off, voucher, [*invoices, rest], book, date(2024, 9, 2)).amount_fen == 1_000_000
    after = replace(rest, last_day=date(2024, 8, 16))
    assert (
        refused(redeem(RULES, off, voucher, [*invoices, after], book, date(2024, 9, 2)))
        == "voucher.delivery_days"
    )


def test_credit_note_after_settlement_is_paid_back_and_open_again() -> None:
    made = contract()
    voucher, book = issued(made)
    invoices = [delivery("I-1", 50_000_000)]
    book += redeem(RULES, made, voucher, invoices, book, date(2024, 7, 1)).entries
    invoices.append(delivery("I-2", -12_345_678, corrects="I-1"))
    back = reverse(RULES, made, voucher, invoices, book, date(2024, 8, 1))
    # floor(37,654,322 / 5) = 7,530,864 stays; 10,000,000 - 7,530,864 goes back
    assert (back.cause, back.paid_back_fen, back.released_fen) == ("credit_note", 2_469_136, 0)
    book += back.entries
    assert reverse(RULES, made, voucher, invoices, book, date(2024, 8, 2)).entries == ()
    invoices.append(delivery("I-3", 12_345_678))
    assert redeem(RULES, made, voucher, invoices, book, date(2024, 9, 1)).amount_fen == 2_469_136


def test_credit_note_on_a_voucher_used_up_opens_it_again() -> None:
    made = contract()
    voucher, book = issued(made)
    invoices = [delivery("I-1", 100_000_000)]
    book += redeem(RULES, made, voucher, invoices, book, date(2024, 7, 1)).entries
    assert position(voucher.code, book).state == "REDEEMED"
    invoices.append(delivery("I-2", -100_000_000, corrects="I-1"))
    book += reverse(RULES, made, voucher, invoices, book, date(2024, 8, 1)).entries
    assert position(voucher.code, book).state == "ISSUED"
    invoices.append(delivery("I-3", 100_000_000))
    assert redeem(RULES, made, voucher, invoices, book, date(2024, 9, 1)).amount_fen == 20_000_000


def test_credit_note_names_the_invoice_it_corrects() -> None:
    made = contract()
    voucher, book = issued(made)
    for wrong in (delivery("I-1", -5), delivery("I-2", -5, corrects="I-9")):
        answer = redeem(RULES, made, voucher, [delivery("I-0", 10), wrong], book, date(2024, 7, 1))
        assert "voucher.credit_note" in {r.rule for r in answer.refusals}


def test_reversal_frees_cap_as_the_rules_choose() -> None:
    for choice, left in (("none", 0), ("released", 120_000_000), ("all", 200_000_000)):
        rules = changed(reversal_frees_cap=choice)
        made = contract(fen=1_000_000_000)
        voucher, book = issued(made, rules)
        invoices = [delivery("I-1", 400_000_000)]
        book += redeem(rules, made, voucher, invoices, book, date(2024, 7, 1)).entries
        book += reverse(
            rules, replace(made, affiliated=True), voucher, invoices, book, date(2024, 8, 1)
        ).entries
        answer = claim(rules, contract("C-2", fen=1_000_000_000), book, date(2024, 9, 1), "V-2")
        assert answer.amount_fen == left


def test_social_credit_code_check_digit_is_verified() -> None:
    wrong = BUYER[:-1] + ("0" if BUYER[-1] != "0" else "1")
    answer = claim(RULES, contract(enterprise=wrong), (), date(2024, 5, 1), "V")
    assert refused(answer) == "uscc.check_digit"
    # A published code: that of Tencent's registered company, GB 32100-2015.
    assert uscc_check_digit("9144030071526726X") == "G"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"division": "310115"}, "voucher.registered_in"),
        ({"industry": "C3911"}, None),
        ({"industry": "I6420"}, "voucher.industries"),
        ({"industry": "F5179"}, "voucher.industries"),
        ({"industry": ""}, "voucher.industries"),
        ({"dishonest_on": date(2021, 5, 2)}, "voucher.dishonesty_free_years"),
        ({"dishonest_on": date(2021, 5, 1)}, None),
        ({"enterprise": OTHER}, "voucher.applicant"),
    ],
)
def test_the_enterprise_itself_must_fit_the_programme(changes: dict[str, Any], rule: str | None) -> None:
    applicant = replace(Applicant(BUYER, "110108", "I6513"), **changes)
    answer = claim(RULES, contract(), (), date(2024, 5, 1), "V", applicant=applicant)
    assert answer.amount_fen == 20_000_000 if rule is None else refused(answer) == rule


def test_redeem_until_is_a_dated_choice() -> None:
    rules = changed(redeem_until="2026-06-30")
    made = contract()
    voucher, book = issued(made, rules)
    invoices = [delivery("I-1", 10_000_000)]
    assert redeem(rules, made, voucher, invoices, book, date(2026, 6, 30)).amount_fen == 2_000_000
    assert refused(redeem(rules, made, voucher, invoices, book, date(2026, 7, 1))) == "voucher.redeem_until"
    assert refused(redeem(RULES, made, voucher, invoices, book, date(2024, 4, 30))) == "voucher.redeem_until"


def test_another_city_is_data() -> None:
    rules = changed(share_max="1/3", cap_enterprise_year_fen=100, scope=["compute", "storage"])
    lines = (ContractLine("compute", 100), ContractLine("storage", 101))
    answer = claim(rules, contract(lines=lines), (), date(2024, 5, 1), "V-1")
    assert (answer.amount_fen, rules.share_max) == (67, Fraction(1, 3))
    assert (
        claim(rules, contract("C-2", lines=lines), answer.entries, date(2024, 5, 1), "V-2").amount_fen == 33
    )


def test_share_max_holds_over_all_vouchers_of_a_contract() -> None:
    """Where a programme allows several: the second gets what the cap of the first year left, never the share twice."""
    rules = changed(vouchers_per_contract=2)
    made = contract(
        fen=1_200_000_000,
        signed_on=date(2024, 12, 1),
        starts_on=date(2024, 12, 1),
        ends_on=date(2025, 11, 30),
    )
    first, book = issued(made, rules, date(2024, 12, 31))
    answer = claim(rules, made, book, date(2025, 1, 1), "V-2")
    assert (first.amount_fen, answer.amount_fen) == (CAP, 40_000_000)
    second = replace(first, code="V-2", claimed_on=date(2025, 1, 1), amount_fen=40_000_000)
    book += answer.entries
    invoices = [delivery("I-1", 1_100_000_000, first_day=date(2024, 12, 1), last_day=date(2025, 6, 30))]
    book += redeem(rules, made, first, invoices, book, date(2025, 7, 1)).entries
    assert (
        refused(redeem(rules, made, second, invoices, book, date(2025, 7, 1)))
        == "voucher.cap_enterprise_year_fen"
    )
    later = redeem(rules, made, second, invoices, book, date(2026, 1, 1))
    assert later.amount_fen == 20_000_000  # a fifth of what was delivered, less the two million paid
    three = changed(vouchers_per_contract=3)
    assert refused(claim(three, made, book, date(2025, 2, 1), "V-3")) == "voucher.share_max"


def test_rules_that_are_missing_or_impossible_are_named() -> None:
    raw = yaml.safe_load(SOURCE.read_text("utf-8"))
    del raw["programmes"][0]["rules"]["stacking"]
    raw["programmes"][0]["rules"]["year_of_redemption"]["value"] = "maybe"
    with pytest.raises(Invalid) as broken:
        read_programmes(raw)
    assert "stacking, year_of_redemption" in broken.value.what.en


def test_money_returned_next_year_makes_no_room_beyond_that_years_cap() -> None:
    old, first, new, second, book = two_full_years(RULES)
    invoices = [delivery("I-1", 1_000_000_000)]
    book += redeem(RULES, old, first, invoices, book, date(2024, 12, 31)).entries
    invoices.append(delivery("I-9", -500_000_000, corrects="I-1"))
    book += reverse(RULES, old, first, invoices, book, date(2025, 1, 5)).entries
    assert book[-1].kind == "returned" and book[-1].fen == 100_000_000
    answer = redeem(RULES, new, second, [delivery("I-2", 1_000_000_000)], book, date(2025, 1, 6))
    assert answer.amount_fen == CAP
    book += answer.entries
    invoices.append(delivery("I-10", 500_000_000))
    assert (
        refused(redeem(RULES, old, first, invoices, book, date(2025, 1, 7)))
        == "voucher.cap_enterprise_year_fen"
    )
