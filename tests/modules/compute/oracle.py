"""What the book of chip-time should hold, kept in plain integers beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hutong.kernel.errors import Conflict, HutongError

Expected = tuple[type[HutongError], str, str | None]


@dataclass
class Hours:
    """What an allocation should hold, in milliseconds."""

    code: str
    asked: int
    state: str = "submitted"
    granted: int = 0
    free: int = 0
    held: int = 0
    used: int = 0

    @property
    def weight(self) -> int:
        return {"submitted": self.asked, "rejected": 0}.get(self.state, self.granted)


@dataclass
class Work:
    """What a job should hold and have used."""

    code: str
    hours: Hours
    held: int
    chips: int
    state: str = "submitted"
    used: int | None = None


@dataclass
class Oracle:
    """The book as a child would keep it."""

    hours: list[Hours] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)

    @property
    def at_work(self) -> int:
        """Chips on which jobs run now."""
        return sum(w.chips for w in self.work if w.state == "running")

    def open_jobs(self, of: Hours) -> bool:
        return any(w.hours is of and w.state in ("submitted", "running") for w in self.work)


def wrong_state(entity: str, step: str) -> Expected:
    """The refusal of a step that is not open in the record's state."""
    return Conflict, f"lifecycle.{entity}.{step}", "state"
