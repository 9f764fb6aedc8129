"""The hand that moves the journey: runs each operation as the person whose duty it is, and reports what happened."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from hutong.demo.cast import HOUSES, PLAYERS, House, Player
from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB, Actor
from hutong.kernel.text import Text
from hutong.platform import files, jobs, runner
from hutong.platform.actors import actor_of
from hutong.platform.people import Organisation, Person

Report = Callable[[str, Text, str], None]


def silent(kind: str, words: Text, detail: str) -> None:
    """Reports nothing."""


@dataclass
class Journey:
    """State of one journey: the cast by key, seconds by stage. `report` hears of every step: (kind, words, code).

    connection: of the computing centre, a name in the hub's `centres.yaml`.
    """

    report: Report = silent
    connection: str = "local"
    houses: dict[str, Organisation] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    steps: int = 0

    def actor(self, key: str) -> Actor:
        return actor_of(self.people[key], timezone.now())

    def do(self, who: str | None, operation: str, /, **arguments: Any) -> Any:
        """Run an operation as a player (None: the hub itself); returns its record, fresh from the database."""
        actor = THE_HUB if who is None else self.actor(who)
        given = {name: value for name, value in arguments.items() if value is not None}
        outcome = runner.run(actor, operation, given)
        self.steps += 1
        declared = runner.find_operation(operation)
        self.report("step", declared.title, outcome.record.code if outcome.record is not None else "")
        if outcome.record is not None:
            outcome.record.refresh_from_db()
        return outcome.record

    def refused(self, who: str, operation: str, /, **arguments: Any) -> HutongError:
        """Try an operation that must be refused and return the refusal; RuntimeError when it goes through."""
        try:
            runner.run(self.actor(who), operation, arguments)
        except HutongError as refusal:
            self.report("refused", refusal.what, refusal.rule)
            return refusal
        raise RuntimeError(f"{operation} was to be refused and went through")

    def store(self, content: bytes, name: str, media_type: str) -> str:
        return files.store(io.BytesIO(content), name=name, media_type=media_type).sha256

    def work(self) -> None:
        """Let the background worker's jobs run, here and now."""
        jobs.drain(
            lambda path: self.report("job", Text("background job", "后台作业"), path.rsplit(".", 1)[-1])
        )

    @contextmanager
    def stage(self, key: str, title: Text) -> Iterator[None]:
        self.report("stage", title, key)
        started = time.perf_counter()
        yield
        self.seconds[key] = self.seconds.get(key, 0.0) + time.perf_counter() - started


def gather(journey: Journey) -> None:
    """Register the cast: the hub itself makes the first operator, the operator everybody else."""
    first = PLAYERS[0]
    journey.people[first.key] = _invite(journey, None, first)
    _grant(journey, None, first)
    journey.do(
        first.key, "parties.session.open", reason="First day of the hub: register the cast.", minutes=60
    )
    for house in HOUSES:
        journey.houses[house.key] = _register(journey, first.key, house)
    for player in PLAYERS[1:]:
        journey.people[player.key] = _invite(journey, first.key, player)
        _grant(journey, first.key, player)


def _register(journey: Journey, who: str, house: House) -> Organisation:
    found: Organisation = journey.do(
        who,
        "parties.organisation.register",
        name_en=house.name.en,
        name_zh=house.name.zh,
        register_id=house.register_id,
        kind=house.kind,
    )
    return found


def _invite(journey: Journey, who: str | None, player: Player) -> Person:
    found: Person = journey.do(who, "parties.person.invite", name=player.name, email=player.email)
    return found


def _grant(journey: Journey, who: str | None, player: Player) -> None:
    house = journey.houses[player.house].code if player.house else None
    journey.do(
        who,
        "parties.grant.give",
        person=journey.people[player.key].code,
        role=player.role.value,
        organisation=house,
    )
