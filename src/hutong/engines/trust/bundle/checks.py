"""What a verification says, and what it has established on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hutong.engines.trust.bundle.parts import Parts
from hutong.engines.trust.data import Data
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.types import Evidence, Observations, Verdict
from hutong.kernel.note import VerifyKey
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was checked: its name (plan, journal, model, report, ...), whether it holds, in words."""

    name: str
    ok: bool
    words: Text

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "ok": self.ok, "words": self.words.as_json()}


@dataclass(frozen=True, slots=True)
class Verification:
    """ok only if every item holds. verdict: judged again from the counts, None where it did not come to that."""

    items: tuple[Item, ...]
    verdict: Verdict | None
    report: str | None

    @property
    def ok(self) -> bool:
        return all(i.ok for i in self.items) and self.verdict is not None

    @property
    def broken(self) -> tuple[str, ...]:
        return tuple(i.name for i in self.items if not i.ok)

    def as_json(self) -> dict[str, object]:
        return {
            "ok": self.ok,
            "broken": list(self.broken),
            "report": self.report,
            "outcome": None if self.verdict is None else self.verdict.outcome,
            "items": [i.as_json() for i in self.items],
        }


class Broken(Exception):
    def __init__(self, item: str, en: str, zh: str, **say: object) -> None:
        super().__init__(item)
        self.item = Item(item, False, Text(en, zh).format(**say))


@dataclass
class Work:
    """What has been established so far; later checks build on earlier ones."""

    parts: Parts
    key: VerifyKey
    model: bytes | None
    data: Data | None
    said: dict[str, Any] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    plan: Plan | None = None
    seen: Observations | None = None
    evidence: tuple[Evidence, ...] = ()
    verdict: Verdict | None = None

    @property
    def planned(self) -> Plan:
        assert self.plan is not None
        return self.plan

    @property
    def observed(self) -> Observations:
        assert self.seen is not None
        return self.seen
