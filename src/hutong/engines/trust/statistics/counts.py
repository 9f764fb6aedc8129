"""One count for all of group fairness: n[group, outcome, decision] at the finest intersection.

Every metric of every group and of every intersection of groups is a ratio of two sums over this tensor, so nothing reads
the rows twice. Memory grows with the intersections that occur, not with those that could.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hutong.engines.trust.statistics.forms import Ints, refuse, whole
from hutong.kernel.text import Text

# Name of the group of those whose attribute is not given: a group of its own, never left out.
MISSING = "∅"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Counts of rows by group, outcome and decision.

    attributes: d names. values: per attribute, its names. codes: (g, d) positions in `values`, one line per
    intersection that occurs, without repeats. table: (g, outcomes, decisions) counts. A decision column beyond the outcomes
    stands for an answer that is none of them; in a calibration table the decisions are bins of the score.
    """

    attributes: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    codes: Ints
    table: Ints

    @property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """Per group, its value of each attribute."""
        return tuple(tuple(v[int(c)] for v, c in zip(self.values, line, strict=True)) for line in self.codes)

    @property
    def rows(self) -> int:
        return int(self.table.sum())

    def by(self, attributes: Sequence[str]) -> Cells:
        """The same rows by some of the attributes only: a sum over the others. `Invalid` for an unknown one."""
        places = [self._place(a) for a in attributes]
        lines, inverse = _distinct(self.codes[:, places], [len(self.values[p]) for p in places])
        table = np.zeros((len(lines), *self.table.shape[1:]), dtype=np.int64)
        np.add.at(table, inverse, self.table)
        return Cells(tuple(attributes), tuple(self.values[p] for p in places), lines, table)

    def membership(self, attributes: Sequence[str]) -> Ints:
        """(g,) position in `by(attributes)` of each group here."""
        places = [self._place(a) for a in attributes]
        return _distinct(self.codes[:, places], [len(self.values[p]) for p in places])[1]

    def crossings(self, depth: int) -> Iterator[Cells]:
        """Every choice of 1 to `depth` attributes, as its own `Cells`: all groups and all intersections."""
        for size in range(1, min(depth, len(self.attributes)) + 1):
            for chosen in combinations(self.attributes, size):
                yield self.by(chosen)

    @property
    def possible(self) -> int:
        """Number of intersections that the values could form; those beyond the g that occur have no row at all."""
        return math.prod(len(v) for v in self.values)

    def absent(self, limit: int = 1000) -> tuple[tuple[str, ...], ...]:
        """Intersections that could exist and have no row: not estimable by any metric. The first `limit` of them."""
        seen = {tuple(int(c) for c in line) for line in self.codes}
        found: list[tuple[str, ...]] = []
        for line in product(*(range(len(v)) for v in self.values)):
            if len(found) >= limit:
                break
            if line not in seen:
                found.append(tuple(v[c] for v, c in zip(self.values, line, strict=True)))
        return tuple(found)

    def _place(self, attribute: str) -> int:
        if attribute not in self.attributes:
            raise refuse("attribute", Text("No such attribute.", "没有该属性。"), attribute)
        return self.attributes.index(attribute)


def cells_of(attributes: Sequence[str], names: Sequence[Sequence[str]], table: ArrayLike) -> Cells:
    """`Cells` from counts: names[i] are the values of group i, table its (g, outcomes, decisions) counts.

    `Invalid` statistics.table where shapes do not match or a group comes twice.
    """
    counts = whole(table, "table")
    lines = [tuple(n) for n in names]
    fit = counts.ndim == 3 and len(lines) == len(counts) and all(len(n) == len(attributes) for n in lines)
    if not fit or len(set(lines)) != len(lines):
        raise refuse(
            "table", Text("Names and counts of groups do not match.", "分组名称与计数不匹配。"), "table"
        )
    values = tuple(tuple(sorted({n[i] for n in lines})) for i in range(len(attributes)))
    places = [{v: i for i, v in enumerate(vs)} for vs in values]
    codes = np.array([[p[v] for p, v in zip(places, n, strict=True)] for n in lines], dtype=np.int64)
    return Cells(tuple(attributes), values, codes.reshape(len(lines), len(attributes)), counts)


def count_rows(
    groups: Mapping[str, Sequence[object] | NDArray[np.generic]],
    outcome: ArrayLike,
    decision: ArrayLike,
    outcomes: int = 2,
    decisions: int | None = None,
) -> Cells:
    """Count n rows. groups: attribute -> n values (None: not given). outcome, decision: (n,) codes from 0.

    A decision outside the outcomes, or negative, is counted in one further column unless `decisions` gives the number of
    columns (bins of a score). `Invalid` where lengths differ or a code is out of range.
    """
    named = {name: _coded(values) for name, values in sorted(groups.items())}
    codes = {name: code for name, (_, code) in named.items()}
    names = {name: values for name, (values, _) in named.items()}
    return count_codes(codes, names, outcome, decision, outcomes, decisions)


