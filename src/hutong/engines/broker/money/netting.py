"""Partner balances: who owes whom after a period, and the fewest transfers that settle it. One unit at a time, integers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hutong.engines.broker.money.refusals import refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, order=True, slots=True)
class Owed:
    """`debtor` owes `creditor` an amount (fen, or chip-milliseconds of one chip model; not negative)."""

    debtor: str
    creditor: str
    amount: int


def balances(debts: Iterable[Owed]) -> dict[str, int]:
    """Net position of each partner, by name: positive is to be received. The positions add up to zero.

    Raises `Invalid` ``netting.amount`` for a negative amount: a correction is a debt the other way.
    """
    net: dict[str, int] = {}
    for debt in debts:
        if debt.amount < 0:
            raise refuse(
                "netting.amount",
                Text("An amount owed is not negative.", "应付金额不得为负。"),
                Text("Write a correction as a debt the other way.", "更正请记为反向应付。"),
                "amount",
            )
        net[debt.debtor] = net.get(debt.debtor, 0) - debt.amount
        net[debt.creditor] = net.get(debt.creditor, 0) + debt.amount
    return dict(sorted(net.items()))


def bilateral(debts: Iterable[Owed]) -> tuple[Owed, ...]:
    """What remains between each pair after offsetting (抵销, Civil Code art. 568): at most one debt a pair."""
    pairs: dict[tuple[str, str], int] = {}
    for debt in debts:
        one, two = sorted((debt.debtor, debt.creditor))
        sign = 1 if debt.debtor == one else -1
        if one != two:
            pairs[one, two] = pairs.get((one, two), 0) + sign * debt.amount
    made = [Owed(one, two, n) if n > 0 else Owed(two, one, -n) for (one, two), n in pairs.items() if n]
    return tuple(sorted(made))


def multilateral(net: Mapping[str, int]) -> tuple[Owed, ...]:
    """Transfers that bring every position to zero, one fewer than the partners concerned at most.

    The largest debtor pays the largest creditor, ties by name: the same positions always give the same transfers.
    Raises `Invalid` ``netting.sum`` where the positions do not add up to zero.
    """
    if sum(net.values()):
        raise refuse(
            "netting.sum",
            Text("The positions do not add up to zero.", "各方净额之和不为零。"),
            Text(
                "A debt is missing its other side; find it before anyone pays.",
                "有应付缺少对应方，请查明后再支付。",
            ),
        )
    open_ = {name: amount for name, amount in net.items() if amount}
    made = []
    while open_:
        debtor = min(open_, key=lambda name: (open_[name], name))
        creditor = min(open_, key=lambda name: (-open_[name], name))
        amount = min(-open_[debtor], open_[creditor])
        made.append(Owed(debtor, creditor, amount))
        for name, change in ((debtor, amount), (creditor, -amount)):
            open_[name] += change
            if not open_[name]:
                del open_[name]
    return tuple(made)
