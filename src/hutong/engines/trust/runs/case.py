"""Everything a worker needs to carry out any task of a plan, as one value that can be sent to another process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hutong.engines.trust.data import Data
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.targets import Target
from hutong.engines.trust.types import System

# A model that is run cannot be sent to another process; what opens it can (`reach.door.Door`). An opener may also have `alone`
# (one process must do all the asking), `seconds` (of one attempt, where a rate is set) and `recorded` (the same, its
# answers kept in a file).
Opener = Callable[[], Target]


def is_alone(opener: Opener) -> bool:
    return bool(getattr(opener, "alone", False))


def recorded(opener: Opener, cassette: Path | None, replay: bool = False) -> Opener:
    """The same opener, its answers recorded in that file (replay: taken from it alone), where there is something to record."""
    keeps: Callable[[Path | None, bool], Opener] | None = getattr(opener, "recorded", None)
    return opener if keeps is None else keeps(cassette, replay)


@dataclass(frozen=True, slots=True)
class Case:
    """plan, system, profile, data, seed: as given to `observe`. open: gives the target; picklable for other processes."""

    plan: Plan
    open: Opener
    system: System
    profile: Profile
    data: Data
    seed: str
