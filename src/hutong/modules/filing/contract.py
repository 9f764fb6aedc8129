"""The door of filing."""

from hutong.modules.filing.models import Filing
from hutong.modules.filing.queries import FilingView, live_filing

__all__ = ["Filing", "FilingView", "live_filing"]
