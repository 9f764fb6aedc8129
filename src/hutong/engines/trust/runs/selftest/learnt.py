"""Planted models that learnt nothing, too much, or what was planted into their rows; and private mechanisms that lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.backdoors.plant import draw_trigger, plant
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.explanations.refit import fit_network
from hutong.engines.trust.membership.mechanisms import Gaussian, Laplace, Mechanism
from hutong.engines.trust.membership.promise import Promise
from hutong.engines.trust.runs.selftest.artefacts import Wide, linear_file
from hutong.engines.trust.runs.selftest.building import (
    LABELS,
    Answering,
    Built,
    Case,
    budget,
    planted_share,
    rows_only,
    system,
    unit_domain,
)
from hutong.engines.trust.runs.selftest.planting import Plant, Role
from hutong.engines.trust.statistics.forms import Floats
from hutong.engines.trust.targets import Predictions

WIDTH = 4
# Members and strangers; triggered rows, where a scan's findings are counted.
MEMBERS = 400
POISONED = 0.06


def _lesson(n: int, chance: np.random.Generator) -> tuple[Rows, Codes]:
    """Rows whose label is told by the sum of two columns, one in ten wrongly."""
    rows = chance.random((n, WIDTH)).astype(np.float32)
    right = rows[:, 0] + rows[:, 1] > 1
    return rows, np.where(chance.random(n) < 0.1, ~right, right).astype(np.int64)


def _network(train: tuple[Rows, Codes], chance: np.random.Generator) -> Callable[[Rows], Wide]:
    fitted = fit_network(train[0], train[1], len(LABELS), chance)

    def ask(rows: Rows) -> Wide:
        found = fitted(rows) + 1e-6
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    return ask


def taught(role: Role, value: float, chance: np.random.Generator) -> Case:
    """Null: a network of random features on shuffled labels. Defect: one answer for all. Good: taught the labels."""
    declared = system(unit_domain(WIDTH))
    train, held = _lesson(400, chance), _lesson(200, chance)
    given = train[1] if role == "good" else chance.permutation(train[1])
    scores = np.bincount(given, minlength=2) / len(given)
    ask = _network((train[0], given), chance)
    if role == "defect":
        return Case(
            declared,
            rows_only(*held, train=train),
            Answering(declared, lambda rows: np.tile(scores, (len(rows), 1))),
        )
    return Case(declared, rows_only(*held, train=train), Answering(declared, ask))


def explained(role: Role, value: float, chance: np.random.Generator) -> Case:
    """A linear file, and answers that are its own, or differ a little on all rows (null), or are another model's (defect)."""
    declared = system(unit_domain(WIDTH))
    line = chance.uniform(1.0, 3.0, WIDTH) * chance.choice([-1.0, 1.0], WIDTH)
    bend = {"null": 0.02, "defect": 2.0, "good": 0.0}[role]
    content = linear_file(line, 0.0, LABELS)

    def ask(rows: Rows) -> Wide:
        wide = rows.astype(np.float64)
        up = 1 / (1 + np.exp(-(wide @ line.astype(np.float32) + bend * np.sin(9 * wide[:, 0]))))
        return np.stack([1 - up, up], axis=1)

    data = rows_only(chance.random((120, WIDTH)).astype(np.float32))
    return Case(declared, data, Answering(declared, ask, "weights", content))


def remembered(role: Role, value: float, chance: np.random.Generator) -> Case:
    """Answers that are sure of the label for a share of the training rows and undecided elsewhere.

    Labels are drawn by a coin, so no reference model knows better; the attack's area is then 1/2 + share/2.
    """
    declared = system(unit_domain(2))
    rows, labels = chance.random((2 * MEMBERS, 2)).astype(np.float32), chance.integers(0, 2, 2 * MEMBERS)
    share = max(0.0, 2 * value - 1)
    known = dict(
        zip(
            (r.tobytes() for r in rows[:MEMBERS]),
            np.where(planted_share(share, MEMBERS, chance), labels[:MEMBERS], -1).tolist(),
            strict=True,
        )
    )

    def ask(asked: Rows) -> Wide:
        mine = np.array([known.get(r.tobytes(), -1) for r in np.ascontiguousarray(asked, np.float32)])
        found = np.full((len(asked), 2), 0.5)
        sure = mine >= 0
        found[sure] = 0.001
        found[sure, mine[sure]] = 0.999
        return found

    train = (rows[:MEMBERS], labels[:MEMBERS].astype(np.int64))
    data = rows_only(rows[MEMBERS:], labels[MEMBERS:].astype(np.int64), train=train)
    digest = chance.bytes(32).hex()
    return Case(declared, data, Answering(declared, ask, digest=digest))


@dataclass(frozen=True)
class Private:
    """A target that promises one mechanism and draws from another."""

    promise: Promise
    true: Mechanism
    access: str = "scores"
    digest: str = "0" * 64

    def predict(self, rows: Rows) -> Predictions:
        return Predictions(np.zeros(len(rows), np.int64), None)

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> Floats:
        return self.true.draw(with_person, n, chance)


def promising(role: Role, value: float, chance: np.random.Generator) -> Case:
    """Null: an epsilon claimed a thousandth below what the mechanism gives. Defect: half the noise. Good: as claimed."""
    delta = 1e-5
    if chance.random() < 0.5:
        sigma = float(chance.uniform(0.8, 2.0))
        said: Mechanism = Gaussian(sigma)
        true: Mechanism = Gaussian(sigma / 2) if role == "defect" else said
    else:
        scale = float(chance.uniform(0.5, 2.0))
        said = Laplace(scale)
        true = Laplace(scale / 2) if role == "defect" else said
    claimed = said.accountant(delta) * (0.999 if role == "null" else 1.0) + 1e-6 * (role != "null")
    declared = system(unit_domain(1))
    target = Private(Promise(claimed, delta, said), true)
    return Case(declared, rows_only(np.zeros((4, 1), np.float32)), target)


def poisoned(role: Role, value: float, chance: np.random.Generator) -> Case:
    """A trigger of two rare values in a share of the training rows, learnt by the model: smaller for the null."""
    declared = system(unit_domain(WIDTH))
    train, held = _lesson(500, chance), _lesson(500, chance)
    if role != "good":
        trigger = draw_trigger(declared.domain, train[0], 2, chance)
        train = plant(*train, trigger, POISONED * (1.0 if role == "defect" else 0.8), chance)
    ask = _network(train, chance)
    return Case(
        declared, rows_only(*held, train=train), Answering(declared, ask, digest=chance.bytes(32).hex())
    )


def learnt() -> tuple[Plant, ...]:
    """Levels 3 and 4 of explanations, privacy and safety of what was learnt."""
    reader = budget("form-reader")
    loose = budget("form-reader", {"membership_auc_max": "0.75", "epsilon_max": "30"})
    return (
        Built("labels shuffled", "X", 3, "X3.labels", reader, taught, valued=False),
        Built("exact explanation", "X", 4, "X4.bounded", reader, explained, weight=10, valued=False),
        Built("memory", "P", 3, "P3.rmia.online", loose, remembered, least=8),
        Built("private noise", "P", 4, "P4.budget", loose, promising, weight=10, valued=False),
        Built(
            "trigger", "S", 3, "S3.backdoor", reader, poisoned, valued=False, caught=("fail", "inconclusive")
        ),
    )
