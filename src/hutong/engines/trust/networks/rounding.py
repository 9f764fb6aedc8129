"""How far a computed value may lie from the real one, and what a proof made with those margins covers.

Standard model (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., §3.1): a sum of n products, in any
order, with or without fused steps, errs by at most gamma(n, u) times the sum of absolute values,
gamma(n, u) = n u / (1 - n u). u is 2^-53 for float64 and 2^-24 for float32.

Every layer is taken as z = W a + b + e with |e| <= g (|W| |a| + |b|). With the g of float64 alone the bounds hold for the
network in real arithmetic, whatever float64 did while computing them. With the g of both precisions they also
hold for every float32 evaluation of the file, in any order of its sums, so that a proof speaks of the artefact and not of an idealisation.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.networks.network import F64, Layer, Network

UNIT64, UNIT32 = 2.0**-53, 2.0**-24
# Products below the normal range of float32 may be flushed to zero; those of float64 are far below any margin.
FLUSH32, TINY = 2.0**-126, 1e-200


def gamma(terms: int, unit: float) -> float:
    """n u / (1 - n u); infinite where the model says nothing."""
    share = terms * unit
    return share / (1.0 - share) if share < 0.5 else np.inf


class Rounding:
    """The margins of each layer. relative[k]: the factor g. flush[k]: the absolute part.

    The backward substitution adds, at layer k, sums of at most `widest` products, each no larger than the layer's
    size; there are fewer than 8 such sums per layer and one addition per layer. Hence the factor 8 for float64.
    """

    def __init__(self, network: Network, runtime: bool) -> None:
        widest = max(max(x.weight.shape) for x in network.layers)
        layers = network.layers
        self.input = gamma(8 * (network.inputs + 8), UNIT64)
        own = [gamma(8 * (widest + len(layers) + x.terms + 8), UNIT64) for x in layers]
        its = [1.001 * gamma(x.terms + 2, UNIT32) if runtime else 0.0 for x in layers]
        self.relative = [a + b for a, b in zip(own, its, strict=True)]
        self.flush = [TINY + (FLUSH32 * (x.terms + 2) if runtime else 0.0) for x in layers]


def size(layer: Layer, magnitude: F64) -> F64:
    """|W| m + |b| for m >= |a|, (n, inputs) -> (n, outputs): what an error of the layer is relative to."""
    return np.asarray(magnitude @ layer.weight_size.T + layer.bias_size, dtype=np.float64)


def reach(network: Network, rows: F64) -> F64:
    """How far a float32 evaluation may lie from `forward`, (n, outputs), by the running error of each layer."""
    rounding = Rounding(network, runtime=True)
    active, error = rows, np.zeros_like(rows)
    for k, layer in enumerate(network.layers):
        own = rounding.relative[k] * size(layer, np.abs(active) + error) + rounding.flush[k]
        error = error @ layer.weight_size.T + 2.0 * own
        active = np.maximum(active @ layer.weight.T + layer.bias, 0.0)
    return error
