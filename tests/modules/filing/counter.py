"""The counter of the register: certified versions of one house, and two officers who handle their filings."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hutong.kernel.clock import SteppingClock
from hutong.kernel.permission import Actor, Role
from hutong.modules.filing.models import Filing
from hutong.modules.passport.contract import Version
from hutong.modules.trust.models import Certificate, Evaluation

QUESTIONS = ("purpose", "mechanism", "data", "opt_out", "security")
ANSWERS = dict.fromkeys(QUESTIONS, "Stated.")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Counter:
    """Steps of filing by the right people. How versions and certificates come about is tested where they are made."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.house = hub.organisation("Lab")
        self.applicant: Actor = hub.actor(Role.INNOVATOR, self.house, person=hub.person("Zhang Ming"))
        self.first: Actor = hub.actor(Role.SUPERVISOR, person=hub.person("Li Hua"))
        self.second: Actor = hub.actor(Role.SUPERVISOR, person=hub.person("Wang Fang"))
        self.system = hub.do(
            self.applicant,
            "passport.system.register",
            name_en="Reader",
            name_zh="识读器",
            purpose="Reads forms.",
            risk_class="2",
        )
        self._made = 0

    def at(self, *when: int) -> None:
        """Set the hub's clock to this time of Beijing: year, month, day, hour, minute."""
        self.hub.clock = SteppingClock(datetime(*when, tzinfo=UTC) - timedelta(hours=8))  # type: ignore[misc]

    def version(self) -> Version:
        self._made += 1
        label = f"{self._made}.0"
        return Version.objects.create(
            code=f"VER-9{self._made:03d}",
            state="frozen",
            version=1,
            created_at=self.hub.clock.now(),
            system=self.system,
            label=label,
            model_sha256=digest(f"model {label}"),
            data_sha256=digest("data"),
            spec_sha256=digest("spec"),
            intended_use="Forms.",
        )

    def certify(self, version: Version, *, until: date = date(2029, 1, 1)) -> Certificate:
        shared = {"created_at": self.hub.clock.now(), "version": 1, "version_of": version}
        number = Certificate.objects.count() + 1
        evaluation = Evaluation.objects.create(
            code=f"EVL-9{number:03d}", state="passed", profile="tabular", guarded=False, **shared
        )
        return Certificate.objects.create(
            code=f"CRT-9{number:03d}",
            state="live",
            evaluation=evaluation,
            levels={},
            meets_class=2,
            alpha="1/20",
            model_sha256=version.model_sha256,
            data_sha256=version.data_sha256,
            spec_sha256=version.spec_sha256,
            valid_from=date(2026, 1, 1),
            valid_to=until,
            **shared,
        )

    def certified(self) -> Version:
        version = self.version()
        self.certify(version)
        return version

    def open(self, version: Version | None = None, *, answers: Any = None, **given: Any) -> Filing:
        filing: Filing = self.hub.do(
            self.applicant,
            "filing.filing.open",
            version=version or self.certified(),
            answers=ANSWERS if answers is None else answers,
            **given,
        )
        return filing

    def take(self, step: str, filing: Any, *, by: Actor | None = None, **given: Any) -> Any:
        """One step, by the applicant or the first officer as the step asks, unless somebody else is named."""
        usual = self.applicant if step in ("submit", "resubmit") else self.first
        return self.hub.do(by or usual, f"filing.filing.{step}", filing=filing, **given)

    def submitted(self, version: Version | None = None, **given: Any) -> Any:
        return self.take("submit", self.open(version, **given))

    def enter(self, filing: Any) -> Any:
        """Accept and enter a submitted filing by two people."""
        self.take("accept", filing)
        return self.take("enter", filing, by=self.second)

    def filed(self, version: Version | None = None, **given: Any) -> Any:
        return self.enter(self.submitted(version, **given))
