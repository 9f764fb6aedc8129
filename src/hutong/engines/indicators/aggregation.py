"""Facts to one value: filter, count, sum, distinct, median, minimum, maximum. Exact and free of order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hutong.engines.indicators.expressions import Aggregate, Condition, Window
from hutong.engines.indicators.periods import Lens
from hutong.kernel.measure import Fact
from hutong.kernel.text import Text
from hutong.kernel.values import Exact, Missing, Number, Strategy, Value

NOT_OFFERED = Missing(Text("no department offers this measure yet", "尚无部门提供该项数据"))
NO_RECORD = Missing(Text("no record within this window", "本口径期内尚无记录"))


def fact_key(fact: Fact) -> tuple[object, ...]:
    """A total order of facts, so that results never depend on the order in which they came."""
    return (
        fact.record,
        fact.valid_from,
        fact.recorded_at,
        fact.amount,
        -1 if fact.event is None else fact.event,
        (fact.valid_to is None, fact.valid_to or fact.valid_from),
        (fact.retracted_at is None, fact.retracted_at or fact.recorded_at),
        tuple(sorted(fact.dims.items())),
        fact.label,
    )


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=fact_key))  # type: ignore[type-var,unused-ignore]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a definition treats what is missing."""

    missing: Strategy = "skip_if_any"
    absence_means_none: bool = False


def passes(fact: Fact, where: Sequence[Condition]) -> bool | None:
    """Does the fact meet every condition? None when it does not say (and no other condition excludes it)."""
    unsaid = False
    for test in where:
        said = fact.dims.get(test.dim)
        if said is None:
            unsaid = True
        elif (said == test.value) != test.equal:
            return False
    return None if unsaid else True


def aggregate(
    node: Aggregate, facts: Sequence[Fact], window: Window, lens: Lens, rules: Rules, scale: Fraction
) -> tuple[Value, tuple[Fact, ...]]:
    """Value in base units, and the facts counted. `facts` must be in order; `scale` turns amounts into base
    units.

    Where the measure has facts in the window and the conditions leave none, count and sum are truly zero;
    where the measure has none, the value is missing unless the definition declares that absence means none.
    A stock that has begun and ended is zero.
    """
    seen = list(filter(lens.sees(window), facts))
    where = (*node.where, *lens.only)
    verdicts = [(f, passes(f, where)) for f in seen]
    unsaid = sum(v is None for _, v in verdicts)
    if unsaid and rules.missing == "skip_if_any":
        return _unsaid(unsaid, where), ()
    chosen = tuple(f for f, v in verdicts if v)
    if unsaid and not chosen and rules.missing == "skip_if_all" and unsaid == len(seen):
        return _unsaid(unsaid, where), ()
    if not chosen:
        return _empty(node, facts, bool(seen), window, lens, rules), ()
    if node.op == "distinct":
        return _distinct(node, chosen, rules)
    if node.op == "count":
        return Number(len(chosen)), chosen
    # The scale is positive, so it may be applied once, after the reduction: integers are summed as integers.
    return Number(_reduce(node, [f.amount for f in chosen]) * scale), chosen


def _unsaid(number: int, where: Sequence[Condition]) -> Missing:
    dims = ", ".join(sorted({c.dim for c in where}))
    return Missing(Text("{n} records do not state {d}", "{n}条记录未注明{d}").format(n=number, d=dims))


def _empty(
    node: Aggregate, facts: Sequence[Fact], seen: bool, window: Window, lens: Lens, rules: Rules
) -> Value:
    if node.op not in ("count", "sum", "distinct"):
        return NO_RECORD
    ended = window == "point_in_time" and _began(facts, lens)
    return Number(0) if seen or ended or rules.absence_means_none else NO_RECORD


def _began(facts: Sequence[Fact], lens: Lens) -> bool:
    """Was there, as far as is known, ever something to count up to the instant?"""
    instant = lens.instant
    return any(f.known(lens.known_on) and f.valid_from <= instant for f in facts)


def _distinct(node: Aggregate, chosen: tuple[Fact, ...], rules: Rules) -> tuple[Value, tuple[Fact, ...]]:
    key = node.key or "record"
    named = tuple(f for f in chosen if key == "record" or key in f.dims)
    if len(named) < len(chosen) and (rules.missing == "skip_if_any" or not named):
        return _unsaid(len(chosen) - len(named), (Condition(key, True, ""),)), ()
    return Number(len({f.record if key == "record" else f.dims[key] for f in named})), named


def _reduce(node: Aggregate, amounts: list[Exact]) -> Fraction:
    if node.op == "sum":
        return Fraction(sum(amounts))
    amounts.sort()
    if node.op == "min":
        return Fraction(amounts[0])
    if node.op == "max":
        return Fraction(amounts[-1])
    middle = len(amounts) // 2
    return (
        Fraction(amounts[middle]) if len(amounts) % 2 else Fraction(amounts[middle - 1] + amounts[middle]) / 2
    )
