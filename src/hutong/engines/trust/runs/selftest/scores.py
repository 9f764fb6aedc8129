"""What the self-test counts: false passes of nulls, defects found, good systems recognised, each with exact limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hutong.engines.trust.runs.selftest.planting import Role
from hutong.engines.trust.statistics.exact import lower_limit, upper_limit

ERROR = 0.05
FOUND = 0.95


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one test, one category or all. detected of defects; recognised of good systems, and accused: called failed."""

    name: str
    cases: int = 0
    nulls: int = 0
    false_passes: int = 0
    defects: int = 0
    detected: int = 0
    good: int = 0
    recognised: int = 0
    accused: int = 0

    def plus(self, role: Role, state: str, caught: tuple[str, ...] = ("fail",)) -> Score:
        """With one more case of that role, judged so. caught: states that find a defect."""
        return Score(
            self.name,
            self.cases + 1,
            self.nulls + (role == "null"),
            self.false_passes + (role != "good" and state == "pass"),
            self.defects + (role == "defect"),
            self.detected + (role == "defect" and state in caught),
            self.good + (role == "good"),
            self.recognised + (role == "good" and state == "pass"),
            self.accused + (role == "good" and state == "fail"),
        )

    def and_(self, other: Score) -> Score:
        names = ("cases", "nulls", "false_passes", "defects", "detected", "good", "recognised", "accused")
        return Score(self.name, **{n: getattr(self, n) + getattr(other, n) for n in names})

    @property
    def false_pass(self) -> float:
        """A defect that passes counts against the nulls too: it is the worse error."""
        return self.false_passes / self.nulls if self.nulls else 0.0

    @property
    def false_pass_upper(self) -> float:
        """Exact upper 95 % limit (Clopper and Pearson 1934)."""
        return (
            float(upper_limit(min(self.false_passes, self.nulls), self.nulls, ERROR)) if self.nulls else 1.0
        )

    @property
    def detection(self) -> float | None:
        return self.detected / self.defects if self.defects else None

    @property
    def detection_lower(self) -> float:
        return float(lower_limit(self.detected, self.defects, ERROR)) if self.defects else 0.0

    @property
    def worse(self) -> bool:
        passes = (
            float(lower_limit(min(self.false_passes, self.nulls), self.nulls, ERROR)) if self.nulls else 0.0
        )
        finds = float(upper_limit(self.detected, self.defects, ERROR)) if self.defects else 1.0
        return passes > ERROR or finds < FOUND

    @property
    def recognition(self) -> float | None:
        return self.recognised / self.good if self.good else None

    def as_json(self) -> dict[str, object]:
        return {
            "cases": self.cases,
            "nulls": self.nulls,
            "false_passes": self.false_passes,
            "false_pass": round(self.false_pass, 6),
            "false_pass_upper": round(self.false_pass_upper, 6),
            "defects": self.defects,
            "detected": self.detected,
            "detection": None if self.detection is None else round(self.detection, 6),
            "detection_lower": round(self.detection_lower, 6),
            "good": self.good,
            "accused": self.accused,
            "recognition": None if self.recognition is None else round(self.recognition, 6),
        }


def summed(name: str, scores: Iterable[Score]) -> Score:
    """All of them as one."""
    found = Score(name)
    for score in scores:
        found = found.and_(score)
    return found
