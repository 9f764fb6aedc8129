"""The attacks of level 3 on one bench: each row's score under RMIA (online, offline) and under label-only
votes.

Rows: members are training rows, strangers the rows held out, at most `LARGEST` of each, drawn by the
committed seed. Two controls:

- permuted: the same scores with membership dealt out by chance;
- blind: the same attack on a model of ours that was trained on half of the members, telling the other half
  from the strangers. It has seen neither, so an AUC away from one half means that the rows differ by
  themselves, and what is found is not memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.membership.domains import shaped, spans_of
from hutong.engines.trust.membership.references import (
    References,
    closest_family,
    family,
    train_references,
)
from hutong.engines.trust.membership.rmia import offline_marginal, online_marginal, ratios
from hutong.engines.trust.membership.signals import Predict, true_label, votes
from hutong.engines.trust.rooms import Bench
from hutong.engines.trust.statistics.forms import Bools, Floats, Ints, floats
from hutong.engines.trust.targets import SCORE_UNIT

LARGEST = 1500
MODELS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """rows (n, d), labels (n,), members (n,): whether the target was trained on the row."""

    rows: Rows
    labels: Codes
    members: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Attacked:
    """Scores of one attack, higher for "member". blind_*: of the control; its members are those it never
    saw.
    """

    members: Floats
    strangers: Floats
    blind_members: Floats
    blind_strangers: Floats
    family: str


def pool_of(bench: Bench) -> Pool | None:
    """Members and strangers in one pool; None where no training rows are given."""
    data = bench.setting.data
    if data.train_features is None or data.train_labels is None:
        return None
    chance = bench.chance("P3.pool")
    inside = np.sort(chance.permutation(len(data.train_labels))[:LARGEST])
    outside = np.sort(chance.permutation(data.n)[:LARGEST])
    rows = np.concatenate([data.train_features[inside], data.features[outside]])
    labels = np.concatenate([data.train_labels[inside], data.labels[outside]])
    members = np.arange(len(rows)) < len(inside)
    return Pool(rows, labels, members)


def rmia(bench: Bench, pool: Pool, online: bool) -> Attacked | None:
    """RMIA against the target and against the blind control; None where the target gives no scores.

    Rows are ranked by p(x|target)/p(x): RMIA's score is a rising function of it, so this is its ranking with
    an unlimited population z, and no rows are spent on z. Ratios are taken in steps of a millionth of their
    logarithm.
    """
    found = bench.target.predict(pool.rows)
    if found.scores is None:
        return None
    asked = floats(found.scores / SCORE_UNIT)
    name, references = _trained(_Key(bench, pool, asked))
    score = _ranked(true_label(asked, pool.labels), references, online)
    blind, unseen = _blind(bench, pool, name)
    control = _ranked(true_label(blind(pool.rows), pool.labels), references, online)
    inside = pool.members
    return Attacked(score[inside], score[~inside], control[unseen], control[~inside], name)


def label_votes(bench: Bench, pool: Pool) -> Attacked:
    """Label-only: how many noised copies keep the true label, of the target and of the blind control."""
    domain, classes = bench.setting.system.domain, len(bench.setting.system.labels)
    spans = spans_of(domain, pool.rows)

    def shape(moved: Floats) -> Floats:
        return shaped(moved, domain)

    def kept(ask: Callable[[Rows], Ints]) -> Floats:
        return floats(votes(ask, pool.rows, pool.labels, spans, bench.chance("P3.votes"), shape=shape))

    said = np.eye(classes)[np.maximum(bench.target.predict(pool.rows).labels, 0)]
    labels = np.maximum(pool.labels, 0)
    name = closest_family(said, pool.rows, labels, pool.members, spans, bench.seed)
    blind, unseen = _blind(bench, pool, name)
    score = kept(lambda rows: bench.target.predict(rows).labels)
    control = kept(lambda rows: np.asarray(blind(rows).argmax(axis=1), dtype=np.int64))
    inside = pool.members
    return Attacked(score[inside], score[~inside], control[unseen], control[~inside], name)


def _blind(bench: Bench, pool: Pool, name: str) -> tuple[Predict, Bools]:
    """A model trained on a random half of the members, and which rows are the other half."""
    inside = np.flatnonzero(pool.members)
    half = bench.chance("P3.blind").permutation(inside)[: len(inside) // 2]
    spans = spans_of(bench.setting.system.domain, pool.rows)
    fit = family(name, len(bench.setting.system.labels), spans)
    unseen = pool.members.copy()
    unseen[half] = False
    return fit(pool.rows[half], np.maximum(pool.labels[half], 0), 0), unseen


def _ranked(target: Floats, references: References, online: bool) -> Floats:
    marginal = online_marginal(references) if online else offline_marginal(references)
    return floats(np.rint(np.log(ratios(target, marginal)) * 1e6))


@dataclass(frozen=True, slots=True, eq=False)
class _Key:
    """References depend on bench, pool and answers; both forms of the attack share them."""

    bench: Bench = field(repr=False)
    pool: Pool = field(repr=False)
    asked: Floats = field(repr=False)

    @property
    def _names(self) -> tuple[str, str, str]:
        return self.bench.seed, self.bench.target.digest, self.bench.setting.data.digest

    def __hash__(self) -> int:
        return hash(self._names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._names == other._names


@lru_cache(maxsize=2)
def _trained(key: _Key) -> tuple[str, References]:
    pool, classes = key.pool, len(key.bench.setting.system.labels)
    labels = np.maximum(pool.labels, 0)
    spans = spans_of(key.bench.setting.system.domain, pool.rows)
    name = closest_family(key.asked, pool.rows, labels, pool.members, spans, key.bench.seed)
    none = (pool.rows[:0], labels[:0])
    fit = family(name, classes, spans)
    return name, train_references(fit, pool.rows, labels, none, MODELS, key.bench.seed)
