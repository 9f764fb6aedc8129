"""The one runner of questions to an endpoint: each asked once, however often the network fails.

A question is its digest and a replicate index. Its answer is counted once: equal questions of a call share it, an answer on the
cassette is never asked again, a late answer to a question that timed out dies with its connection. Every attempt ends in
exactly one of `asks.Counts`: answered, rejected, lost or refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hutong.engines.trust.reach.address import Url
from hutong.engines.trust.reach.asks import Answer, Ask, Counts, Proper
from hutong.engines.trust.reach.budget import Budget, Purse
from hutong.engines.trust.reach.cassette import Cassette, Played
from hutong.engines.trust.reach.loop import LoopThread
from hutong.engines.trust.reach.strict import strict_json
from hutong.engines.trust.reach.wire import Reply, Wire
from hutong.engines.trust.types import refuse
from hutong.kernel.errors import Conflict, HutongError, Invalid
from hutong.kernel.text import Text

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
# The endpoint answers that this input is none: an answer like any other.
DECLINED = frozenset({400, 413, 422})
# An answer only to input that is malformed on purpose; otherwise an outage.
FAILED = 500
_UNSENT = frozenset({"endpoint.address", "endpoint.name", "endpoint.certificate"})
_LOST = frozenset({"endpoint.timeout", "endpoint.truncated", "endpoint.connection"})


@dataclass
class Broker:
    """Asks one endpoint. price: millionths of the currency that an answer cost. wire None: the cassette only (replay).

    `run` may be called from any thread, inside or outside an event loop; close it, or use it as a context manager.
    """

    url: Url
    wire: Wire | None
    cassette: Cassette = field(default_factory=lambda: Cassette(None, {}))
    budget: Budget = field(default_factory=Budget)
    price: Callable[[Any], int] = field(default=lambda value: 0)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.purse = Purse(self.budget, self.cassette.spent, self.cassette.attempts)
        self._replicates: Counter[tuple[str, str]] = Counter()
        self.occasion = ""
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._thread: LoopThread | None = None

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._thread is not None:
            self._thread.run(self._hang_up())
            self._thread.close()
            self._thread = None
        self.cassette.close()

    async def _hang_up(self) -> None:
        if self.wire is not None:
            self.wire.close()

    @contextmanager
    def under(self, occasion: str) -> Iterator[None]:
        """Within it, questions are asked for that occasion. What was recorded for an occasion is found again after a kill,
        whatever was asked before or beside it."""
        before, self.occasion = self.occasion, occasion
        try:
            yield
        finally:
            self.occasion = before

    def anew(self, body: bytes, bound: int, malformed: bool = False, proper: Proper | None = None) -> Ask:
        """The question under its next replicate index of the occasion: asking anew is another observation."""
        question = (self.occasion, hashlib.sha256(body).hexdigest())
        index = self._replicates[question]
        self._replicates[question] += 1
        return Ask(body, index, bound, self.occasion, malformed, proper)

    def again(self, question: str, replicate: int) -> str:
        """The answer to a JSON question under a replicate index of the caller's own, as JSON text: for `drift`."""
        answer = self.run([Ask(question.encode(), replicate)])[0]
        return "declined" if answer.declined else json.dumps(answer.value, sort_keys=True)

    def run(self, asks: Sequence[Ask]) -> list[Answer]:
        """One answer per question, in order. What was answered before an error stays on the cassette.

        `Exhausted` endpoint.budget; `Invalid` with a rule of `heads.WORDS`, endpoint.status, endpoint.address or cassette.missing.
        """
        if os.getpid() != self._process:
            raise _elsewhere()
        with self._lock:
            keys = [ask.key for ask in asks]
            open_asks = self._sort(dict(zip(keys, asks, strict=True)), len(keys))
            if open_asks:
                self._thread = self._thread or LoopThread()
                self._thread.run(self._all(open_asks))
            found = {key: self._answer(key) for key in dict.fromkeys(keys)}
            return [found[key] for key in keys]

    def _sort(self, asks: dict[str, Ask], size: int) -> dict[str, Ask]:
        waiting = {key: ask for key, ask in asks.items() if key not in self.cassette.answers}
        if waiting and self.wire is None:
            what = Text("The cassette has no answer to this question.", "录制带中没有该问题的答复。")
            raise refuse("cassette.missing", what, where="cassette")
        self.counts.asked += len(asks)
        self.counts.shared += size - len(asks)
        self.counts.replayed += len(asks) - len(waiting)
        return waiting

    def _answer(self, key: str) -> Answer:
        played = self.cassette.answers[key]
        return Answer(key, strict_json(played.body.encode()), played.status in {*DECLINED, FAILED})

    async def _all(self, asks: dict[str, Ask]) -> None:
        queue = deque(asks.items())
        workers = [
            asyncio.create_task(self._work(queue)) for _ in range(min(self.budget.parallel, len(queue)))
        ]
        try:
            # The first error ends the run; questions on their way are still answered and kept.
            found = await asyncio.gather(*workers, return_exceptions=True)
        except asyncio.CancelledError:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            raise
        for error in found:
            if error is not None:
                raise error

    async def _work(self, queue: deque[tuple[str, Ask]]) -> None:
        while queue:
            key, ask = queue.popleft()
            try:
                await self._ask(key, ask)
            except BaseException:
                queue.clear()
                raise

    async def _ask(self, key: str, ask: Ask) -> None:
        for tried in range(1, self.budget.attempts + 1):
            await self.purse.turn()
            self.purse.hold(ask.bound)
            reply, error = await self._send(key, ask)
            failed = ask.malformed and reply is not None and reply.status == FAILED
            if reply is not None and (failed or reply.status not in RETRIED):
                return self._keep(key, ask, reply, tried)
            if tried == self.budget.attempts:
                raise error if error is not None else _status(reply.status if reply else 0)
            asked = None if reply is None else reply.retry_after
            if asked:
                self.purse.rest(min(asked, self.budget.longest_s))
            await asyncio.sleep(self.budget.pause(key, tried, asked))
        return None

    async def _send(self, key: str, ask: Ask) -> tuple[Reply | None, HutongError | None]:
        """One attempt: its reply, or the error after which it may be tried again. Raises the errors that end a run."""
        assert self.wire is not None
        try:
            reply = await self.wire.post(self.url, ask.body)
        except BaseException as error:
            self._unknown(key, ask, error)
            if isinstance(error, HutongError) and error.rule in _LOST:
                self.counts.lost += 1
                return None, error
            stopped = isinstance(error, asyncio.CancelledError)
            self.counts.lost += stopped
            self.counts.refused += not stopped
            raise
        if reply.status in RETRIED and not (ask.malformed and reply.status == FAILED):
            self.counts.rejected += 1
            self.purse.settle(ask.bound, 0)
        return reply, None

    def _unknown(self, key: str, ask: Ask, error: BaseException) -> None:
        """The endpoint may have worked on it: charged at the bound, unless it was never reached."""
        unsent = isinstance(error, HutongError) and error.rule in _UNSENT
        self.purse.settle(ask.bound, 0 if unsent else ask.bound)
        if ask.bound and not unsent:
            self.cassette.lost(key, ask.bound)

    def _keep(self, key: str, ask: Ask, reply: Reply, tried: int) -> None:
        try:
            declined = reply.status in {*DECLINED, FAILED}
            if reply.status != 200 and not declined:
                raise _status(reply.status)
            value = None if declined else strict_json(reply.body)
            if ask.proper is not None and not declined:
                ask.proper(value)
            cost = 0 if declined else self.price(value)
        except BaseException as error:
            self.counts.refused += 1
            self._unknown(key, ask, error)
            raise
        self.purse.settle(ask.bound, cost)
        self.cassette.put(key, Played(reply.status, "null" if declined else reply.body.decode(), cost, tried))
        self.counts.answered += 1


def _elsewhere() -> Conflict:
    return Conflict(
        Text("The endpoint was opened in another process.", "接口连接由其他进程打开。"),
        rule="endpoint.process",
        remedy=Text("Open it in the process that asks.", "请在发起询问的进程内打开。"),
    )


def _status(status: int) -> Invalid:
    what = Text("The endpoint answers with HTTP {s}.", "接口返回HTTP状态{s}。").format(s=status)
    return refuse("endpoint.status", what, where="url")
