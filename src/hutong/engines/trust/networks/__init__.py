"""Sound verification of small dense ReLU networks.

network = read_network(onnx_bytes)
outcome = verify(network, read_property(vnnlib_text), seconds=116)   # holds, violated or unknown

A search (`search`, `signs`) leaves a `proof`; `confirm` and `checker` go over it again, and what they do not confirm is unknown.
"""

from hutong.engines.trust.networks.affine import read_network
from hutong.engines.trust.networks.attack import CounterExample
from hutong.engines.trust.networks.distance import Distance, minimal_distance, robust_at
from hutong.engines.trust.networks.milp import Exact, smallest_excess
from hutong.engines.trust.networks.network import Layer, Network
from hutong.engines.trust.networks.outcome import VERDICT_WORDS, Outcome, Progress
from hutong.engines.trust.networks.properties import Case, Goal, Property
from hutong.engines.trust.networks.verify import verify
from hutong.engines.trust.networks.vnnlib import read_property

__all__ = [
    "VERDICT_WORDS",
    "Case",
    "CounterExample",
    "Distance",
    "Exact",
    "Goal",
    "Layer",
    "Network",
    "Outcome",
    "Progress",
    "Property",
    "minimal_distance",
    "read_network",
    "read_property",
    "robust_at",
    "smallest_excess",
    "verify",
]
