"""A committee: its members, the secretariat, and applications of one house for a system of class 4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hutong.kernel.permission import Actor, Role
from hutong.modules.ethics.models import Application, Vote
from hutong.modules.ethics.rules import Tally

WORDS = {"a": "approve", "r": "reject", "-": "abstain"}


def tally_of(application: Application) -> Tally:
    """The count as it is now in the database."""
    return Application.objects.get(pk=application.pk).tally


class Committee:
    """Steps of a review by the right people. Votes are given as letters: a in favour, r against, - abstaining."""

    def __init__(self, hub: Any, members: int = 15) -> None:
        self.hub = hub
        self.house = hub.organisation("Lab")
        self.applicant: Actor = hub.actor(Role.INNOVATOR, self.house)
        self.office: Actor = hub.actor(Role.SUPERVISOR)
        self.people = [hub.person("member") for _ in range(members)]
        self.members: list[Actor] = [hub.actor(Role.ETHICS_MEMBER, person=p) for p in self.people]
        self.system = self.register()

    def register(self, risk_class: str = "4") -> Any:
        return self.hub.do(
            self.applicant,
            "passport.system.register",
            name_en="Adviser",
            name_zh="建议系统",
            purpose="Advises on release.",
            risk_class=risk_class,
        )

    def apply(self, system: Any = None) -> Application:
        made: Application = self.hub.do(
            self.applicant,
            "ethics.application.submit",
            system=system or self.system,
            summary="People in custody.",
            safeguards="A person decides.",
        )
        return made

    def convene(self, application: Any, members: Sequence[Actor | str]) -> Any:
        codes = [m if isinstance(m, str) else m.code for m in members]
        return self.hub.do(self.office, "ethics.panel.convene", application=application, members=codes)

    def panel(self, size: int = 7) -> Application:
        """A new application with the first members of the committee on its panel."""
        application = self.apply()
        self.convene(application, self.members[:size])
        return application

    def vote_of(self, application: Any, member: Actor) -> Vote:
        return Vote.objects.get(application=application, member_id=member.id)

    def cast(self, application: Any, member: Actor, choice: str = "approve", reason: str = "So.") -> Any:
        vote = self.vote_of(application, member)
        return self.hub.do(member, "ethics.vote.cast", vote=vote, choice=choice, reason=reason)

    def vote(self, application: Any, letters: str) -> None:
        """The members of the panel vote in order, as far as the letters go."""
        for member, letter in zip(self.members, letters, strict=False):
            self.cast(application, member, WORDS[letter])

    def decide(self, step: str, application: Any, *, by: Actor | None = None, **given: Any) -> Any:
        reason = {"reason": "As voted."} if step == "reject" else {}
        return self.hub.do(
            by or self.office, f"ethics.application.{step}", application=application, **reason, **given
        )

    def approved(self, system: Any = None) -> Any:
        application = self.apply(system)
        self.convene(application, self.members[:7])
        self.vote(application, "aaaaa")
        return self.decide("approve", application)
