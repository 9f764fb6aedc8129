"""A promise of differential privacy, as a record that can be hashed, and the target that makes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from hutong.engines.trust.figures import above
from hutong.engines.trust.membership.audit import check_claim
from hutong.engines.trust.membership.mechanisms import (
    Gaussian,
    Laplace,
    Mechanism,
    RandomisedResponse,
    SubsampledGaussian,
)
from hutong.engines.trust.statistics.forms import Floats, refuse
from hutong.kernel.text import Text

_FIELDS: dict[str, tuple[str, ...]] = {
    "gaussian": ("sigma", "sensitivity", "releases"),
    "laplace": ("scale", "sensitivity"),
    "randomised-response": ("truth", "answers"),
    "subsampled-gaussian": ("sigma", "rate", "steps"),
}


@dataclass(frozen=True, slots=True)
class Promise:
    """(epsilon, delta) as claimed, and the mechanism that is said to give it."""

    epsilon: float
    delta: float
    mechanism: Mechanism

    def as_json(self) -> dict[str, object]:
        """Decimal strings: epsilon rounded up to six places, the mechanism's numbers with all their
        digits.
        """
        parameters = {f: str(getattr(self.mechanism, f)) for f in _FIELDS[self.mechanism.name]}
        delta = f"{self.delta:.12g}"
        return {"epsilon": above(self.epsilon), "delta": delta, "kind": self.mechanism.name, **parameters}


@runtime_checkable
class Promised(Protocol):
    """A target that promises privacy and can be asked for fresh outputs. Its digest must cover the
    promise.
    """

    @property
    def promise(self) -> Promise: ...
    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats: ...


def promise_of(record: Mapping[str, object]) -> Promise:
    """The promise again from its record. KeyError, TypeError or ValueError where it is none."""
    kind = str(record["kind"])
    values = {f: float(str(record[f])) for f in _FIELDS[kind]}
    epsilon, delta = float(str(record["epsilon"])), float(str(record["delta"]))
    check_claim(epsilon)
    return Promise(epsilon, delta, _mechanism(kind, values))


def _mechanism(kind: str, v: Mapping[str, float]) -> Mechanism:
    if kind == "gaussian":
        return Gaussian(v["sigma"], v["sensitivity"], int(v["releases"]))
    if kind == "laplace":
        return Laplace(v["scale"], v["sensitivity"])
    if kind == "randomised-response":
        return RandomisedResponse(v["truth"], int(v["answers"]))
    if kind == "subsampled-gaussian":
        return SubsampledGaussian(v["sigma"], v["rate"], int(v["steps"]))
    raise refuse("dp.mechanism", Text("There is no such mechanism.", "没有该隐私机制。"), kind[:80])
