"""The money of a partnership: prices, conversion factors, statements, reconciliation, balances, vouchers. Integers only.

books = Books(PriceBook([(Price("pool-1", 850, "2025-1"), to_ms(begins), None)]), published_factors(), "pflops-hour-fp16")
statement([Segment("ATT-1", "pool-1", "a100", 8000, start_ms, end_ms)], books).fen
"""

from hutong.engines.broker.money.dated import Span, Timeline
from hutong.engines.broker.money.factors import Factor, Factors, Unit, published_factors, read_factors, whole
from hutong.engines.broker.money.instants import from_ms, to_ms
from hutong.engines.broker.money.netting import Owed, balances, bilateral, multilateral
from hutong.engines.broker.money.prices import CHIP_HOUR, Price, PriceBook
from hutong.engines.broker.money.reconcile import (
    Finding,
    Reconciliation,
    Tolerance,
    double_claims,
    hub_tolerance,
    read_tolerance,
    reconcile,
)
from hutong.engines.broker.money.segments import Usage, cut, usage
from hutong.engines.broker.money.settle import Books, Lines, PoolTerms, charge, normalised, settle
from hutong.engines.broker.money.statement import Line, Segment, Statement, statement

__all__ = [
    "CHIP_HOUR",
    "Books",
    "Factor",
    "Factors",
    "Finding",
    "Line",
    "Lines",
    "Owed",
    "PoolTerms",
    "Price",
    "PriceBook",
    "Reconciliation",
    "Segment",
    "Span",
    "Statement",
    "Timeline",
    "Tolerance",
    "Unit",
    "Usage",
    "balances",
    "bilateral",
    "charge",
    "cut",
    "double_claims",
    "from_ms",
    "hub_tolerance",
    "multilateral",
    "normalised",
    "published_factors",
    "read_factors",
    "read_tolerance",
    "reconcile",
    "settle",
    "statement",
    "to_ms",
    "usage",
    "whole",
]
