"""Explanations of a system's scores: Shapley values, exact where form or size allows, with limits elsewhere; and their tests.

found = explain(ask, rows, classes, background, chance, model)   # values, base, full, limits; additive()
won = wins(ask, rows, classes, found.values, background, filler_of(table, domain, chance), chance)
steady = stable_rows(attribute, rows, classes, domain, size, similar, chances)
gate = compare_labels(ask, permuted(refit_of("trees"), x, y, k, chances), explain, planned, similar)

ask: (n, d) rows -> (n, k) scores (`ask_of` a target). Closed form for linear models, shap for sums of trees where it is
installed, all coalitions for at most 12 inputs, sampled orders for the rest.
"""

from hutong.engines.trust.explanations.enumeration import MOST, enumerate_coalitions
from hutong.engines.trust.explanations.explain import NoScores, ask_of, explain, form_of
from hutong.engines.trust.explanations.faithful import MEASURES, wins
from hutong.engines.trust.explanations.fill import Filler, filler_of
from hutong.engines.trust.explanations.forms import TOLERANCE, Ask, Explanation, cosine
from hutong.engines.trust.explanations.linear import explain_linear
from hutong.engines.trust.explanations.randomise import randomise
from hutong.engines.trust.explanations.refit import Family, Refit, refit_of
from hutong.engines.trust.explanations.sampling import sample_orders
from hutong.engines.trust.explanations.sanity import (
    Compared,
    compare_labels,
    compare_weights,
    explainer_of,
    permuted,
    refits_for,
)
from hutong.engines.trust.explanations.stable import neighbours, stable_rows
from hutong.engines.trust.explanations.trees import explain_trees, missing_shap

__all__ = [
    "MEASURES",
    "MOST",
    "TOLERANCE",
    "Ask",
    "Compared",
    "Explanation",
    "Family",
    "Filler",
    "NoScores",
    "Refit",
    "ask_of",
    "compare_labels",
    "compare_weights",
    "cosine",
    "enumerate_coalitions",
    "explain",
    "explain_linear",
    "explain_trees",
    "explainer_of",
    "filler_of",
    "form_of",
    "missing_shap",
    "neighbours",
    "permuted",
    "randomise",
    "refit_of",
    "refits_for",
    "sample_orders",
    "stable_rows",
    "wins",
]
