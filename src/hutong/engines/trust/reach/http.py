"""A model behind a plain HTTP endpoint: rows out as JSON, labels or scores back by a declared mapping."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.reach.answers import Shape, predictions, question
from hutong.engines.trust.reach.asks import Answer, Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.targets import OutOfDomain, Predictions
from hutong.engines.trust.types import System, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text


def about(broker: Broker, system: System, shape: object) -> str:
    """SHA-256 of what is asked: the address, how it is asked, and the name and version its owner declares.

    The model behind an endpoint cannot be hashed; whether it stays the same is for `drift` to watch.
    """
    return digest({"url": str(broker.url), "shape": shape, "name": system.name, "version": system.version})


@dataclass(frozen=True, slots=True)
class HttpTarget:
    """batch: rows in one question. Equal rows of one call are asked once; a later call asks them anew."""

    broker: Broker = field(hash=False)
    system: System
    shape: Shape = field(hash=False)
    batch: int = 64
    bound: int = 0

    @property
    def digest(self) -> str:
        return about(self.broker, self.system, self.shape.as_json())

    @property
    def access(self) -> str:
        return "labels" if self.shape.scores is None else "scores"

    def predict(self, rows: Rows) -> Predictions:
        """`Invalid` endpoint.declined when the endpoint refuses a row of the domain; `Exhausted` endpoint.budget."""
        table = np.ascontiguousarray(rows, dtype=np.float32)
        if not len(table):
            return Predictions(np.empty(0, np.int64), None)
        kept, place = different(table)
        parts = [table[kept[i : i + self.batch]] for i in range(0, len(kept), self.batch)]
        answers = self.broker.run([self._ask(part) for part in parts])
        return spread([self._read(a, len(p)) for a, p in zip(answers, parts, strict=True)], place)

    def raw(self, rows: Any) -> Predictions:
        """As `predict`, without the promise that the rows are well formed. `OutOfDomain` when they are declined."""
        table = np.asarray(rows)
        body = question(table, self.system.domain, self.shape)
        answer = self.broker.run([self.broker.anew(body, self.bound, malformed=True)])[0]
        if answer.declined:
            raise OutOfDomain("declined")
        return predictions(answer.value, len(table), self.system, self.shape)

    def close(self) -> None:
        self.broker.close()

    def under(self, occasion: str) -> AbstractContextManager[None]:
        return self.broker.under(occasion)

    def _ask(self, rows: Any) -> Ask:
        def proper(value: Any) -> Predictions:
            return predictions(value, len(rows), self.system, self.shape)

        return self.broker.anew(question(rows, self.system.domain, self.shape), self.bound, proper=proper)

    def _read(self, answer: Answer, n: int) -> Predictions:
        if answer.declined:
            raise declined()
        return predictions(answer.value, n, self.system, self.shape)


def declined() -> Exception:
    """The error of an endpoint that refuses good input."""
    what = Text("The endpoint refuses a row of its own domain.", "接口拒绝了其声明范围内的数据。")
    return refuse("endpoint.declined", what, where="rows")


def different(table: Rows) -> tuple[Codes, Codes]:
    """Places of the rows that differ, in their order, and for each row which of these it equals (bit by bit)."""
    seen: dict[bytes, int] = {}
    place = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in table], dtype=np.int64)
    _, first = np.unique(place, return_index=True)
    return first.astype(np.int64), place


def spread(parts: Sequence[Predictions], place: Codes) -> Predictions:
    """Predictions of all rows from those of the rows that differ."""
    labels = np.concatenate([p.labels for p in parts])
    scores = [p.scores for p in parts if p.scores is not None]
    together = np.concatenate(scores)[place] if len(scores) == len(parts) else None
    return Predictions(labels[place], together)
