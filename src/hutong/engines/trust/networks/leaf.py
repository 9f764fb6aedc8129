"""A sign pattern without an open unit is a linear program; its multipliers, not its answer, are the proof.

min t with  f_i(x) <= t  for every row and  -s z(x) <= t  for every sign assumed. Its dual gives weights mu of the
rows and beta of the signs, mu + beta >= 0. HiGHS computes them with tolerances; `dual.Dual` then evaluates the bound
that they imply, rounded down. Where t <= 0, x is a candidate for a counter-example.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from hutong.engines.trust.networks.bounds import Bounder, Bounds
from hutong.engines.trust.networks.dual import Dual, Multipliers, Signs
from hutong.engines.trust.networks.network import F64


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
    """Weights of the goal's rows, and the multipliers with which their sum has a bound above 0."""

    weights: F64
    given: Multipliers


def close_leaf(
    bounder: Bounder, bounds: Bounds, signs: list[Signs], rows: F64, limits: F64, seconds: float,
) -> tuple[Closing | None, F64 | None]:  # fmt: skip
    """(what proves it empty of counter-examples, a point to replay). bounds, signs: of one node, first axis 1.

    Every unit's sign is settled by `bounds`; the signs assumed are constraints of the program.
    """
    maps = _pattern(bounder, bounds)
    assumed = [np.flatnonzero(s[0]) for s in signs]
    weight, bias = maps[-1]
    upper = [rows @ weight]
    limit = [limits - rows @ bias]
    for k, unit in enumerate(assumed):
        s = signs[k][0, unit].astype(np.float64)
        upper.append(-s[:, None] * maps[k][0][unit])
        limit.append(s * maps[k][1][unit])
    table, right = np.concatenate(upper), np.concatenate(limit)
    inputs = table.shape[1]
    table = np.hstack([table, -np.ones((len(table), 1))])
    cost = np.append(np.zeros(inputs), 1.0)
    box = [*zip(bounds.boxes.low[0], bounds.boxes.high[0], strict=True), (None, None)]
    answer = linprog(
        cost, A_ub=table, b_ub=right, bounds=box, method="highs", options={"time_limit": max(seconds, 0.01)}
    )
    if answer.status != 0:
        return None, None
    weights = np.maximum(-np.asarray(answer.ineqlin.marginals, dtype=np.float64), 0.0)
    proven = _proven(bounder, bounds, signs, assumed, rows, limits, weights)
    return proven, np.asarray(answer.x[:inputs])


def _pattern(bounder: Bounder, bounds: Bounds) -> list[tuple[F64, F64]]:
    """The affine map from the inputs to every layer's pre-activations under the pattern."""
    layers = bounder.network.layers
    maps = [(layers[0].weight, layers[0].bias)]
    for layer, h in zip(layers[1:], bounds.hidden, strict=True):
        on = (h.low[0] >= 0.0).astype(np.float64)
        weight, bias = maps[-1]
        maps.append((layer.weight @ (on[:, None] * weight), layer.weight @ (on * bias) + layer.bias))
    return maps


def _proven(
    bounder: Bounder, bounds: Bounds, signs: list[Signs], assumed: list[np.ndarray[tuple[int], np.dtype[np.intp]]],
    rows: F64, limits: F64, weights: F64,
) -> Closing | None:  # fmt: skip
    """The multipliers, if the weighted sum of the constraints is above 0 on the whole box."""
    share, rest = weights[: len(rows)], weights[len(rows) :]
    dual = Dual(bounder, bounds, signs, (share @ rows)[None], np.atleast_1d(share @ limits))
    given: Multipliers = dual.start()
    for k, unit in enumerate(assumed):
        given.beta[k][0, unit] = rest[: len(unit)]
        rest = rest[len(unit) :]
    return Closing(share, given) if dual.improve(given, 0).least[0] > 0.0 else None
