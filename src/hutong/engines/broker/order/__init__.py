"""Who is next: decayed usage, Fair Tree, dominant-resource fairness, and one order of jobs from all reasons.

used = DecayedUsage.empty(accounts, half_life_ms).added(account, rate, start_ms, end_ms)
shares = fair_tree(tree, used.sums)
rank(jobs, fair_points(shares.rank[queue_nodes]), policy, now_ms).order
"""

from hutong.engines.broker.order.decay import DecayedUsage, power_of_two, weights
from hutong.engines.broker.order.drf import Filling, progressive_filling, whole_tasks
from hutong.engines.broker.order.fair_tree import FairShares, Tree, fair_tree
from hutong.engines.broker.order.rank import (
    NO_DEADLINE,
    TERMS,
    OrderPolicy,
    Ranking,
    Waiting,
    fair_points,
    rank,
)

__all__ = [
    "NO_DEADLINE",
    "TERMS",
    "DecayedUsage",
    "FairShares",
    "Filling",
    "OrderPolicy",
    "Ranking",
    "Tree",
    "Waiting",
    "fair_points",
    "fair_tree",
    "power_of_two",
    "progressive_filling",
    "rank",
    "weights",
    "whole_tasks",
]
