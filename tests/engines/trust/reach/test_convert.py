"""A conversion is compared with its original, and one that differs is seen to."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from hutong.engines import trust
from hutong.engines.trust.reach.convert import parity, to_onnx
from hutong.engines.trust.reach.estimator import EstimatorTarget
from hutong.kernel.errors import Invalid

SYSTEM = trust.System("S", "1", trust.Domain("table", (trust.Column("x"), trust.Column("y"))), ("0", "1"))


def rows_and_labels(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    rows = chance.random((400, 2)).astype(np.float32)
    return rows, (rows.sum(axis=1) > 1).astype(int)


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression()), RandomForestClassifier(9)],
)
def test_a_faithful_conversion_has_parity(model: BaseEstimator) -> None:
    rows, labels = rows_and_labels()
    target = EstimatorTarget(model.fit(rows, labels), SYSTEM, "0" * 64)
    made = to_onnx(target, rows)
    assert made.finding.state == "pass" and made.finding.n == 400, made.finding.words
    assert made.target.digest != target.digest


def test_a_threshold_that_moves_in_float32_is_found() -> None:
    """Scaled in float64 by scikit-learn and in float32 by ONNX, a row next to a threshold may fall on another side."""
    moved = 0
    for seed in range(12):
        rows, labels = rows_and_labels(seed)
        model = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=1)).fit(rows, labels)
        scaler, tree = model[0], model[1].tree_
        first = int(tree.feature[0])
        edge = np.float32(tree.threshold[0] * scaler.scale_[first] + scaler.mean_[first])
        near = rows[:60].copy()
        near[:, first] = (edge.view(np.int32) + np.arange(-30, 30)).astype(np.int32).view(np.float32)
        target = EstimatorTarget(model, SYSTEM, "0" * 64)
        made = to_onnx(target, near)
        other = np.flatnonzero(target.predict(near).labels != made.target.predict(near).labels)
        assert (made.finding.state == "fail") == bool(len(other))
        assert [d["row"] for d in made.finding.details] == other.tolist()
        moved += bool(len(other))
    assert moved, "no threshold moved: choose other seeds"


def test_another_model_is_not_the_same() -> None:
    rows, labels = rows_and_labels()
    one = EstimatorTarget(LogisticRegression().fit(rows, labels), SYSTEM, "0" * 64)
    two = EstimatorTarget(LogisticRegression().fit(rows, 1 - labels), SYSTEM, "1" * 64)
    assert parity(one, two, rows).state == "fail" and parity(one, one, rows).state == "pass"
    assert parity(one, two, rows[:0]).state == "not_run"


class Own(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that no converter knows."""

    classes_ = np.array([0, 1])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return (rows[:, 0] > 0.5).astype(int)


def test_what_no_converter_knows_is_refused_and_still_a_target() -> None:
    rows, _ = rows_and_labels()
    target = EstimatorTarget(Own(), SYSTEM, "0" * 64)
    assert target.access == "labels" and target.predict(rows).scores is None
    with pytest.raises(Invalid) as refusal:
        to_onnx(target, rows)
    assert refusal.value.rule == "model.convert"
