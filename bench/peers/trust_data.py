"""The data of ``hutong bench trust``: drawn once, written to .npz, read by both sides. Ours alone imports this file.

Models travel as plain weights, so that every library version holds the very same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
TABLE = ("age", "income", "months", "dependants", "owner", "region", "ratio", "female")
# name -> (low, high, whole, immutable) as declared to both sides' readers; AI Verify has no place to declare it.
KINDS = {
    "age": (18, 90, True, False),
    "income": (0, 200_000, False, False),
    "months": (1, 120, True, False),
    "dependants": (0, 6, True, False),
    "owner": (0, 1, True, False),
    "region": (0, 4, True, False),
    "ratio": (0, 1, False, False),
    "female": (0, 1, True, True),
}


@dataclass(frozen=True)
class Workload:
    """arrays: what is written for the peer. model: the fitted estimator of our side, where a peer fits its own."""

    arrays: Arrays
    model: Any = None


def groups(rows: int = 50_000) -> Workload:
    """Two attributes (2 x 5 groups), outcome and decision as whole numbers; every cell is occupied."""
    chance = np.random.default_rng(20_260_801)
    sex, age = chance.integers(0, 2, rows), chance.integers(0, 5, rows)
    outcome = (chance.random(rows) < 0.35 + 0.03 * age).astype(np.int64)
    chosen = 0.2 + 0.45 * outcome + 0.02 * age + 0.05 * sex
    decision = (chance.random(rows) < chosen).astype(np.int64)
    return Workload({"sex": sex, "age": age, "outcome": outcome, "decision": decision})


def cancer() -> Workload:
    """breast_cancer, standardised: 100 background rows, 20 to explain, logistic regression; a forest fitted to the rest."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x, y = load_breast_cancer(return_X_y=True)
    x = np.asarray(StandardScaler().fit_transform(x), np.float32)
    order = np.random.default_rng(7).permutation(len(x))
    x, y = x[order], y[order]
    model = LogisticRegression(max_iter=1000).fit(x[120:], y[120:])
    forest = RandomForestClassifier(100, random_state=0).fit(x[120:], y[120:])
    arrays = {
        "background": x[:100], "rows": x[100:120], "train": x[120:], "labels": y[120:],
        "weights": model.coef_[0], "bias": model.intercept_, "forest": forest.predict_proba(x[100:120])[:, 1],
    }  # fmt: skip
    return Workload(arrays, forest)


def digits(many: int = 40) -> Workload:
    """digits in [0, 1], logistic regression on ten classes, `many` rows that it was not fitted to."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    x, y = load_digits(return_X_y=True)
    x = np.asarray(x / 16, np.float32)
    order = np.random.default_rng(11).permutation(len(x))
    x, y = x[order], y[order]
    model = LogisticRegression(max_iter=1000).fit(x[500:], y[500:])
    arrays = {"rows": x[:many], "others": x[:500], "weights": model.coef_, "bias": model.intercept_}
    return Workload(arrays)


def table(rows: int = 2_500) -> Workload:
    """A typed table of eight columns and the decisions of a logistic regression about it, which both sides attack."""
    from sklearn.linear_model import LogisticRegression

    chance = np.random.default_rng(5)
    x = np.empty((rows, len(TABLE)), np.float32)
    for place, name in enumerate(TABLE):
        low, high, whole, _ = KINDS[name]
        drawn = chance.beta(2, 5, rows) * (high - low) + low
        x[:, place] = np.rint(drawn) if whole and high > 1 else drawn
        if whole and high == 1:
            x[:, place] = chance.integers(0, 2, rows)
    spread, centre = x.std(axis=0, dtype=np.float64), x.mean(axis=0, dtype=np.float64)
    z = (x - centre) / spread
    wish = z @ np.array([0.6, 1.2, -0.5, -0.3, 0.7, 0.2, -0.9, 0.1]) + chance.logistic(size=rows) * 0.7
    fitted = LogisticRegression(max_iter=1000).fit(z, wish > 0)
    weights = fitted.coef_[0] / spread
    bias = fitted.intercept_ - weights @ centre
    decided = (x.astype(np.float64) @ weights + bias > 0).astype(np.int64)
    return Workload({"rows": x, "weights": weights, "bias": bias, "decided": decided})
