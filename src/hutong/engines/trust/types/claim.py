"""What is to be shown, and what is put on record for it: claims, evidence, declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hutong.engines.trust.types.refusal import check_record
from hutong.engines.trust.types.words import Category
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing to be shown. kind names the rule that judges its counts; params are what the rule needs.

    alpha: error of this claim (decimal string). null: what is believed until refuted. n: units counted, with the truth
    from which it passes (`passes_from`) or fails (`fails_from`) with 95 % chance; None where no truth would.
    """

    id: str
    category: Category
    level: int
    kind: str
    metric: str
    statement: Text
    population: Text
    null: Text
    threshold: str | None = None
    direction: Literal[">=", "<=", "all"] = "all"
    alpha: str | None = None
    n: int | None = None
    passes_from: str | None = None
    fails_from: str | None = None
    stopping: str = "fixed size, one look"
    queries: int | None = None
    params: Mapping[str, object] = field(default_factory=dict, hash=False)

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "category": self.category,
            "level": self.level,
            "kind": self.kind,
            "metric": self.metric,
            "statement": self.statement.as_json(),
            "population": self.population.as_json(),
            "null": self.null.as_json(),
            "threshold": self.threshold,
            "direction": self.direction,
            "alpha": self.alpha,
            "n": self.n,
            "passes_from": self.passes_from,
            "fails_from": self.fails_from,
            "stopping": self.stopping,
            "queries": self.queries,
            "params": dict(self.params),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record that answers one process check. digest: SHA-256 of the document. record: its id in the hub."""

    check: str
    answer: bool
    digest: str
    record: str
    given_by: str
    confirmed_by: str | None = None

    def __post_init__(self) -> None:
        check_record(self.digest, self.record)

    def as_json(self) -> dict[str, object]:
        names = ("check", "answer", "digest", "record", "given_by", "confirmed_by")
        return {n: getattr(self, n) for n in names}


@dataclass(frozen=True, slots=True)
class Declaration:
    """Why a category does not apply, on record. ground: one that the profile allows for that category."""

    category: Category
    ground: str
    reason: Text
    digest: str
    record: str

    def __post_init__(self) -> None:
        check_record(self.digest, self.record)

    def as_json(self) -> dict[str, object]:
        return {
            "category": self.category,
            "ground": self.ground,
            "reason": self.reason.as_json(),
            "digest": self.digest,
            "record": self.record,
        }
