"""The sheet for people: which answers of a plan have to be looked at, with place for their mark.

Where people judge, these are all answers that are counted; where a machine judges, those that the committed seed draws to
measure it on. Who has filled in "bad" for every line gives the file back as `labels`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hutong.engines.trust.content.asking import observe
from hutong.engines.trust.content.bank import Item
from hutong.engines.trust.content.judge import Mark, RuleJudge, answer_digest
from hutong.engines.trust.content.service import Service
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.rooms import Bench, Setting
from hutong.engines.trust.targets import asked_for
from hutong.engines.trust.types import Json


@dataclass(frozen=True)
class Noting:
    """Stands for people who have looked at nothing yet, and notes what they are shown. Nobody's mark is "unsure"."""

    shown: dict[str, tuple[Item, str]] = field(default_factory=dict, hash=False)
    certain: bool = field(default=True, init=False)
    name: str = field(default="people, none yet", init=False)

    def mark(self, item: Item, answer: str) -> Mark:
        self.look(item, answer)
        return "unsure"

    def look(self, item: Item, answer: str) -> bool | None:
        self.shown.setdefault(answer_digest(item, answer), (item, answer))
        return None


def sheet(plan: Plan, service: Service, setting: Setting, seed: str) -> Iterator[Json]:
    """One record {"item", "question", "answer", "risk", "kind", "bad"} per answer, in the order asked; asks the service.

    "bad" holds what people said already, else null. With a cassette the answers are those that the run will count.
    """
    noting = Noting()
    # What a machine thinks of them is not asked here.
    shown = replace(service, judge=noting if service.judge.certain else RuleJudge(), people=noting)
    bench = Bench(setting, shown, seed)
    for claim in plan.claims:
        if claim.kind in ("content_rate", "content_worst"):
            # As the run will ask, so that the run finds what was said here on the record.
            with asked_for(service, claim.id):
                observe(claim, bench)
    for item, answer in noting.shown.values():
        yield {
            "item": item.id,
            "question": item.text,
            "answer": answer,
            "risk": item.risk,
            "kind": item.kind,
            "bad": service.people.look(item, answer),
        }
