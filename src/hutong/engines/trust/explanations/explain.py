"""One call that explains any system by the most exact method that its form and its size allow."""

from __future__ import annotations

from typing import Any

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.distances import LinearModel, TreeEnsemble, read_model
from hutong.engines.trust.distances.models import Model
from hutong.engines.trust.explanations.enumeration import MOST, enumerate_coalitions
from hutong.engines.trust.explanations.forms import Ask, Explanation, Wide
from hutong.engines.trust.explanations.linear import explain_linear
from hutong.engines.trust.explanations.sampling import sample_orders
from hutong.engines.trust.explanations.trees import explain_trees, missing_shap
from hutong.engines.trust.targets import SCORE_UNIT, Target
from hutong.engines.trust.types import System
from hutong.kernel.errors import Invalid

# Rows a system is asked for one explanation run, unless told otherwise: seconds for a small model.
BUDGET = 1_500_000
# Scores come in whole millionths, and the last one may depend on what else is asked in the same call.
GRAIN = 1.0 / SCORE_UNIT


class NoScores(ValueError):
    """The system answers with labels only: there is nothing to share out."""


def ask_of(target: Target) -> Ask:
    """The scores of a target as probabilities (n, k). Raises `NoScores` where it has none."""

    def ask(rows: Rows) -> Wide:
        found = target.predict(rows).scores
        if found is None:
            raise NoScores
        return np.asarray(found / SCORE_UNIT, np.float64)

    return ask


def form_of(content: bytes | None, system: System) -> Model | None:
    """The linear model or sum of trees in an ONNX file, labels in the system's order; None where it is neither."""
    if content is None:
        return None
    try:
        model = read_model(content, system.domain.width)
    except Invalid:
        return None
    return model if model.labels == system.labels else None


def explain(
    ask: Ask,
    rows: Any,
    classes: Codes,
    background: Any,
    chance: np.random.Generator,
    model: Model | None = None,
    budget: int = BUDGET,
    limits: bool = False,
    alpha: float = 0.05,
) -> Explanation:
    """Attributions of rows (n, d) to each row's class: closed form, trees by shap, all coalitions, or sampled orders.

    budget: rows asked at most; decides between coalitions and orders, and how many sweeps (one at least). limits,
    alpha: of sampled orders, see `sample_orders`.
    """
    if isinstance(model, LinearModel):
        return explain_linear(model, rows, classes, background)
    if isinstance(model, TreeEnsemble) and missing_shap(model) is None:
        return explain_trees(model, rows, classes, background)
    (n, d), m = np.shape(rows), len(background)
    if d <= MOST and n * m * 2**d <= budget:
        return enumerate_coalitions(ask, rows, classes, background, GRAIN)
    sweeps = max(1, budget // (n * m * 2 * (d + 1)))
    return sample_orders(ask, rows, classes, background, chance, min(sweeps, 64), alpha, limits)
