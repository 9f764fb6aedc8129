"""Linear models, in closed form: phi_i = w_i (x_i - mean of b_i), exact for any background (Strumbelj and Kononenko 2014).

In log-odds: of the two labels, or for k labels of the label's score above the mean of all k (centred log-ratio of the
softmax), which is all of the scores that the probabilities determine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hutong.engines.trust.data import Codes
from hutong.engines.trust.distances import LinearModel
from hutong.engines.trust.explanations.forms import UNIT64, Explanation, Unit, Wide, checked


def explain_linear(model: LinearModel, rows: Any, classes: Codes, background: Any) -> Explanation:
    """Attributions of rows (n, d) to the score of each row's class (n,). Work: one product of (n, d) arrays.

    The limits allow for every rounding of this computation: gamma_{m+4} |w_i| (|x_i| + mean |b_i|) per value, Higham
    2002, 3.1, with m background rows.
    """
    table, behind = checked(rows, background)
    weights, bias = contrast(model)
    x, b = table.astype(np.float64), behind.astype(np.float64)
    mine = weights[classes]
    values = mine * (x - b.mean(axis=0))
    gamma = (len(b) + 4) * UNIT64 / (1 - (len(b) + 4) * UNIT64)
    slack = gamma * np.abs(mine) * (np.abs(x) + np.abs(b).mean(axis=0))
    full = (mine * x).sum(axis=1) + bias[classes]
    base = (b @ weights.T + bias).mean(axis=0)[classes]
    unit: Unit = "log-odds" if model.odds else "score"
    return Explanation(
        values=values,
        base=np.asarray(base, np.float64),
        full=np.asarray(full, np.float64),
        lower=values - slack,
        upper=values + slack,
        how="closed form",
        unit=unit,
        exact=True,
    )


def contrast(model: LinearModel) -> tuple[Wide, Wide]:
    """Weights (k, d) and bias (k,) of what is explained for each label."""
    if len(model.labels) == 2:
        weights, bias = model.weights[1] - model.weights[0], model.bias[1] - model.bias[0]
        return np.stack([-weights, weights]), np.array([-bias, bias])
    return model.weights - model.weights.mean(axis=0), model.bias - model.bias.mean()
