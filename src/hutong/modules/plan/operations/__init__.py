"""What can be done with the plan. No operation sets a state or a figure."""

from hutong.modules.plan.operations import action, lead, milestone, plan, slippage, target

__all__ = ["action", "lead", "milestone", "plan", "slippage", "target"]
