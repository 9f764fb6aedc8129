"""The door of the plan: status and figures as of a date, and what stands behind a figure."""

from hutong.modules.plan.explain import Explanation, explain
from hutong.modules.plan.models import Action, Lead, Plan, Slippage, Target
from hutong.modules.plan.queries import Board, figures, status

__all__ = [
    "Action",
    "Board",
    "Explanation",
    "Lead",
    "Plan",
    "Slippage",
    "Target",
    "explain",
    "figures",
    "status",
]
