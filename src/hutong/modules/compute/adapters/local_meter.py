"""What a local attempt used, as its supervisor wrote it down."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hutong.engines.broker.local import Ending, Usage
from hutong.modules.compute.adapters.contract import REFUSED, State

FILE = "usage.json"


@dataclass(frozen=True, slots=True)
class Meter:
    """started_at: ISO 8601, UTC. wall_ms is of a clock that never jumps, so the end is start plus wall time."""

    ending: Ending
    status: int | None
    started_at: str
    wall_ms: int
    chips: int

    @classmethod
    def of(cls, usage: Usage, chips: int) -> Meter:
        signalled = usage.status is not None and usage.status < 0
        status = 128 - (usage.status or 0) if signalled else usage.status
        return cls(usage.ending, status, usage.started_at.isoformat(), usage.wall_ms, chips)

    @classmethod
    def read(cls, folder: Path) -> Meter | None:
        """The meter of that folder; None before the end, or where the supervisor was killed."""
        try:
            return cls(**json.loads((folder / FILE).read_text(encoding="ascii")))
        except FileNotFoundError:
            return None

    def write(self, folder: Path) -> None:
        fresh = folder / f".{FILE}"
        fresh.write_text(json.dumps(asdict(self)), encoding="ascii")
        fresh.replace(folder / FILE)

    @property
    def state(self) -> State:
        refused = self.ending == "failed" and self.status == REFUSED
        return "refused" if refused else self.ending

    @property
    def start(self) -> datetime:
        return datetime.fromisoformat(self.started_at)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(milliseconds=self.wall_ms)
