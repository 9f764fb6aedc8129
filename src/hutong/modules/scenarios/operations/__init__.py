"""What can be done in scenarios."""

from hutong.modules.scenarios.operations import opportunity, pilot, verdict

__all__ = ["opportunity", "pilot", "verdict"]
