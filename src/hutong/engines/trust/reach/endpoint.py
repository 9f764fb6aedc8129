"""An endpoint and a watch over it: what a command line or a notebook opens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.reach.address import url_of
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.budget import Budget
from hutong.engines.trust.reach.cassette import Cassette
from hutong.engines.trust.reach.drift import Sentinels
from hutong.engines.trust.reach.sentinels import look
from hutong.engines.trust.reach.wire import REDIRECTS, Wire
from hutong.engines.trust.targets import Predictions, Target, asked_for
from hutong.engines.trust.types import Finding


def open_endpoint(
    url: str,
    *,
    key: str | None = None,
    allowed: frozenset[str] = frozenset(),
    budget: Budget | None = None,
    price: Callable[[Any], int] | None = None,
    cassette: Path | None = None,
    replay: bool = False,
    timeout_s: float = 30.0,
    follow: bool = True,
) -> Broker:
    """A broker for that address; close it. key: sent as a bearer token (RFC 6750), recorded nowhere.

    cassette: file that answers are recorded to and found in. replay: that file alone, no network. allowed: hosts of the
    operator's own network. follow: whether redirects are. `Invalid` endpoint.url, cassette.tampered; `Conflict` cassette.busy, cassette.other.
    """
    place = url_of(url)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    return Broker(
        place,
        None if replay else Wire(allowed, headers, timeout_s, redirects=REDIRECTS if follow else 0),
        Cassette(cassette, {"url": str(place)}, writable=not replay),
        budget or Budget(),
        price or (lambda value: 0),
    )


@dataclass(frozen=True, slots=True)
class Watched:
    """A target that is watched while it works: sentinels are asked before the first row and after every `every` rows.

    ends: a drift ends the run (`sentinels.look`, which also says how often they are asked); else it is told by `finding`.
    """

    target: Target = field(hash=False)
    sentinels: Sentinels = field(hash=False)
    every: int = 500
    versions: Callable[[], Sequence[object]] = field(default=tuple, hash=False)
    ends: bool = False

    @property
    def digest(self) -> str:
        return self.target.digest

    @property
    def access(self) -> str:
        return self.target.access

    def predict(self, rows: Rows) -> Predictions:
        if not self.sentinels.started:
            self.sentinels.start()
        parts = []
        for i in range(0, len(rows), self.every):
            parts.append(self.target.predict(rows[i : i + self.every]))
            self._look(len(rows[i : i + self.every]))
        scores = [p.scores for p in parts if p.scores is not None]
        if not parts:
            return self.target.predict(rows)
        together = np.concatenate(scores) if len(scores) == len(parts) else None
        return Predictions(np.concatenate([p.labels for p in parts]), together)

    def _look(self, asked: int) -> None:
        if self.ends:
            look(self.sentinels, asked)
        else:
            self.sentinels.check()

    def raw(self, rows: Any) -> Predictions:
        raw: Callable[[Any], Predictions] = getattr(self.target, "raw", self.target.predict)
        return raw(rows)

    def close(self) -> None:
        close: Callable[[], None] | None = getattr(self.target, "close", None)
        if close is not None:
            close()

    def under(self, occasion: str) -> AbstractContextManager[None]:
        return asked_for(self.target, occasion)

    def finding(self) -> Finding:
        """endpoint.drift, as `Sentinels.finding`."""
        return self.sentinels.finding(self.versions())
