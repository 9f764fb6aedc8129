"""Values that hold for a while: prices, conversion factors, rules. One value at any instant, or none and it says so."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from hutong.engines.broker.money.instants import LATEST_MS, say_ms
from hutong.engines.broker.money.refusals import refuse
from hutong.kernel.text import Text

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Span(Generic[Value]):
    """A value that holds from `start_ms` (included) to `end_ms` (excluded); without an end, until further notice."""

    start_ms: int
    end_ms: int | None
    value: Value

    @property
    def until(self) -> int:
        return LATEST_MS if self.end_ms is None else self.end_ms


class Timeline(Generic[Value]):
    """Spans of one thing in order of time, none overlapping.

    what: its name in the messages. Raises `Invalid`: ``dated.order`` for a span that ends before it starts,
    ``dated.overlap`` where two spans hold at once.
    """

    __slots__ = ("_starts", "spans", "what")

    def __init__(self, what: str, spans: Iterable[Span[Value]]) -> None:
        self.what = what
        self.spans = tuple(sorted(spans, key=lambda s: s.start_ms))
        self._starts = [s.start_ms for s in self.spans]
        for span in self.spans:
            if span.until <= span.start_ms:
                raise self._refuse("dated.order", "ends before it begins", "止于其生效之前", span.start_ms)
        for earlier, later in zip(self.spans, self.spans[1:], strict=False):
            if earlier.until > later.start_ms:
                raise self._refuse(
                    "dated.overlap", "has two values at once", "同时存在两个取值", later.start_ms
                )

    def _refuse(self, rule: str, en: str, zh: str, at_ms: int) -> Exception:
        return refuse(
            rule,
            Text(f"{{w}} {en} at {{t}}.", f"{{w}}于 {{t}} {zh}。"),
            Text("Correct its dates of validity.", "请更正其有效期。"),
            w=self.what,
            t=say_ms(at_ms),
        )

    def index(self, at_ms: int) -> int:
        """Place in `spans` of the one that holds. Raises `Invalid` ``dated.none`` where none does."""
        place = bisect_right(self._starts, at_ms) - 1
        if place < 0 or self.spans[place].until <= at_ms:
            raise self._refuse("dated.none", "has no value", "无有效取值", at_ms)
        return place

    def at(self, at_ms: int) -> Value:
        """The value that holds at the instant. Raises `Invalid` ``dated.none``."""
        return self.spans[self.index(at_ms)].value

    @property
    def changes(self) -> NDArray[np.int64]:
        """Every instant at which a span begins or ends, ascending."""
        ends = [s.end_ms for s in self.spans if s.end_ms is not None]
        return np.unique(np.array(self._starts + ends, dtype=np.int64))
