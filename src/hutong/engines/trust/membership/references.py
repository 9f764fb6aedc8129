"""Reference models: trained as the target may have been, each on a random half of a pool of rows.

Every row of the pool is in about half of them (Carlini et al. 2022, S&P, section IV), which serves both forms
of RMIA: online compares models with the row and without it, offline reads only those without.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.membership.signals import Predict, true_label
from hutong.engines.trust.statistics.forms import Bools, Floats, Ints, floats, refuse
from hutong.engines.trust.statistics.prng import Name, stream
from hutong.kernel.text import Text

Rows = NDArray[np.float32]
# Trains on rows (n, d), labels (n,) under a seed; what it returns gives (n, k) probabilities of 0 .. k - 1.
Fit = Callable[[Rows, Ints, int], Predict]
FAMILIES = ("linear", "forest", "network")


@dataclass(frozen=True, slots=True)
class References:
    """What the reference models say. included: (models, n), whether the row was trained on.

    pool: (models, n) probabilities of the true labels of the pool's rows. apart: (models, z) those of rows
    that no reference model was trained on.
    """

    included: Bools = field(repr=False)
    pool: Floats = field(repr=False)
    apart: Floats = field(repr=False)

    @property
    def models(self) -> int:
        return len(self.included)


def train_references(
    fit: Fit, rows: Rows, labels: Ints, apart: tuple[Rows, Ints], models: int, seed: Name
) -> References:
    """Train that many models, in pairs on complementary halves, so that each row is in exactly half of them.

    `Invalid` membership.references: the number is odd or below 2, or the pool has fewer than 4 rows.
    """
    if models < 2 or models % 2 or len(rows) < 4:
        what = Text(
            "Reference models come in pairs, on at least 4 rows.", "参考模型须成对训练，且至少有4行数据。"
        )
        raise refuse("membership.references", what, "models")
    half = np.arange(len(rows)) < len(rows) // 2
    included = np.empty((models, len(rows)), dtype=np.bool_)
    inner, outer = np.empty((models, len(rows))), np.empty((models, len(apart[1])))
    for i in range(models):
        chosen = stream(seed, "halves", i // 2).permutation(half)
        included[i] = chosen if i % 2 == 0 else ~chosen
        train_seed = int(stream(seed, "train", i).integers(2**31))
        predict = fit(rows[included[i]], labels[included[i]], train_seed)
        inner[i] = true_label(predict(rows), labels)
        outer[i] = true_label(predict(apart[0]), apart[1]) if len(apart[1]) else outer[i]
    return References(included, inner, outer)


def family(name: str, classes: int, spans: Floats | None = None) -> Fit:
    """A small scikit-learn trainer: "linear", "forest" or "network". `Invalid` membership.family for another
    name.

    Its predictions have `classes` columns, 0 for a class that its rows lacked. spans: (d,) ranges by which
    columns are divided first; where None, each column is standardised on the rows trained on.
    """
    if name not in FAMILIES:
        what = Text("There is no such family of reference models.", "没有该类参考模型。")
        raise refuse("membership.family", what, name[:80])

    def fit(rows: Rows, labels: Ints, seed: int) -> Predict:
        if len(np.unique(labels)) == 1:
            # Nothing to tell apart: some trainers refuse that, though a half of few rows may well have it.
            return lambda asked: np.tile(np.eye(classes)[labels[0]], (len(asked), 1))
        model = _model(name, seed, spans)
        with warnings.catch_warnings():
            # An unfinished descent is as good a reference; a report has no use for the remark.
            warnings.simplefilter("ignore")
            model.fit(rows, labels)
        known = np.asarray(model[-1].classes_, dtype=np.int64)

        def predict(asked: Rows) -> NDArray[np.float64]:
            wide = np.zeros((len(asked), classes))
            wide[:, known] = model.predict_proba(asked)
            return wide

        return predict

    return fit


def _model(name: str, seed: int, spans: Floats | None) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    made = {
        "linear": lambda: LogisticRegression(C=1.0, max_iter=200),
        "forest": lambda: RandomForestClassifier(40, random_state=seed, n_jobs=1),
        "network": lambda: MLPClassifier(
            (64,), max_iter=60, batch_size=64, learning_rate_init=0.005, random_state=seed
        ),
    }
    if spans is None:
        return make_pipeline(StandardScaler(), made[name]())
    wide = np.where(spans > 0, spans, 1.0)
    return make_pipeline(FunctionTransformer(lambda rows: rows / wide), made[name]())


def closest_family(
    asked: Floats, rows: Rows, labels: Ints, members: Bools, spans: Floats | None, seed: Name
) -> str:
    """The family whose model, trained on the members, answers most like the target does.

    asked: (n, k) probabilities that the target gives. Mean absolute difference of the true label's
    probability on the rows that are no members: on them neither model is flattered.
    """
    said = true_label(asked, labels)[~members]

    def distance(name: str) -> float:
        predict = family(name, asked.shape[1], spans)(
            rows[members], labels[members], int(stream(seed, name).integers(2**31))
        )
        return float(np.abs(floats(true_label(predict(rows[~members]), labels[~members])) - said).mean())

    return min(FAMILIES, key=distance)
