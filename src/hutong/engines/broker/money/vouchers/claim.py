"""Claiming a voucher: the checks of a programme in the order of its text, then the least of share and cap."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date

from hutong.engines.broker.money.vouchers.caps import claimed_in
from hutong.engines.broker.money.vouchers.records import (
    Applicant,
    Assessment,
    Contract,
    Entry,
    Limit,
    on_contract,
    position_of,
)
from hutong.engines.broker.money.vouchers.rules import Programme
from hutong.kernel.errors import Conflict, Denied, Exhausted, HutongError, Invalid
from hutong.kernel.identifiers import check_uscc
from hutong.kernel.text import Text

ASK = Text("Ask the voucher desk if the record is wrong.", "如记录有误，请联系算力券窗口。")


def claim(
    rules: Programme,
    contract: Contract,
    history: Sequence[Entry],
    on: date,
    code: str,
    *,
    applicant: Applicant | None = None,
) -> Assessment:
    """What a voucher on this contract would be worth on that day, and the entry that issues it.

    history: the voucher book of the enterprise and of the contract. code: of the new voucher. The same call serves the
    estimate before applying: nothing is written here. applicant: the enterprise; None where its own eligibility was checked
    before.
    amount = min(floor(share x compute amount) - claimed on the contract, yearly cap - claimed in the year), in fen.
    """
    refusals = [*_refusals(rules, contract, history, on), *_unfit(rules, contract, applicant, on)]
    base = contract.amount_fen(rules.scope)
    before = on_contract(contract.number, history)
    share = base * rules.share_max.numerator // rules.share_max.denominator - before.claimed + before.released
    left = rules.cap_enterprise_year_fen - claimed_in(rules, contract.enterprise, on.year, history)
    limits = (
        Limit("share_max", max(0, share), rules.cite("share_max")),
        Limit("cap_enterprise_year_fen", max(0, left), rules.cite("cap_enterprise_year_fen")),
    )
    if not refusals and left <= 0:
        refusals.append(spent(rules, on.year))
    if not refusals and share <= 0:
        refusals.append(_no_share(rules, base))
    if refusals:
        return Assessment(0, limits, tuple(refusals), ())
    amount = min(limit.fen for limit in limits)
    entry = Entry("claimed", code, contract.number, contract.enterprise, amount, on, on)
    return Assessment(amount, limits, (), (entry,))


def _no_share(rules: Programme, base: int) -> Denied:
    if base:
        return _denied(
            rules, "share_max", "The contract's share is used in full.", "该合同的支持比例已用足。"
        )
    return _denied(rules, "scope", "There is no compute amount in this contract.", "合同中没有算力费用。")


def spent(rules: Programme, year: int) -> Exhausted:
    """The refusal when the cap of a year is used up."""
    return Exhausted(
        Text("The enterprise has used up its cap for {y}: {c}.", "企业 {y} 年额度已用完：{c}。").format(
            y=year, c=rules.cite("cap_enterprise_year_fen")
        ),
        rule="voucher.cap_enterprise_year_fen",
        remedy=Text("Apply again next year.", "请于下一年度再行申请。"),
    )


def _denied(rules: Programme, key: str, en: str, zh: str) -> Denied:
    return Denied(
        Text("{s} Rule: {c}.", "{s}规则：{c}。").format(s=Text(en, zh), c=rules.cite(key)),
        rule=f"voucher.{key}",
        remedy=ASK,
        field=key,
    )


def _refusals(
    rules: Programme, contract: Contract, history: Sequence[Entry], on: date
) -> Iterator[HutongError]:
    yield from _broken_input(contract)
    if not rules.valid_from <= on <= rules.valid_to:
        yield Denied(
            Text("The programme is not open on {d}.", "{d} 不在方案有效期内。").format(d=on.isoformat()),
            rule="voucher.programme_valid",
            remedy=ASK,
        )
    if contract.signed_on < rules.contract_signed_from:
        yield _denied(rules, "contract_signed_from", "The contract was signed too early.", "合同签订过早。")
    if contract.signed_on > on:
        yield _denied(rules, "contract_signed_from", "The contract is not signed yet.", "合同尚未签订。")
    if contract.ends_on > months_after(contract.starts_on, rules.contract_term_max_months):
        yield _denied(rules, "contract_term_max_months", "The contract runs too long.", "合同期限过长。")
    if is_affiliated(contract) and not rules.supplier_affiliated:
        yield _denied(rules, "supplier_affiliated", "The supplier is affiliated.", "供应方存在关联关系。")
    if contract.other_subsidies and not rules.stacking:
        yield _denied(rules, "stacking", "The contract has another subsidy.", "合同已享受其他补贴。")
    if contract.cancelled_on is not None and contract.cancelled_on <= on:
        yield Conflict(
            Text("The contract is cancelled.", "合同已解除。"), rule="voucher.contract_cancelled", remedy=ASK
        )
    if _vouchers_on(contract.number, history) >= rules.vouchers_per_contract:
        yield Conflict(
            Text("This contract has its voucher already: {c}.", "该合同已申领算力券：{c}。").format(
                c=rules.cite("vouchers_per_contract")
            ),
            rule="voucher.vouchers_per_contract",
            remedy=ASK,
        )


def _unfit(
    rules: Programme, contract: Contract, applicant: Applicant | None, on: date
) -> Iterator[HutongError]:
    if applicant is None:
        return
    if applicant.enterprise != contract.enterprise:
        yield Invalid(
            Text("The applicant is not the buyer of the contract.", "申请企业并非合同买方。"),
            rule="voucher.applicant",
            remedy=ASK,
            field="enterprise",
        )
    if not applicant.division.startswith(tuple(rules.registered_in)):
        yield _denied(rules, "registered_in", "The enterprise is registered elsewhere.", "企业注册地不符。")
    industry = applicant.industry
    if not (industry[:1] in rules.industries or industry[1:3] in rules.industries):
        yield _denied(rules, "industries", "The enterprise is of another industry.", "企业所属行业不符。")
    last = applicant.dishonest_on
    if last is not None and months_after(last, 12 * rules.dishonesty_free_years) > on:
        yield _denied(rules, "dishonesty_free_years", "There is a record of dishonesty.", "存在失信记录。")


def _broken_input(contract: Contract) -> Iterator[HutongError]:
    for field in ("enterprise", "supplier"):
        try:
            if check_uscc(getattr(contract, field), field=field) != getattr(contract, field):
                raise Invalid(
                    Text("The code is not in its plain form.", "代码未按规范形式填写。"),
                    rule="uscc.form",
                    remedy=Text("Use capitals without spaces.", "请使用大写字母且不含空格。"),
                    field=field,
                )
        except Invalid as broken:
            yield broken
    if contract.starts_on > contract.ends_on or any(line.fen < 0 for line in contract.lines):
        yield Invalid(
            Text("The contract has an impossible term or amount.", "合同期限或金额有误。"),
            rule="voucher.contract",
            remedy=Text("Correct the contract's data.", "请更正合同信息。"),
            field="contract",
        )


def is_affiliated(contract: Contract) -> bool:
    """Declared or found affiliated, or one and the same party."""
    return contract.affiliated or contract.enterprise == contract.supplier


def _vouchers_on(contract: str, history: Sequence[Entry]) -> int:
    """Vouchers of the contract that still stand or were used; one released unused does not count."""
    codes = {e.voucher for e in history if e.contract == contract and e.kind == "claimed"}
    return sum(position_of(e for e in history if e.voucher == c).state != "REVOKED" for c in codes)


def months_after(start: date, months: int) -> date:
    """The day of the same number so many months on, or the last of that month (《民法典》第二百零二条)."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))
