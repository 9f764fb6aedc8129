"""Which rows are explained against which background, and how: what the tests of category X share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.distances import LinearModel, TreeEnsemble
from hutong.engines.trust.distances.models import Model
from hutong.engines.trust.explanations.enumeration import MOST
from hutong.engines.trust.explanations.explain import BUDGET, NoScores, ask_of, explain, form_of
from hutong.engines.trust.explanations.forms import Ask, Explanation, Wide
from hutong.engines.trust.explanations.trees import missing_shap, sums
from hutong.engines.trust.rooms import Bench, Setting

Attributor = Callable[[Rows, Codes], Wide]
# Rows in the background, and rows explained at most by each test.
BACKGROUND = 8
MEASURED = 200
NEIGHBOURED = 100
LEAST = 60
EXACTLY = 50


@dataclass(frozen=True)
class Sample:
    """rows (n, d) drawn from those held out, their places in the data, and background (m, d) of other rows.

    classes: (n,) the label that the system gave, whose score is explained. ask: the system's scores.
    """

    rows: Rows = field(hash=False)
    places: Codes = field(hash=False)
    background: Rows = field(hash=False)
    classes: Codes = field(hash=False)
    ask: Ask = field(hash=False)


def measured_rows(setting: Setting, most: int) -> int:
    """How many rows a test explains: most, fewer where each asks much, as far as the data go."""
    each = 2 * BACKGROUND * (setting.system.domain.width + 1)
    return rows_left(setting, min(most, max(LEAST, BUDGET // each)))


def rows_left(setting: Setting, most: int) -> int:
    """How many rows a test can explain beside its background."""
    return max(0, min(most, setting.data.n - BACKGROUND))


def sample_of(bench: Bench, node: str, most: int, background: int = BACKGROUND) -> Sample:
    """`NoScores` where the system has none. Rows and background never overlap."""
    if bench.clean.scores is None:
        raise NoScores
    data = bench.setting.data
    order = bench.chance(f"{node}.rows").permutation(data.n)
    places = np.sort(order[BACKGROUND : BACKGROUND + rows_left(bench.setting, most)])
    classes = np.maximum(bench.clean.labels[places], 0)
    behind = data.features[order[:background]]
    return Sample(data.features[places], places, behind, classes, ask_of(bench.target))


def content_of(setting: Setting) -> bytes | None:
    """The artefact, where the access includes its weights."""
    return setting.model if setting.may("weights") else None


def linear_of(setting: Setting) -> LinearModel | None:
    """The linear model whose log-odds the system's probabilities are."""
    model = form_of(content_of(setting), setting.system)
    return model if isinstance(model, LinearModel) and model.odds else None


def exact_of(setting: Setting) -> Model | None:
    """The form that has an exact explanation here: linear, or trees where shap is installed."""
    model = form_of(content_of(setting), setting.system)
    if isinstance(model, TreeEnsemble):
        return model if missing_shap(model) is None else None
    return linear_of(setting)


def is_exact(setting: Setting) -> bool:
    return exact_of(setting) is not None or setting.system.domain.width <= MOST


def exact_rows(setting: Setting) -> int:
    """Rows of an exact test: as many as the budget for all coalitions allows where the form does not help."""
    width = setting.system.domain.width
    if exact_of(setting) is not None or width > MOST:
        return rows_left(setting, EXACTLY)
    return rows_left(setting, min(EXACTLY, BUDGET // (BACKGROUND * 2**width)))


def explained(sample: Sample, chance: np.random.Generator, model: Model | None = None) -> Explanation:
    return explain(sample.ask, sample.rows, sample.classes, sample.background, chance, model)


def attributor(
    sample: Sample, chance: Callable[[], np.random.Generator], model: Model | None, calls: int
) -> Attributor:
    """Explains other rows in the same way: the same background and chance at each of the calls, which share a budget."""
    share = BUDGET // calls

    def attribute(rows: Rows, classes: Codes) -> Wide:
        return explain(sample.ask, rows, classes, sample.background, chance(), model, share).values

    return attribute


def as_answered(sample: Sample, rows: Rows, full: Wide, model: Model | None) -> int:
    """How many explained scores are the scores that the system gives for rows (n, d), by two last places.

    full: (n,) the scores, where there is no model. A model's scores are turned into probabilities, and its float32
    artefact may also round each margin.
    """
    at = np.arange(len(rows)), sample.classes
    told = sample.ask(rows)[at]
    slack, shown = np.full(len(rows), 2e-6), full
    if model is not None:
        shown = probabilities(model, rows)[at]
        slack = slack + (model.rounding(rows) if isinstance(model, LinearModel) else model.rounding)
    return int((np.abs(told - shown) <= slack).sum())


def probabilities(model: Model, rows: Rows) -> Wide:
    """(n, k) what the artefact makes of its scores: softmax, logistic or nothing."""
    scores = model.scores(rows) if isinstance(model, LinearModel) else sums(model, rows)
    if scores.shape[1] == 1:
        high = scores if model_post(model) == "NONE" else 1.0 / (1.0 + np.exp(-scores))
        return np.asarray(np.concatenate([1 - high, high], axis=1), np.float64)
    if model_post(model) == "NONE":
        return scores
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True), np.float64)


def model_post(model: Model) -> str:
    return "SOFTMAX" if isinstance(model, LinearModel) else model.post
