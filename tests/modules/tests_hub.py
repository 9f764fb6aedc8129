"""A hub to test modules in: people with roles, operations as users run them, a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from itertools import count
from typing import Any

from hutong.kernel.clock import SteppingClock
from hutong.kernel.identifiers import uscc_check_digit
from hutong.kernel.permission import THE_HUB, Actor, Role
from hutong.platform import files, jobs, runner
from hutong.platform.actors import actor_of
from hutong.platform.ledger.tables import Event
from hutong.platform.people import Organisation, Person

START = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)


class Hub:
    """The hub of one test. `do` runs an operation and returns its record; `clock` is what the hub believes."""

    def __init__(self) -> None:
        self.clock = SteppingClock(START)
        self._numbers = count(1)

    def organisation(
        self, name: str = "Lab", *, kind: str = "enterprise", zh: str = "实验室"
    ) -> Organisation:
        number = next(self._numbers)
        first = f"91110108MA{number:07d}"
        record: Organisation = self.do(
            THE_HUB,
            "parties.organisation.register",
            name_en=f"{name} {number}",
            name_zh=f"{zh}{number}",
            register_id=first + uscc_check_digit(first),
            kind=kind,
        )
        return record

    def person(self, name: str = "Person") -> Person:
        number = next(self._numbers)
        record: Person = self.do(
            THE_HUB, "parties.person.invite", name=f"{name} {number}", email=f"person{number}@hub.example"
        )
        return record

    def actor(
        self, role: Role, organisation: Organisation | None = None, *, person: Person | None = None
    ) -> Actor:
        """A person (a new one unless given) who holds the role, as the actor they are now."""
        someone = person or self.person(role.value)
        self.do(THE_HUB, "parties.grant.give", person=someone, role=role.value, organisation=organisation)
        return actor_of(someone, self.clock.now())

    def do(
        self, actor: Actor, operation: str, /, *, options: dict[str, Any] | None = None, **arguments: Any
    ) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        return runner.run(actor, operation, given, clock=self.clock, **(options or {})).record

    def store(
        self, content: bytes, name: str = "file.bin", media_type: str = "application/octet-stream"
    ) -> str:
        """Put bytes into the file store and return their SHA-256."""
        return files.store(BytesIO(content), name=name, media_type=media_type).sha256

    def work(self) -> int:
        """Work off the background jobs."""
        return jobs.drain()

    def last(self) -> Event:
        event = Event.objects.order_by("-seq").first()
        assert event is not None
        return event