def count_codes(
    codes: Mapping[str, Ints],
    names: Mapping[str, tuple[str, ...]],
    outcome: ArrayLike,
    decision: ArrayLike,
    outcomes: int = 2,
    decisions: int | None = None,
) -> Cells:
    """As `count_rows`, with each attribute as positions in its names: one pass, some 3 ns a row and attribute."""
    attributes = tuple(sorted(codes))
    y, given = whole(outcome, "outcome"), np.asarray(decision)
    sizes = [len(names[a]) for a in attributes]
    if given.shape != y.shape or y.ndim != 1 or any(codes[a].shape != y.shape for a in attributes):
        raise refuse("length", Text("The columns differ in length.", "各列长度不一致。"), "groups")
    for attribute, size in zip(attributes, sizes, strict=True):
        if len(y) and not 0 <= int(codes[attribute].min()) <= int(codes[attribute].max()) < size:
            raise refuse("code", Text("A group code has no name.", "分组编码没有对应名称。"), attribute)
    column, width = _columns(given, outcomes, decisions)
    if len(y) and int(y.max()) >= outcomes:
        raise refuse("outcome", Text("An outcome is out of range.", "结果编码超出范围。"), "outcome")
    cell, cells = y * width + column, outcomes * width
    if math.prod(sizes) <= 4 * len(y) + 64:
        return _dense(attributes, tuple(names[a] for a in attributes), codes, cell, (outcomes, width))
    stacked = np.stack([codes[a] for a in attributes], axis=1)
    lines, inverse = _distinct(stacked, sizes)
    table = np.bincount(inverse * cells + cell, minlength=len(lines) * cells)
    return Cells(attributes, tuple(names[a] for a in attributes), lines, table.reshape(-1, outcomes, width))


def _dense(
    attributes: tuple[str, ...],
    values: tuple[tuple[str, ...], ...],
    codes: Mapping[str, Ints],
    cell: Ints,
    shape: tuple[int, int],
) -> Cells:
    sizes, cells = [len(v) for v in values], shape[0] * shape[1]
    # Mixed radix, one addition a column: the strides of an array of all possible cells.
    key, stride = cell, cells
    for attribute, size in zip(reversed(attributes), reversed(sizes), strict=True):
        key = key + codes[attribute] * stride
        stride *= size
    flat = np.bincount(key, minlength=stride).reshape(-1, *shape)
    occurs = np.flatnonzero(flat.any(axis=(1, 2)))
    lines = np.stack(np.unravel_index(occurs, sizes), axis=1) if sizes else np.zeros((len(occurs), 0), int)
    return Cells(attributes, values, lines.astype(np.int64), flat[occurs].astype(np.int64))


def _columns(given: NDArray[np.generic], outcomes: int, decisions: int | None) -> tuple[Ints, int]:
    if decisions is not None:
        column = whole(given, "decision")
        if column.size and int(column.max()) >= decisions:
            raise refuse("decision", Text("A decision is out of range.", "决策编码超出范围。"), "decision")
        return column, decisions
    code = given.astype(np.int64, copy=False)
    if not code.size or (int(code.min()) >= 0 and int(code.max()) < outcomes):
        return code, outcomes
    return np.where((code < 0) | (code >= outcomes), outcomes, code), outcomes + 1


def _coded(values: Sequence[object] | NDArray[np.generic]) -> tuple[tuple[str, ...], Ints]:
    column = np.asarray(values)
    if column.dtype.kind == "O":
        column = np.array([MISSING if v is None else str(v) for v in column], dtype=np.str_)
    elif column.dtype.kind == "f":
        column = np.where(np.isnan(column), MISSING, column.astype(np.str_))
    # Told apart as they are (numbers are quick), named and ordered as text.
    found, code = np.unique(column, return_inverse=True)
    names = found.astype(np.str_)
    order = np.argsort(names, kind="stable")
    return tuple(str(n) for n in names[order]), np.argsort(order)[code].astype(np.int64)


def _distinct(codes: Ints, sizes: Sequence[int]) -> tuple[Ints, Ints]:
    """Distinct lines in order, and the position of each line among them."""
    key = np.zeros(len(codes), dtype=np.int64)
    for place, size in enumerate(sizes):
        # Renumbered each time, keys stay below lines times values: no overflow at any width.
        _, key = np.unique(key * size + codes[:, place], return_inverse=True)
    first = np.zeros(int(key.max()) + 1 if len(key) else 0, dtype=np.int64)
    first[key[::-1]] = np.arange(len(key))[::-1]
    return codes[first], key.astype(np.int64)
