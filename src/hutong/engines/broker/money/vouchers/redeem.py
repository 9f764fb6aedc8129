"""Redeeming a voucher, whole or in parts, against invoices and proof of delivery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from hutong.engines.broker.money.vouchers.caps import redeemed_in
from hutong.engines.broker.money.vouchers.claim import ASK, is_affiliated, spent
from hutong.engines.broker.money.vouchers.records import (
    Assessment,
    Contract,
    Delivery,
    Entry,
    Limit,
    Voucher,
    on_contract,
    position,
)
from hutong.engines.broker.money.vouchers.rules import Programme
from hutong.kernel.errors import Conflict, Denied, HutongError, Invalid
from hutong.kernel.text import Text


def entitlement(
    rules: Programme, contract: Contract, voucher: Voucher, deliveries: Sequence[Delivery]
) -> int:
    """Fen that all the evidence so far is worth on the contract: rate x the least of contract, invoiced and delivered amounts.

    Rounded down once, on the sum: redeeming in parts gives to the fen what redeeming at once gives.
    """
    parts = {
        "contract": contract.amount_fen(rules.scope),
        "invoiced": sum(d.invoiced_fen for d in deliveries),
        "delivered": sum(d.delivered_fen for d in deliveries),
    }
    base = max(0, min(parts[name] for name in rules.base))
    return base * voucher.rate.numerator // voucher.rate.denominator


def redeem(
    rules: Programme,
    contract: Contract,
    voucher: Voucher,
    deliveries: Sequence[Delivery],
    history: Sequence[Entry],
    on: date,
) -> Assessment:
    """What can be paid out on the day, and the entry that pays it.

    deliveries: all evidence of this contract, what was redeemed before included. history: the voucher book of the
    enterprise. Calling again with nothing new is refused (``voucher.nothing_left``): a voucher redeemed twice at once
    pays once, whichever call is written first.
    amount = min(entitlement - redeemed on the contract, yearly cap - redeemed in the year, open amount), in fen.
    """
    refusals = list(_refusals(rules, contract, voucher, deliveries, history, on))
    held = position(voucher.code, history)
    kept = on_contract(contract.number, history).kept
    year = on.year if rules.year_of_redemption == "redeemed" else voucher.claimed_on.year
    left = rules.cap_enterprise_year_fen - redeemed_in(rules, voucher.enterprise, year, history)
    limits = (
        Limit(
            "share_max",
            max(0, entitlement(rules, contract, voucher, deliveries) - kept),
            rules.cite("base"),
        ),
        Limit("cap_enterprise_year_fen", max(0, left), rules.cite("cap_enterprise_year_fen")),
        Limit("open", max(0, held.open), Text("what is left of the voucher", "算力券剩余额度")),
    )
    amount = min(limit.fen for limit in limits)
    if not refusals and amount <= 0:
        refusals.append(spent(rules, year) if left <= 0 and limits[0].fen > 0 else _nothing_left())
    if refusals:
        return Assessment(0, limits, tuple(refusals), ())
    entry = _payment(voucher, amount, on, tuple(d.invoice for d in deliveries))
    return Assessment(amount, limits, (), (entry,))


def _payment(voucher: Voucher, fen: int, on: date, invoices: tuple[str, ...]) -> Entry:
    return Entry(
        "redeemed", voucher.code, voucher.contract, voucher.enterprise, fen, on, voucher.claimed_on, invoices
    )


def _nothing_left() -> Conflict:
    return Conflict(
        Text("Everything delivered so far is redeemed already.", "已交付部分均已兑付。"),
        rule="voucher.nothing_left",
        remedy=Text("Redeem again when more is delivered and invoiced.", "待新增交付并开票后再行兑付。"),
    )


def _refusals(
    rules: Programme,
    contract: Contract,
    voucher: Voucher,
    deliveries: Sequence[Delivery],
    history: Sequence[Entry],
    on: date,
) -> Iterator[HutongError]:
    if voucher.contract != contract.number or voucher.enterprise != contract.enterprise:
        yield Invalid(
            Text("The voucher is for another contract.", "该算力券对应其他合同。"),
            rule="voucher.contract",
            remedy=ASK,
        )
    if position(voucher.code, history).state in ("REVOKED", "CLAWED_BACK"):
        yield Conflict(
            Text("The voucher is revoked.", "该算力券已撤销。"), rule="voucher.revoked", remedy=ASK
        )
    if is_affiliated(contract) and not rules.supplier_affiliated:
        yield _denied(
            rules, "supplier_affiliated", Text("The supplier is affiliated.", "供应方存在关联关系。")
        )
    if contract.other_subsidies and not rules.stacking:
        yield _denied(rules, "stacking", Text("The contract has another subsidy.", "合同已享受其他补贴。"))
    if on < voucher.claimed_on or (rules.redeem_until is not None and on > rules.redeem_until):
        yield _denied(rules, "redeem_until", Text("It is too early or too late.", "兑付时间过早或已过期。"))
    yield from _evidence_refusals(rules, contract, deliveries, history)


def _denied(rules: Programme, key: str, sentence: Text) -> Denied:
    return Denied(
        Text("{s} Rule: {c}.", "{s}规则：{c}。").format(s=sentence, c=rules.cite(key)),
        rule=f"voucher.{key}",
        remedy=ASK,
        field=key,
    )


def _evidence_refusals(
    rules: Programme, contract: Contract, deliveries: Sequence[Delivery], history: Sequence[Entry]
) -> Iterator[HutongError]:
    numbers = [d.invoice for d in deliveries]
    elsewhere = {n for e in history if e.contract != contract.number for n in e.invoices}
    if len(set(numbers)) < len(numbers) or elsewhere & set(numbers):
        yield Conflict(
            Text("An invoice is presented twice.", "同一发票重复提交。"),
            rule="voucher.invoice_twice",
            remedy=ASK,
        )
    last = contract.ends_on if contract.cancelled_on is None else min(contract.ends_on, contract.cancelled_on)
    for d in deliveries:
        lacking = {"invoice": not d.invoice, "delivery": not d.statement}
        if any(lacking[kind] for kind in rules.redeem_evidence if kind in lacking):
            yield _denied(rules, "redeem_evidence", Text("Evidence is missing.", "缺少证明材料。"))
        if not contract.starts_on <= d.first_day <= d.last_day <= last:
            yield Invalid(
                Text(
                    "Invoice {i} is for days outside the contract's term.",
                    "发票 {i} 对应的日期不在合同有效期内。",
                ).format(i=d.invoice),
                rule="voucher.delivery_days",
                remedy=Text("Present what was delivered within the term.", "请提交合同期内的交付。"),
                field="deliveries",
            )
        negative = d.invoiced_fen < 0 or d.delivered_fen < 0
        if negative != (d.corrects is not None) or (d.corrects is not None and d.corrects not in numbers):
            yield Invalid(
                Text("The amount of invoice {i} has the wrong sign.", "发票 {i} 金额的正负有误。").format(
                    i=d.invoice
                ),
                rule="voucher.credit_note",
                remedy=Text(
                    "A credit note is negative and names the invoice it corrects.",
                    "红字发票金额为负，并须注明所冲销的发票。",
                ),
                field="deliveries",
            )
