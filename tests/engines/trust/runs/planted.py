"""A small system with a training split and two groups, built once per test session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial

import numpy as np

from hutong.engines import trust
from hutong.engines.trust.runs import Opener

SEED = "a seed"


@dataclass(frozen=True)
class Planted:
    plan: trust.Plan
    model: bytes
    system: trust.System
    profile: trust.Profile
    data: trust.Data
    columns: dict[str, object]

    @property
    def open(self) -> Opener:
        return partial(trust.open_model, self.model, self.system)


@cache
def planted(rows: int = 3000, bias: float = 0.0) -> Planted:
    """A logistic regression over age and score; bias moves the score of the second group."""
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    chance = np.random.default_rng(5)
    group = chance.integers(0, 2, rows)
    score = np.clip(chance.random(rows) - bias * group, 0, 1)
    table = np.column_stack([chance.integers(18, 90, rows), score]).astype(np.float32)
    label = np.where(chance.random(rows) < 0.05 + 0.9 * (score > 0.5), "yes", "no")
    half = rows // 2
    fitted = LogisticRegression(C=100).fit(table[:half], label[:half])
    model = to_onnx(fitted, table[:1], options={"zipmap": False}, target_opset=17).SerializeToString()
    names = (("age", 18, 90, True), ("score", 0, 1, False))
    columns = tuple(trust.Column(n, lo, hi, whole) for n, lo, hi, whole in names)
    system = trust.System(
        "Planted", "1", trust.Domain("table", columns), ("no", "yes"), "yes", Fraction(1, 2), True
    )
    given: dict[str, object] = {
        "features": table[half:],
        "labels": label[half:],
        "groups": {"g": np.where(group[half:] == 1, "b", "a")},
        "train_features": table[:half],
        "train_labels": label[:half],
    }
    data = trust.data_of(given, system)
    profile = class_two()
    target = trust.open_model(model, system)
    plan = trust.make_plan(target, system, profile, data, SEED)
    return Planted(plan, model, system, profile, data, given)


@cache
def class_two() -> trust.Profile:
    """The shipped profile of an adviser as if level 2 were enough: quick to run, every category that is measured."""
    shipped = trust.load_profile("release-adviser")
    levels: dict[trust.Category, int] = {"Q": 2, "R": 2, "X": 1, "F": 2, "S": 2, "P": 2, "G": 2}
    return replace(shipped, risk_class=2, table={**shipped.table, 2: levels})
