"""What happens to a voucher afterwards: cancellation, credit notes, an affiliated supplier found, a second subsidy found.

One rule covers all: what the voucher is still worth under the new facts is compared with what was paid. What was paid
too much is paid back, what can no longer be used is released. After a credit note what was paid back can be redeemed again. Doing it twice finds nothing more to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hutong.engines.broker.money.vouchers.claim import is_affiliated
from hutong.engines.broker.money.vouchers.records import (
    Contract,
    Delivery,
    Entry,
    EntryKind,
    Voucher,
    on_contract,
    position,
)
from hutong.engines.broker.money.vouchers.redeem import entitlement
from hutong.engines.broker.money.vouchers.rules import Programme

Cause = Literal["none", "credit_note", "contract_cancelled", "supplier_affiliated", "stacking"]


@dataclass(frozen=True, slots=True)
class Reversal:
    """paid_back_fen: to be paid back by the enterprise. released_fen: no longer to be used. entries: to be written."""

    cause: Cause
    paid_back_fen: int
    released_fen: int
    entries: tuple[Entry, ...]


def reverse(
    rules: Programme,
    contract: Contract,
    voucher: Voucher,
    deliveries: Sequence[Delivery],
    history: Sequence[Entry],
    on: date,
) -> Reversal:
    """The entries that bring a voucher in line with what is known of its contract on the day.

    deliveries: all evidence, credit notes included. An affiliated supplier or a second subsidy leaves no entitlement at
    all; after cancellation what was delivered and invoiced until then stays redeemable and the rest is released.
    """
    cause = _cause(rules, contract, deliveries, on)
    void = cause in ("supplier_affiliated", "stacking")
    worth = 0 if void else entitlement(rules, contract, voucher, deliveries)
    held = position(voucher.code, history)
    paid = on_contract(contract.number, history).kept
    back = min(held.kept, max(0, paid - worth))
    ends = void or cause == "contract_cancelled"
    released = max(0, held.open - max(0, worth - paid)) if ends else 0
    taken: EntryKind = "returned" if cause == "credit_note" else "clawed_back"
    amounts: tuple[tuple[EntryKind, int], ...] = ((taken, back), ("released", released))
    entries = tuple(
        Entry(kind, voucher.code, contract.number, voucher.enterprise, fen, on, voucher.claimed_on)
        for kind, fen in amounts
        if fen
    )
    return Reversal(cause, back, released, entries)


def _cause(rules: Programme, contract: Contract, deliveries: Sequence[Delivery], on: date) -> Cause:
    if is_affiliated(contract) and not rules.supplier_affiliated:
        return "supplier_affiliated"
    if contract.other_subsidies and not rules.stacking:
        return "stacking"
    if contract.cancelled_on is not None and contract.cancelled_on <= on:
        return "contract_cancelled"
    return "credit_note" if any(d.corrects for d in deliveries) else "none"
