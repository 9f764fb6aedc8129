"""What a run may cost, and how it is spread over time: money is held before a question is sent, settled after.

Whole millionths of the currency. A question whose fate is unknown (a time-out) counts as charged at its bound: the sum is an upper
limit of what the provider can ask for.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from hutong.kernel.errors import Exhausted
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Budget:
    """requests: attempts on the wire; cost: millionths of the currency; None for no limit. per_second: attempts.

    parallel: connections at once. attempts: tries of one question. pause_s, longest_s: first and longest wait between.
    """

    requests: int | None = None
    cost: int | None = None
    per_second: float | None = None
    parallel: int = 16
    attempts: int = 6
    pause_s: float = 0.25
    longest_s: float = 30.0

    def pause(self, key: str, tried: int, asked: float | None) -> float:
        """Seconds to wait after the `tried`-th failure: doubled each time, spread by the key, or as the endpoint asks."""
        spread = int.from_bytes(hashlib.sha256(f"{key}|{tried}".encode()).digest()[:2], "big") / 2**16
        own = self.pause_s * 2.0 ** (tried - 1) * (0.5 + spread / 2)
        return min(self.longest_s, max(own, asked or 0.0))


class Purse:
    """The account of one run, however often it is interrupted. spent: charged for certain or perhaps; held: for questions on
    their way; sent: attempts, those on the record of the run among them."""

    def __init__(self, budget: Budget, spent: int = 0, sent: int = 0) -> None:
        self.budget = budget
        self.spent = spent
        self.held = 0
        self.sent = sent
        self._next = 0.0

    def hold(self, bound: int) -> None:
        """Before a question goes out. `Exhausted` endpoint.budget when it could exceed the budget."""
        limit = self.budget
        if limit.requests is not None and self.sent + 1 > limit.requests:
            raise _exhausted(Text("{n} requests", "{n}次请求").format(n=limit.requests))
        if limit.cost is not None and self.spent + self.held + bound > limit.cost:
            raise _exhausted(Text("{n} millionths", "百万分之{n}").format(n=limit.cost))
        self.held += bound
        self.sent += 1

    def settle(self, bound: int, charged: int) -> None:
        """After it: charged is the price of an answer, 0 for a refusal, the bound where nobody knows."""
        self.held -= bound
        self.spent += charged

    async def turn(self) -> None:
        """Wait for the next place in time."""
        now = asyncio.get_running_loop().time()
        wait = self._next - now
        if self.budget.per_second is not None:
            self._next = max(now, self._next) + 1.0 / self.budget.per_second
        if wait > 0:
            await asyncio.sleep(wait)

    def rest(self, seconds: float) -> None:
        """No question goes out for so long: the endpoint asked for it."""
        self._next = max(self._next, asyncio.get_running_loop().time() + seconds)


def _exhausted(of: Text) -> Exhausted:
    return Exhausted(
        Text("The budget of the endpoint is used up: {b}.", "接口预算已用尽：{b}。").format(b=of),
        rule="endpoint.budget",
        remedy=Text(
            "Raise the budget and resume; answers so far are kept.", "请提高预算后继续，已有答复均已保存。"
        ),
        field="budget",
    )
