"""Digits in three parts, and targets that remember more or less of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.membership.references import References, family, train_references
from hutong.engines.trust.membership.signals import Predict, true_label


@dataclass(frozen=True)
class Target:
    """A trained target with its pool (members first), rows apart, and reference models."""

    predict: Predict
    pool: tuple[Rows, Codes]
    members: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    apart: tuple[Rows, Codes]
    references: References

    @property
    def said(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return true_label(self.predict(self.pool[0]), self.pool[1])

    @property
    def said_apart(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return true_label(self.predict(self.apart[0]), self.apart[1])


def digits() -> tuple[Rows, Codes]:
    from sklearn.datasets import load_digits

    rows, labels = load_digits(return_X_y=True)
    return (rows / 16).astype(np.float32), labels.astype(np.int64)


def target_of(kind: str, seed: int = 0, models: int = 16) -> Target:
    """linear: remembers little. forest: remembers much. noisy: a network with 15 % wrong labels by heart."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    rows, labels = digits()
    chance = np.random.default_rng(seed)
    if kind == "noisy":
        wrong = chance.random(len(labels)) < 0.15
        labels = np.where(wrong, chance.integers(0, 10, len(labels)), labels)
    order = chance.permutation(len(rows))
    inside, pool, apart = order[:700], order[:1400], order[1400:]
    model = {
        "linear": LogisticRegression(C=0.05, max_iter=300),
        "forest": RandomForestClassifier(50, random_state=seed),
        "noisy": MLPClassifier((64,), max_iter=200, learning_rate_init=0.005, random_state=seed),
    }[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(rows[inside], labels[inside])
    name = {"linear": "linear", "forest": "forest", "noisy": "network"}[kind]
    references = train_references(
        family(name, 10), rows[pool], labels[pool], (rows[apart], labels[apart]), models, seed
    )
    return Target(
        lambda asked: np.asarray(model.predict_proba(asked)),
        (rows[pool], labels[pool]),
        np.arange(1400) < 700,
        (rows[apart], labels[apart]),
        references,
    )


@pytest.fixture(scope="session")
def linear() -> Target:
    return target_of("linear")


@pytest.fixture(scope="session")
def forest() -> Target:
    return target_of("forest")


@pytest.fixture(scope="session")
def noisy() -> Target:
    return target_of("noisy")
