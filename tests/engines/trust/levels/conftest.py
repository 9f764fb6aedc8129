"""Small systems of known truth, each as an ONNX file: a linear model, a forest, a network, and wrappers that give less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.rooms import Bench, Setting, setting_of
from hutong.engines.trust.targets import Predictions

SEED = "levels"


@dataclass(frozen=True)
class Case:
    """A system under a profile: everything `make_plan` takes."""

    target: Any
    system: trust.System
    profile: trust.Profile
    data: trust.Data

    def plan(self, aim: int | None = None) -> trust.Plan:
        return trust.make_plan(self.target, self.system, self.profile, self.data, SEED, aim=aim)

    def setting(self, alpha: float = 0.01) -> Setting:
        return setting_of(self.target, self.system, self.profile, self.data, alpha)

    def bench(self) -> Bench:
        return Bench(self.setting(), self.target, SEED)

    def counted(self, claim: str, alpha: float = 0.01) -> tuple[trust.Claim, Any]:
        """The claim of that id and its counts; None where it cannot be run."""
        from hutong.engines.trust.registry import METHODS

        for method in METHODS:
            for made in method.claims(self.setting(alpha)) if method.observe else ():
                if made.id == claim and method.observe is not None:
                    missing = method.missing(self.setting(alpha))
                    return made, None if missing is not None else method.observe(made, self.bench())
        raise KeyError(claim)

    def judged(self, claim: str, alpha: float = 0.01) -> trust.Finding:
        from hutong.engines.trust.registry import RULES

        made, counts = self.counted(claim, alpha)
        return RULES[made.kind](made, counts)

    def within(self, **changed: Any) -> Case:
        """The same under another budget."""
        return replace(
            self, profile=replace(self.profile, challenge=replace(self.profile.challenge, **changed))
        )


class Less:
    """The same system with less access: what is asked is answered by another target."""

    def __init__(self, target: Any, access: str) -> None:
        self._target, self.access, self.digest = target, access, target.digest

    def predict(self, rows: Any) -> Predictions:
        found = self._target.predict(rows)
        return found if self.access == "scores" else Predictions(found.labels, None)


def onnx_of(model: Any, width: int) -> bytes:
    from skl2onnx import to_onnx

    made = to_onnx(model, np.zeros((1, width), np.float32), options={"zipmap": False}, target_opset=17)
    return bytes(made.SerializeToString())


def typed_table(rows: int, seed: int = 1) -> tuple[Any, Any, trust.Domain]:
    """Age (whole), income, sex (0/1) and a score; outcome from age and income alone."""
    chance = np.random.default_rng(seed)
    age, income = chance.integers(18, 81, rows), chance.random(rows)
    sex, mark = chance.integers(0, 2, rows), chance.random(rows)
    x = np.stack([age, income, sex, mark], axis=1).astype(np.float32)
    y = ((age - 49) / 31 + 2 * (income - 0.5) + 0.3 * chance.normal(size=rows) > 0).astype(int)
    one = Fraction(1)
    columns = (
        trust.Column("age", Fraction(18), Fraction(80), whole=True),
        trust.Column("income", Fraction(0), one),
        trust.Column("sex", Fraction(0), one, whole=True),
        trust.Column("mark", Fraction(0), one, immutable=True),
    )
    return x, y, trust.Domain("table", columns)


def system_on(domain: trust.Domain, labels: tuple[str, ...] = ("0", "1"), **more: Any) -> trust.System:
    return trust.System("S", "1", domain, labels, guarded=True, **more)


@pytest.fixture(scope="session")
def table_case() -> Callable[..., Case]:
    """A case on the typed table from any scikit-learn model (fitted here unless told not to)."""

    def make(
        model: Any, fit: bool = True, profile: str = "release-adviser", rows: int = 1200, **more: Any
    ) -> Case:
        x, y, domain = typed_table(2 * rows)
        if fit:
            model.fit(x[rows:], y[rows:])
        system = system_on(domain, **more)
        sex = np.where(x[:rows, 2] == 1, "f", "m")
        columns = {"features": x[:rows], "labels": y[:rows].astype(str), "groups": {"sex": sex}}
        return Case(
            trust.open_model(onnx_of(model, 4), system),
            system,
            trust.load_profile(profile),
            trust.data_of(columns, system),
        )

    return make


@pytest.fixture(scope="session")
def linear_case(table_case: Any) -> Case:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    made: Case = table_case(
        make_pipeline(StandardScaler(), LogisticRegression()), positive="1", decision_at=Fraction(1, 2)
    )
    return made.within(share=Fraction(1, 20), rows=150, queries=120)


@pytest.fixture(scope="session")
def forest_case(table_case: Any) -> Case:
    from sklearn.ensemble import RandomForestClassifier

    made: Case = table_case(RandomForestClassifier(12, max_depth=4, random_state=0))
    return made.within(share=Fraction(1, 20), rows=60, queries=150)


@pytest.fixture(scope="session")
def network_case() -> Case:
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    loaded = load_digits()
    x, y = loaded.data.astype(np.float32), loaded.target
    model = MLPClassifier((24,), max_iter=80, random_state=0).fit(x[900:], y[900:])
    domain = trust.Domain.image(8, 8, 0, 16)
    system = system_on(domain, tuple(map(str, range(10))))
    columns = {"features": x[:600], "labels": y[:600].astype(str), "train_features": x[900:],
               "train_labels": y[900:].astype(str)}  # fmt: skip
    made = Case(
        trust.open_model(onnx_of(model, 64), system),
        system,
        trust.load_profile("form-reader"),
        trust.data_of(columns, system),
    )
    return made.within(rows=40, queries=100)
