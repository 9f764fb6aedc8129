"""Preemption that loses the least work: exact victim sets, a cap on lost chip-time, reclaim with notice, checkpoint hints."""

from hutong.engines.broker.preempt.caps import Loss, LossCap
from hutong.engines.broker.preempt.lost import NEVER, Running, daly, lost_now, young
from hutong.engines.broker.preempt.reclaim import Reclaim, Step, reclaim, ways_out
from hutong.engines.broker.preempt.victims import Victims, node_victims, pool_victims

__all__ = [
    "NEVER",
    "Loss",
    "LossCap",
    "Reclaim",
    "Running",
    "Step",
    "Victims",
    "daly",
    "lost_now",
    "node_victims",
    "pool_victims",
    "reclaim",
    "ways_out",
    "young",
]
