"""What an operation's body sees of the world: who acts, for whom, when; and what it may leave behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hutong.kernel.operation import Operation
from hutong.kernel.permission import Actor
from hutong.platform.people import Organisation


@dataclass
class RunContext:
    """One run of one operation. Bodies read the first fields and call the verbs; the runner collects the rest."""

    actor: Actor
    organisation: int | None
    now: datetime
    operation: Operation
    valid_at: datetime | None = None
    files: list[str] = field(default_factory=list)
    dossier: str | None = None
    noted: dict[str, Any] = field(default_factory=dict)
    jobs: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    touched: list[Any] = field(default_factory=list)

    def attach(self, *sha256: str) -> None:
        """Bind stored files to the event by their digests."""
        self.files.extend(sha256)

    def passport(self, code: str) -> None:
        """File the event in this AI system's dossier."""
        self.dossier = code

    def note(self, **values: Any) -> None:
        """Add computed facts to the event's payload: integers, texts, lists and objects of them; no floats."""
        self.noted.update(values)

    def happened(self, at: datetime) -> None:
        """Say that the event was valid at another moment than it is recorded."""
        self.valid_at = at

    def enqueue(self, job: Any, **arguments: Any) -> None:
        """Start a background job when, and only when, this operation commits."""
        self.jobs.append((job, arguments))

    def touch(self, record: Any) -> None:
        """A further record that this operation changed or made: the runner gives it code, state and version."""
        self.touched.append(record)

    def keep(self, record: Any) -> Any:
        """Save a further record at once, with code and state, because another record is to point at it."""
        from hutong.platform.runner import settle

        settle(self, record)
        return record

    def keep_all(self, records: list[Any]) -> list[Any]:
        """Save further new records of one kind together, in two statements however many there are."""
        from hutong.platform.runner import settle_all

        return settle_all(self, records)

    def own_organisation(self) -> Organisation:
        """The organisation on whose behalf the actor acts."""
        return Organisation.objects.get(pk=self.organisation or 0)
