"""What of an enterprise's yearly cap is used: by claims, and by redemptions, each in the year that the rules say."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.engines.broker.money.vouchers.records import Entry
from hutong.engines.broker.money.vouchers.rules import Programme


def claimed_in(rules: Programme, enterprise: str, year: int, history: Sequence[Entry]) -> int:
    """Fen claimed by the enterprise in a calendar year of Beijing, less what was given back where that frees the cap."""
    total = 0
    for entry in history:
        if entry.enterprise == enterprise and entry.claimed_on.year == year:
            if entry.kind == "claimed":
                total += entry.fen
            elif (entry.kind == "released" and rules.reversal_frees_cap != "none") or (
                entry.kind == "clawed_back" and rules.reversal_frees_cap == "all"
            ):
                total -= entry.fen
    return total


def redeemed_in(rules: Programme, enterprise: str, year: int, history: Sequence[Entry]) -> int:
    """Fen redeemed by the enterprise in a calendar year: of redemption or of the claim, as the rules have it.

    What a credit note returned counts no longer, but only in the year in which it had been redeemed: money that comes
    back in January makes no room beyond the cap of the new year.
    """
    net: dict[str, int] = {}
    for entry in history:
        decides = entry.on if rules.year_of_redemption == "redeemed" else entry.claimed_on
        if entry.enterprise != enterprise or decides.year != year:
            continue
        if entry.kind == "redeemed":
            net[entry.voucher] = net.get(entry.voucher, 0) + entry.fen
        elif entry.kind == "returned" or (entry.kind == "clawed_back" and rules.reversal_frees_cap == "all"):
            net[entry.voucher] = net.get(entry.voucher, 0) - entry.fen
    return sum(max(0, fen) for fen in net.values())
