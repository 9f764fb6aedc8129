"""Rare conjunctions that come with a label in the training rows as they do not in trusted rows.

A row-poisoning trigger is a conjunction of values that was put in with one label. For every conjunction and
class: do the class's training rows hold it more often than its trusted rows (Fisher's exact test, one-sided)?
Training and trusted rows of a class are exchangeable if nothing was planted, so the false-alarm rate is exact
whatever natural associations there are. Conjunctions too rare to matter at any outcome are not counted as
tests (Tarone 1990, Biometrics 46:515: their number depends on the margin alone). Listed by
Benjamini-Hochberg; a verdict takes Holm.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.backdoors.stamps import cell_places
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.statistics.forms import Bools, Floats, Ints, floats
from hutong.engines.trust.statistics.multiplicity import benjamini_hochberg, holm
from hutong.engines.trust.types import Domain

SUPPORT = 5
_FEW = 32
_REPEATED = 16
_BINS = 4


@dataclass(frozen=True, slots=True)
class Found:
    """One conjunction with one class. columns, values: what it says. Counts: training and trusted rows of the
    class.

    lift: share among training rows over share among trusted rows, one row added to each. p: Fisher; fdr,
    holm: adjusted.
    """

    label: int
    columns: tuple[int, ...]
    values: tuple[float, ...]
    hits: int
    of: int
    trusted_hits: int
    trusted_of: int
    lift: float
    p: float
    fdr: float
    holm: float


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """q statements about a row. columns, values: what each says. hold(rows): (n, q) which rows fit.

    pairs: whether two statements make a conjunction (tables), or each is one already (blocks of an image).
    """

    columns: tuple[tuple[int, ...], ...]
    values: tuple[tuple[float, ...], ...]
    spans: NDArray[np.float64] = field(repr=False)
    pairs: bool

    def hold(self, rows: Rows) -> Bools:
        """A value fits within half its span (bins: the bin's width; exact values: nothing)."""
        fit = np.empty((len(rows), len(self.columns)), dtype=np.bool_)
        for i, (columns, values) in enumerate(zip(self.columns, self.values, strict=True)):
            away = np.abs(rows[:, list(columns)] - np.array(values))
            fit[:, i] = (away <= self.spans[i]).all(axis=1)
        return fit


def scan_lift(
    train: tuple[Rows, Codes], trusted: tuple[Rows, Codes], domain: Domain, alpha: float = 0.05
) -> tuple[Found, ...]:
    """Conjunctions with a Benjamini-Hochberg value of at most alpha, the least likely first. Rows with labels
    each.
    """
    items = image_items(domain) if domain.shape is not None else table_items(domain, train[0], trusted[0])
    inside, outside = items.hold(train[0]), items.hold(trusted[0])
    first, second = _conjunctions(items, np.concatenate([inside, outside]))
    tests = [
        _tests(inside, train[1], outside, trusted[1], int(c), first, second) for c in np.unique(train[1])
    ]
    p = np.concatenate([t.p for t in tests]) if tests else floats([])
    false, family = benjamini_hochberg(p), holm(p)
    found, start = [], 0
    for test in tests:
        here = slice(start, start + len(test.p))
        start += len(test.p)
        for i in np.flatnonzero(false[here] <= alpha):
            found.append(_found(items, test, int(i), float(false[here][i]), float(family[here][i])))
    return tuple(sorted(found, key=lambda f: f.p))


@dataclass(frozen=True, slots=True, eq=False)
class _Tests:
    """The testable conjunctions of one class."""

    label: int
    first: Ints
    second: Ints
    hits: Ints
    of: int
    trusted_hits: Ints
    trusted_of: int
    p: Floats


def _tests(
    inside: Bools, labels: Codes, outside: Bools, trusted: Codes, label: int, first: Ints, second: Ints
) -> _Tests:
    a, b = inside[labels == label], outside[trusted == label]
    hits, others = ((_joint(m, first, second)) for m in (a, b))
    testable = np.flatnonzero(hits + others >= SUPPORT) if len(b) else np.empty(0, np.int64)
    k, m = hits[testable], others[testable]
    return _Tests(
        label, first[testable], second[testable], k, len(a), m, len(b), _fisher(k, len(a), m, len(b))
    )


def _joint(fit: Bools, first: Ints, second: Ints) -> Ints:
    """How many rows fit both statements of each conjunction."""
    wide = fit.astype(np.float32)
    if len(first) and np.array_equal(first, second):
        return np.asarray(fit.sum(axis=0)[first], dtype=np.int64)
    return np.asarray(np.rint(wide.T @ wide)[first, second], dtype=np.int64)


def _fisher(k: Ints, n: int, m: Ints, of: int) -> Floats:
    """P(X >= k) where k + m marked rows fall by chance among n training and `of` trusted rows."""
    from scipy.stats import hypergeom

    return floats(np.clip(hypergeom.sf(k - 1, n + of, k + m, n), 0.0, 1.0))


def _conjunctions(items: Items, fit: Bools) -> tuple[Ints, Ints]:
    often = np.flatnonzero(fit.sum(axis=0) >= SUPPORT)
    if not items.pairs:
        return often, often
    i, j = np.triu_indices(len(often), 1)
    columns = np.array([c[0] for c in items.columns])[often]
    apart = columns[i] != columns[j]
    return often[i[apart]], often[j[apart]]


def _found(items: Items, test: _Tests, i: int, false: float, family: float) -> Found:
    parts = {int(test.first[i]), int(test.second[i])}
    columns = tuple(c for part in sorted(parts) for c in items.columns[part])
    values = tuple(v for part in sorted(parts) for v in items.values[part])
    k, m = int(test.hits[i]), int(test.trusted_hits[i])
    lift = (k + 1) / (test.of + 1) / ((m + 1) / (test.trusted_of + 1))
    return Found(
        test.label, columns, values, k, test.of, m, test.trusted_of, lift, float(test.p[i]), false, family
    )


def image_items(domain: Domain) -> Items:
    """Every dark/bright pattern of every block of 2 x 2 cells. A cell is bright where all its pixels are
    above the middle.
    """
    low, high = float(domain.columns[0].low or 0), float(domain.columns[0].high or 1)
    columns, values = [], []
    for place in cell_places(domain):
        for code in range(1, 2 ** len(place)):
            bright = [bool(code >> i & 1) for i in range(len(place))]
            columns.append(tuple(int(c) for cell in place for c in cell))
            values.append(
                tuple(high if b else low for b, cell in zip(bright, place, strict=True) for _ in cell)
            )
    return Items(tuple(columns), tuple(values), np.full(len(columns), (high - low) / 2), pairs=False)


def table_items(domain: Domain, train: Rows, trusted: Rows) -> Items:
    """Column by column: each value of a column of few; else values that repeat in training rows, and quarters
    of trusted rows.
    """
    columns: list[tuple[int, ...]] = []
    values: list[tuple[float, ...]] = []
    spans: list[float] = []
    for i in range(domain.width):
        seen, counts = np.unique(train[:, i], return_counts=True)
        exact = seen if len(seen) <= _FEW else seen[np.argsort(-counts, kind="stable")[:_REPEATED]]
        kept = [float(v) for v in exact if (train[:, i] == v).sum() >= SUPPORT]
        parts = [(v, 0.0) for v in kept]
        if len(seen) > _FEW:
            edges = np.unique(np.quantile(trusted[:, i].astype(np.float64), np.linspace(0, 1, _BINS + 1)))
            parts += [((a + b) / 2, (b - a) / 2) for a, b in pairwise(edges)]
        columns += [(i,)] * len(parts)
        values += [(v,) for v, _ in parts]
        spans += [s for _, s in parts]
    return Items(tuple(columns), tuple(values), np.array(spans), pairs=True)
