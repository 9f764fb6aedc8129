"""Models of a system's family fitted again: on true labels as a yardstick, on permuted labels as the null.

Families are named after what they can express, and each is at least as free to follow noise as what it stands for:

- linear: logistic regression, hardly regularised;
- trees: a forest of few fully grown random trees, which averages less noise away than a larger one (Geurts et al. 2006);
- network: a hidden layer of random ReLU units and least squares after it (Rahimi and Recht 2008, NeurIPS), as wide as
  a quarter of the rows, at most 256.

Freer models have louder noise, so a null of them is harder to beat: a system that is less free is judged strictly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from warnings import catch_warnings, simplefilter

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.explanations.forms import Ask, Wide

Family = Literal["linear", "trees", "network"]
# Fits rows (n, d) with labels (n,) in 0..k-1: the same chance gives the same model.
Refit = Callable[[Rows, Codes, int, np.random.Generator], Ask]
RIDGE = 1e-3
HIDDEN = 256
TREES = 8
LOOSE, STEPS = 100.0, 60


def refit_of(family: Family) -> Refit:
    return {"linear": fit_linear, "trees": fit_trees, "network": fit_network}[family]


def fit_linear(rows: Rows, labels: Codes, k: int, chance: np.random.Generator) -> Ask:
    from sklearn.linear_model import LogisticRegression

    scale = _scale(rows)
    model = LogisticRegression(C=LOOSE, max_iter=STEPS, tol=1e-3)
    with catch_warnings():
        # Where it stops short it is a little less free, and still a linear model.
        simplefilter("ignore")
        model.fit(scale(rows), labels)
    return _all_labels(lambda table: model.predict_proba(scale(table)), model.classes_, k)


def fit_network(rows: Rows, labels: Codes, k: int, chance: np.random.Generator) -> Ask:
    scale, d = _scale(rows), rows.shape[1]
    units = max(8, min(HIDDEN, len(rows) // 4))
    inner = chance.standard_normal((d, units)) / np.sqrt(d)
    shift = chance.standard_normal(units)

    def hidden(table: Rows) -> Wide:
        return _with_one(np.maximum(scale(table) @ inner + shift, 0.0))

    weights = _least_squares(hidden(rows), labels, k)
    return lambda table: np.clip(hidden(table) @ weights, 0.0, 1.0)


def fit_trees(rows: Rows, labels: Codes, k: int, chance: np.random.Generator) -> Ask:
    from sklearn.ensemble import ExtraTreesClassifier

    model = ExtraTreesClassifier(TREES, random_state=int(chance.integers(2**31)))
    model.fit(rows, labels)
    return _all_labels(model.predict_proba, model.classes_, k)


def _all_labels(ask: Callable[[Rows], Any], seen: Any, k: int) -> Ask:
    """Columns for labels that no row had are zero."""
    places = np.asarray(seen, np.int64)

    def filled(table: Rows) -> Wide:
        found = np.zeros((len(table), k))
        found[:, places] = ask(table)
        return found

    return filled


def _scale(rows: Rows) -> Callable[[Rows], Wide]:
    wide = np.asarray(rows, np.float64)
    mean, spread = wide.mean(axis=0), wide.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    return lambda table: np.asarray((np.asarray(table, np.float64) - mean) / spread, np.float64)


def _with_one(table: Wide) -> Wide:
    return np.concatenate([table, np.ones((len(table), 1))], axis=1)


def _least_squares(inputs: Wide, labels: Codes, k: int) -> Wide:
    gram = inputs.T @ inputs + RIDGE * len(inputs) * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(gram, inputs.T @ np.eye(k)[labels]), np.float64)
