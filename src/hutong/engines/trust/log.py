"""A log of predictions as a target: what was answered once, and nothing new."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows
from hutong.engines.trust.targets import Predictions, decide
from hutong.engines.trust.types import System, refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class LogTarget:
    """Predictions already made, one per row of the data, in its order. It cannot be asked anything new."""

    system: System
    probabilities: NDArray[np.float64] | None = None
    labels: tuple[str, ...] | None = None
    access: str = field(default="log", init=False)

    @property
    def digest(self) -> str:
        body = (
            repr(self.labels).encode()
            if self.probabilities is None
            else np.asarray(self.probabilities, "<f8").tobytes()
        )
        return hashlib.sha256(body).hexdigest()

    def predict(self, rows: Rows) -> Predictions:
        found = self._all()
        if len(found) != len(rows):
            raise refuse(
                "log.rows",
                Text("The log does not have one line for each row.", "预测日志与数据行数不一致。"),
                where="log",
            )
        return found

    def _all(self) -> Predictions:
        if self.probabilities is not None:
            return decide(np.asarray(self.probabilities, dtype=np.float64), self.system)
        order = {label: i for i, label in enumerate(self.system.labels)}
        return Predictions(np.array([order.get(v, -1) for v in self.labels or ()], dtype=np.int64), None)
