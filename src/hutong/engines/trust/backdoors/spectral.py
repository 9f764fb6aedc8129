"""Spectral signatures without activations: a planted part of a class spreads its rows in one direction.

Tran, Li and Madry 2018 (NeurIPS) take the top singular vector of a class's representations; Hayase et al.
2021 (ICML, SPECTRE) whiten them by a clean covariance first, without which a small trigger drowns. Here the
rows themselves are whitened by the trusted rows of their class. The test compares the top eigenvalue with
that after dealing out "training" and "trusted" by chance within each class: exact for exchangeable rows,
whatever their law.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.statistics.forms import Bools, Floats, floats

DEALS = 79
WIDEST = 64
_LEAST = 8


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """p: of "no class spreads more in training than in trusted rows". label: the class that spreads most.

    score: (n,) squared projection of each training row on its class's direction; the rows to look at first.
    """

    p: float
    label: int
    eigenvalue: float
    score: Floats = field(repr=False)


def signature(
    train: tuple[Rows, Codes],
    trusted: tuple[Rows, Codes],
    chance: np.random.Generator,
    deals: int = DEALS,
) -> Signature:
    """Largest whitened eigenvalue over classes, with its permutation p-value.

    Dealing stops at the first deal l that is as large, with p = 1/l; else p = 1/(deals + 1) (Besag and
    Clifford 1991, Biometrika 78:301): honest rows cost few deals. Classes with fewer than 8 rows on a side
    are left out; p is 1 where none is left.
    """
    classes = [
        c for c in np.unique(train[1]) if min((train[1] == c).sum(), (trusted[1] == c).sum()) >= _LEAST
    ]
    score = np.zeros(len(train[1]))
    if not classes:
        return Signature(1.0, -1, 0.0, floats(score))
    inside, outside = _narrowed(train[0], trusted[0])
    pools = [_Pool.of(inside[train[1] == c], outside[trusted[1] == c]) for c in classes]
    seen = [p.largest(p.inside) for p in pools]
    for c, pool in zip(classes, pools, strict=True):
        score[train[1] == c] = pool.project(pool.direction())
    top, label = max(seen), int(classes[int(np.argmax(seen))])
    dealt = (max(p.largest(chance.permutation(p.inside)) for p in pools) for _ in range(deals))
    return Signature(first_as_large(top, dealt, deals), label, top, floats(score))


def first_as_large(seen: float, drawn: Iterator[float], most: int) -> float:
    """Sequential Monte-Carlo p-value: 1/l where the l-th drawn value is the first as large as the one seen,
    else 1/(most + 1).
    """
    for number, value in enumerate(drawn, start=1):
        if value >= seen:
            return 1 / number
    return 1 / (most + 1)


def _narrowed(train: Rows, trusted: Rows) -> tuple[Floats, Floats]:
    """Both sides in the first `WIDEST` principal directions of all rows together: blind to which row is
    which.
    """
    a, b = floats(train), floats(trusted)
    if a.shape[1] <= WIDEST:
        return a, b
    both = np.concatenate([a, b])
    centred = both - both.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return floats(a @ vectors[:, -WIDEST:]), floats(b @ vectors[:, -WIDEST:])


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Rows of one class, training rows first, with which of them are training rows."""

    rows: Floats
    inside: Bools

    @staticmethod
    def of(train: Floats, trusted: Floats) -> _Pool:
        rows = floats(np.concatenate([train, trusted]))
        return _Pool(rows, np.arange(len(rows)) < len(train))

    def largest(self, inside: Bools) -> float:
        """Top eigenvalue of the covariance of the rows inside, whitened by those outside."""
        return float(np.linalg.eigvalsh(self._spread(inside)[0])[-1])

    def direction(self) -> Floats:
        """Along which the training rows spread most, in the space of the rows."""
        spread, root = self._spread(self.inside)
        return floats(np.linalg.solve(root.T, np.linalg.eigh(spread)[1][:, -1]))

    def _spread(self, inside: Bools) -> tuple[Floats, Floats]:
        a, b = self.rows[inside], self.rows[~inside]
        root = _root(b)
        moved = np.linalg.solve(root, (a - b.mean(axis=0)).T)
        return floats(moved @ moved.T / len(a)), root

    def project(self, direction: Floats) -> Floats:
        a = self.rows[self.inside]
        return floats(((a - self.rows[~self.inside].mean(axis=0)) @ direction) ** 2)


def _root(rows: Floats) -> Floats:
    """Cholesky root of the covariance, with a ridge of a tenth of its mean variance for directions that never
    move.
    """
    centred = rows - rows.mean(axis=0)
    covariance = centred.T @ centred / len(rows)
    ridge = max(0.1 * float(np.trace(covariance)) / len(covariance), 1e-12)
    covariance[np.diag_indices(len(covariance))] += ridge
    return floats(np.linalg.cholesky(covariance))
