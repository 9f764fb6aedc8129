"""Everything a worker needs to carry out any task of a plan, as one value that can be sent to another process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hutong.engines.trust.data import Data
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.targets import Target
from hutong.engines.trust.types import System

# A session that runs a model cannot be sent to another process; what opens it can, for example
# functools.partial(open_model, model_bytes, system).
Opener = Callable[[], Target]


@dataclass(frozen=True, slots=True)
class Case:
    """plan, system, profile, data, seed: as given to `observe`. open: gives the target; picklable for other processes."""

    plan: Plan
    open: Opener
    system: System
    profile: Profile
    data: Data
    seed: str
