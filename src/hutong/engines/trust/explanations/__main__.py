"""`python -m hutong.engines.trust.explanations`: the closed form beside shap's KernelExplainer in one run, as JSON.

Breast cancer (scikit-learn), scaled, logistic regression, log-odds of 20 rows against 100: the workload for which
1.01 s was measured on two cores for shap 0.51 as it comes. Where shap is not installed the line says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from time import perf_counter
from typing import Any

import numpy as np

from hutong.engines.trust.distances import LinearModel, linear
from hutong.engines.trust.explanations.forms import Wide
from hutong.engines.trust.explanations.linear import explain_linear
from hutong.engines.trust.explanations.trees import missing_shap

PUBLISHED = 1.01


def measure() -> dict[str, object]:
    model, rows, behind = _case()
    classes = np.ones(len(rows), np.int64)
    ours, found = _timed(lambda: explain_linear(model, rows, classes, behind), 200)
    # The truth in whole extended precision, term by term.
    weights = (model.weights[1] - model.weights[0]).astype(np.longdouble)
    truth = weights * (rows.astype(np.longdouble) - behind.astype(np.longdouble).mean(axis=0))
    line: dict[str, object] = {
        "rows": len(rows),
        "background": len(behind),
        "inputs": model.width,
        "seconds": ours,
        "error": float(np.abs(found.values - truth).max()),
        "additivity": float(found.gaps.max()),
        "bound": float(found.error.max()),
        "times_published": PUBLISHED / ours,
    }
    if missing_shap() is not None:
        return line | {"peer": "absent: the library shap is not installed"}
    return line | _peer(model, rows, behind, truth, ours)


def _case() -> tuple[LinearModel, Any, Any]:
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression

    table, labels = load_breast_cancer(return_X_y=True)
    table = ((table - table.mean(axis=0)) / table.std(axis=0)).astype(np.float32)
    fitted = LogisticRegression(max_iter=500).fit(table, labels)
    return linear(fitted.coef_[0], fitted.intercept_), table[:20], table[100:200]


def _peer(model: LinearModel, rows: Any, behind: Any, truth: Any, ours: float) -> dict[str, object]:
    shap = import_module("shap")

    def log_odds(table: Any) -> Wide:
        scores = model.scores(table)
        return np.asarray(scores[:, 1] - scores[:, 0], np.float64)

    def explain() -> Any:
        return shap.KernelExplainer(log_odds, behind).shap_values(rows, silent=True)

    np.random.seed(0)
    spent, found = _timed(explain, 3)
    error = float(np.abs(np.asarray(found) - truth).sum() / np.abs(truth).sum())
    return {
        "peer": f"shap {shap.__version__}",
        "peer_seconds": spent,
        "peer_relative_error": error,
        "times": spent / ours,
    }


def _timed(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The shortest of several runs, as other work on the machine only adds."""
    spent, found = [], None
    for _ in range(repeats):
        start = perf_counter()
        found = call()
        spent.append(perf_counter() - start)
    return min(spent), found


if __name__ == "__main__":
    print(json.dumps(measure()))
