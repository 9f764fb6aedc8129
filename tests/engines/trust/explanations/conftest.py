"""Systems with known truth, as scikit-learn fits them and ONNX carries them, for the tests of explanations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.explanations.room import METHODS, RULES
from hutong.engines.trust.figures import nearest
from hutong.engines.trust.rooms import Bench, Setting
from hutong.kernel.text import Text

THRESHOLDS = {
    "faithful_min": "0.60",
    "stable_min": "0.80",
    "stable_step": "0.01",
    "explanation_similar": "0.90",
    "sanity_changed_min": "0.50",
    "attribution_error_max": "0.01",
}


def make_profile() -> trust.Profile:
    base = trust.load_profile("release-adviser")
    say = Text("for tests", "测试用")
    more = {k: trust.Threshold(Fraction(v), say, say, "proposal") for k, v in THRESHOLDS.items()}
    return replace(base, thresholds={**base.thresholds, **more})


def make_rows(seed: int, n: int, d: int, k: int = 2) -> tuple[Any, Any]:
    """Rows in [0, 1] whose label depends on the first half of the columns, with some noise."""
    chance = np.random.default_rng(seed)
    rows = chance.random((n, d)).astype(np.float32)
    weights = np.random.default_rng(99).normal(size=(d, k)) * 6
    weights[(d + 1) // 2 :] = 0
    scores = (rows - 0.5) @ weights + chance.normal(size=(n, k)) * 0.3
    return rows, scores.argmax(axis=1)


def make_model(kind: str, seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    return {
        "linear": lambda: LogisticRegression(C=10.0, max_iter=500),
        "forest": lambda: RandomForestClassifier(12, random_state=seed),
        "boosted": lambda: GradientBoostingClassifier(n_estimators=12, random_state=seed),
        "network": lambda: MLPClassifier((12,), max_iter=400, random_state=seed),
    }[kind]()


def to_onnx(model: Any, width: int) -> bytes:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    given = [("x", FloatTensorType([None, width]))]
    made = convert_sklearn(
        model, initial_types=given, options={id(model): {"zipmap": False}}, target_opset=15
    )
    return bytes(made.SerializeToString())


def make_setting(
    kind: str = "linear", seed: int = 0, d: int = 6, k: int = 2, n: int = 500, shuffled: bool = False
) -> tuple[Setting, Any]:
    """A setting and its target. shuffled: trained on permuted labels, which are what its owner hands over."""
    rows, labels = make_rows(seed, 2 * n, d, k)
    told = np.random.default_rng([seed, 7]).permutation(labels[:n]) if shuffled else labels[:n]
    content = to_onnx(make_model(kind, seed).fit(rows[:n], told), d)
    names = tuple(str(i) for i in range(k))
    columns = tuple(trust.Column(f"c{j}", Fraction(0), Fraction(1)) for j in range(d))
    system = trust.System("S", "1", trust.Domain("table", columns), names)
    data = trust.data_of(
        {
            "features": rows[n:],
            "labels": [names[v] for v in labels[n:]],
            "train_features": rows[:n],
            "train_labels": [names[v] for v in told],
        },
        system,
    )
    target = trust.open_model(content, system)
    return Setting(make_profile(), system, data, "training", 0.05 / 6, content), target


def make_findings(setting: Setting, target: Any, only: str = "", seed: str = "a seed") -> Mapping[str, Any]:
    """The findings of all methods (or those whose claim begins with `only`), judged from their counts."""
    bench, found = Bench(setting, target, seed), {}
    for method in METHODS:
        for claim in method.claims(setting):
            if not claim.id.startswith(only):
                continue
            missing = method.missing(setting)
            assert method.observe is not None
            counts = {"not_run": missing.as_json()} if missing else method.observe(claim, bench)
            found[claim.id] = (counts, None if "not_run" in counts else RULES[claim.kind](claim, counts))
    return found


class Make:
    """The builders, in one fixture."""

    rows = staticmethod(make_rows)
    model = staticmethod(make_model)
    onnx = staticmethod(to_onnx)
    setting = staticmethod(make_setting)
    findings = staticmethod(make_findings)
    nearest = staticmethod(nearest)


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make
