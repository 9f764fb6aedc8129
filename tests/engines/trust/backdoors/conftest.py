"""Digits, small models, and whole scans of planted and clean ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.backdoors.inversion import Ask
from hutong.engines.trust.backdoors.plant import Trigger, draw_trigger, plant
from hutong.engines.trust.backdoors.scan import Scan, scan
from hutong.engines.trust.backdoors.twins import labels_of
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.membership.references import Fit
from hutong.engines.trust.membership.signals import Predict
from hutong.engines.trust.types import Domain

IMAGE = Domain.image(8, 8)
# Models in which the trigger took: what else is a planted backdoor.
TAKEN = 0.9


def fitter(kind: str) -> Fit:
    """linear, forest or network: small scikit-learn models of pixels."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    made: dict[str, Callable[[int], Any]] = {
        "linear": lambda seed: LogisticRegression(max_iter=200),
        "forest": lambda seed: RandomForestClassifier(25, random_state=seed),
        "network": lambda seed: MLPClassifier(
            (32,), max_iter=60, learning_rate_init=0.01, batch_size=100, random_state=seed
        ),
    }

    def fit(rows: Rows, labels: Codes, seed: int) -> Predict:
        import warnings

        model = made[kind](seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.fit(rows, labels)
        return lambda asked: np.asarray(model.predict_proba(asked))

    return fit


@dataclass(frozen=True)
class Case:
    """One model with its training rows, trusted rows and, if planted, the trigger that took."""

    ask: Ask
    predict: Predict
    fit: Fit
    train: tuple[Rows, Codes]
    trusted: tuple[Rows, Codes]
    honest: tuple[Rows, Codes]
    trigger: Trigger | None

    def scan(self, seed: int, shown: tuple[Rows, Codes] | None = None) -> Scan:
        return scan(self.ask, self.fit, shown or self.train, self.trusted, IMAGE, 10, seed)


@pytest.fixture(scope="session")
def digits() -> tuple[Rows, Codes]:
    from sklearn.datasets import load_digits

    rows, labels = load_digits(return_X_y=True)
    return (rows / 16).astype(np.float32), labels.astype(np.int64)


Make = Callable[[str, int, bool], Case]


@pytest.fixture(scope="session")
def make(digits: tuple[Rows, Codes]) -> Make:
    """(kind, seed, planted) -> a case on a split of its own. A trigger that does not take is drawn again."""
    rows, labels = digits

    def made(kind: str, seed: int, planted: bool) -> Case:
        chance = np.random.default_rng([seed, planted])
        fit = fitter(kind)
        while True:
            order = chance.permutation(len(rows))
            train = rows[order[:900]], labels[order[:900]]
            trusted = rows[order[900:]], labels[order[900:]]
            given, trigger = train, None
            if planted:
                trigger = draw_trigger(IMAGE, train[0], 10, chance)
                given = plant(*train, trigger, 0.08, chance)
            predict = fit(*given, int(chance.integers(2**31)))
            if trigger is None or success(labels_of(predict), trigger, trusted) >= TAKEN:
                return Case(labels_of(predict), predict, fit, given, trusted, train, trigger)

    return made


def success(ask: Ask, trigger: Trigger, rows: tuple[Rows, Codes]) -> float:
    """Share of rows of other classes that the trigger turns."""
    others = rows[0][rows[1] != trigger.label]
    return float((ask(trigger.on(others)) == trigger.label).mean())
