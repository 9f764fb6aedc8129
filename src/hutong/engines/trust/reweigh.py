"""What reweighting the training rows would do: a plain stand-in, fitted with and without the weights, on the rows at hand.

Weights w(group, label) = P(group) P(label) / P(group, label) make the label independent of the group (Kamiran and Calders
2012, Knowledge and Information Systems 33:1). Training rows carry no groups here, so a logistic regression on the held-out
rows stands in, each half decided by the fit on the other half: it predicts the direction and the size, no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.rooms import Bench
from hutong.engines.trust.statistics.counts import count_rows

Wide = NDArray[np.float64]
MOST_ROWS = 20_000
MOST_COLUMNS = 200
RIDGE = 1.0
STEPS = 30


def weights_of(groups: NDArray[np.int64], labels: NDArray[np.int64]) -> Wide:
    """(n,) weight of each row by its group and label (codes from 0); they add up to n."""
    n = len(labels)
    joint = np.zeros((int(groups.max()) + 1, int(labels.max()) + 1))
    np.add.at(joint, (groups, labels), 1.0)
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True) / n
    return np.asarray((expected / np.maximum(joint, 1.0))[groups, labels], dtype=np.float64)


def reweighted(bench: Bench, attributes: tuple[str, ...]) -> dict[str, object]:
    """Weights by group and label, and n[group, label, decision] of the stand-in without and with them. Empty where it does not fit."""
    system, data = bench.setting.system, bench.setting.data
    if system.positive is None or system.decision_at is None or data.features.shape[1] > MOST_COLUMNS:
        return {}
    favourable = system.labels.index(system.positive)
    chosen = bench.chance("reweighting").permutation(data.n)[:MOST_ROWS]
    y = (data.labels[chosen] == favourable).astype(np.int64)
    names = [" × ".join(v) for v in zip(*(data.groups[a][chosen].tolist() for a in attributes), strict=True)]
    known, group = np.unique(np.array(names), return_inverse=True)
    if len(known) < 2 or not 0 < y.sum() < len(y):
        return {}
    weights = weights_of(group.astype(np.int64), y)
    x, fold = _scaled(data.features[chosen].astype(np.float64)), np.arange(len(chosen)) % 2
    found: dict[str, object] = {
        "weights": [
            {"group": g, "favourable": bool(v), "weight": f"{weights[(group == i) & (y == v)][0]:.4f}"}
            for i, g in enumerate(known.tolist())
            for v in (0, 1)
            if ((group == i) & (y == v)).any()
        ]
    }
    for name, given in (("plain", np.ones(len(y))), ("weighted", weights)):
        decided = np.zeros(len(y), np.int64)
        for part in (0, 1):
            fit = _logistic(x[fold != part], y[fold != part], given[fold != part])
            chance = 1 / (1 + np.exp(-np.clip(x[fold == part] @ fit, -40, 40)))
            decided[fold == part] = chance >= float(system.decision_at)
        cells = count_rows({"group": np.array(names)}, y, decided, 2)
        found[name] = [
            {"name": n[0], "table": t.tolist()} for n, t in zip(cells.names, cells.table, strict=True)
        ]
    return found


def _scaled(x: Wide) -> Wide:
    """Columns of mean 0 and deviation 1, and a last column of ones."""
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.concatenate([z, np.ones((len(x), 1))], axis=1)


def _logistic(x: Wide, y: NDArray[np.int64], weights: Wide) -> Wide:
    """Newton's method on the weighted log-likelihood with a small ridge (not on the intercept)."""
    beta = np.zeros(x.shape[1])
    ridge = np.diag([RIDGE] * (x.shape[1] - 1) + [1e-6])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -40, 40)))
        slope = x.T @ (weights * (y - p)) - ridge @ beta
        curve = (x * (weights * p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(curve, slope)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-8:
            break
    return beta
