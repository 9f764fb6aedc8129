"""Calls as a test plays them: an office, a second officer who awards, entrants with systems, reviewers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hutong.kernel.permission import Actor, Role

CRITERIA = [
    {"name_en": "Merit", "name_zh": "先进性", "weight": 3},
    {"name_en": "Use", "name_zh": "应用价值", "weight": 2},
]


@dataclass(frozen=True)
class Entrant:
    """A system, its organisation and the person who submits for it."""

    actor: Actor
    system: Any
    organisation: Any


@dataclass
class Competition:
    """`office` publishes, closes and ranks; `second` awards; reviewers are made when they are first needed."""

    hub: Any
    office: Actor
    second: Actor
    reviewers: list[Actor] = field(default_factory=list)

    def entrant(self) -> Entrant:
        organisation = self.hub.organisation()
        actor = self.hub.actor(Role.INNOVATOR, organisation)
        system = self.hub.do(
            actor,
            "passport.system.register",
            name_en="Form reader",
            name_zh="表单识别",
            purpose="Reads digits on forms.",
            risk_class="2",
        )
        return Entrant(actor, system, organisation)

    def reviewer(self, number: int = 0) -> Actor:
        while len(self.reviewers) <= number:
            self.reviewers.append(self.hub.actor(Role.REVIEWER))
        return self.reviewers[number]

    def draft(self, **changes: Any) -> Any:
        given: dict[str, Any] = {
            "title_en": "Reading forms",
            "title_zh": "表单识别攻关",
            "problem": "Read forms.",
            "deadline": (self.hub.clock.now() + timedelta(days=7)).isoformat(),
            "criteria": CRITERIA,
            "hours": "100",
            "budget": "1000000",
        }
        return self.hub.do(self.office, "calls.call.draft", **{**given, **changes})

    def publish(self, call: Any) -> Any:
        return self.hub.do(self.office, "calls.call.publish", call=call)

    def call(self, **changes: Any) -> Any:
        return self.publish(self.draft(**changes))

    def submit(self, call: Any, entrant: Entrant, *, options: Any = None, **changes: Any) -> Any:
        given = {"system": entrant.system, "summary": "We read forms.", "hours": "50", "budget": "500000"}
        return self.hub.do(
            entrant.actor, "calls.proposal.submit", call=call, options=options, **{**given, **changes}
        )

    def assign(self, proposal: Any, reviewer: Actor) -> Any:
        return self.hub.do(self.office, "calls.review.assign", proposal=proposal, reviewer=reviewer.code)

    def score(self, review: Any, reviewer: Actor, points: Any) -> Any:
        return self.hub.do(reviewer, "calls.review.score", review=review, scores=points, comment="Sound.")

    def judge(self, proposal: Any, *points: list[int]) -> None:
        """One scored review for each list of points, by as many reviewers."""
        for number, given in enumerate(points):
            reviewer = self.reviewer(number)
            self.score(self.assign(proposal, reviewer), reviewer, given)

    def close(self, call: Any) -> Any:
        self.hub.clock.move_to(max(call.deadline, self.hub.clock.now()) + timedelta(seconds=1))
        return self.hub.do(self.office, "calls.call.close", call=call)

    def rank(self, call: Any) -> Any:
        return self.hub.do(self.office, "calls.call.rank", call=call)

    def award(self, proposal: Any, hours: str, amount: str, *, by: Actor | None = None) -> Any:
        return self.hub.do(
            by or self.second,
            "calls.award.grant",
            proposal=proposal,
            hours=hours,
            amount=amount,
            reason="Best ranked.",
        )

    def ranked(self, call: Any, *proposals: Any) -> Any:
        """Two sound reviews for each proposal, then close and rank."""
        for proposal in proposals:
            self.judge(proposal, [80, 90], [70, 85])
        self.close(call)
        return self.rank(call)
