"""The door of calls."""

from hutong.modules.calls.models import Award
from hutong.modules.calls.queries import AwardView, awards_of_system, live_award

__all__ = ["Award", "AwardView", "awards_of_system", "live_award"]
