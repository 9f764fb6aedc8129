"""The door of scenarios."""

from hutong.modules.scenarios.acceptance import Outcome, outcomes, passes
from hutong.modules.scenarios.models import Opportunity, Pilot
from hutong.modules.scenarios.queries import pilots_of

PILOT_ACCEPTED = "scenarios.pilot.accept"
PILOT_REJECTED = "scenarios.pilot.reject"
SYSTEM_ADOPTED = "scenarios.pilot.adopt"

__all__ = [
    "PILOT_ACCEPTED",
    "PILOT_REJECTED",
    "SYSTEM_ADOPTED",
    "Opportunity",
    "Outcome",
    "Pilot",
    "outcomes",
    "passes",
    "pilots_of",
]
