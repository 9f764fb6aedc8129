"""Compute vouchers (算力券): claim, redeem, reverse. State in, decision and entries out; the rules are dated data."""

from hutong.engines.broker.money.vouchers.caps import claimed_in, redeemed_in
from hutong.engines.broker.money.vouchers.claim import claim, months_after
from hutong.engines.broker.money.vouchers.records import (
    Applicant,
    Assessment,
    Contract,
    ContractLine,
    Delivery,
    Entry,
    EntryKind,
    Limit,
    Position,
    Voucher,
    position,
)
from hutong.engines.broker.money.vouchers.redeem import entitlement, redeem
from hutong.engines.broker.money.vouchers.reversal import Reversal, reverse
from hutong.engines.broker.money.vouchers.rules import (
    Programme,
    Rule,
    programme_of,
    programme_on,
    published_programmes,
    read_programmes,
)

__all__ = [
    "Applicant",
    "Assessment",
    "Contract",
    "ContractLine",
    "Delivery",
    "Entry",
    "EntryKind",
    "Limit",
    "Position",
    "Programme",
    "Reversal",
    "Rule",
    "Voucher",
    "claim",
    "claimed_in",
    "entitlement",
    "months_after",
    "position",
    "programme_of",
    "programme_on",
    "published_programmes",
    "read_programmes",
    "redeem",
    "redeemed_in",
    "reverse",
]
