"""The door of calls."""

from hutong.modules.calls.models import Award
from hutong.modules.calls.queries import AwardView, live_award

__all__ = ["Award", "AwardView", "live_award"]
