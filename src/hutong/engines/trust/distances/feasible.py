"""What the domain lets an input become: bounds, whole numbers, columns that nobody can change.

All in float32, the type the artefact reads: bounds are rounded inwards, so that no move leaves the declared domain,
while a row is accepted exactly where `targets.outside` accepts it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Rows
from hutong.engines.trust.types import Domain, refuse
from hutong.kernel.text import Text

Wide = NDArray[np.float64]
Flags = NDArray[np.bool_]
Norm = Literal["l1", "l2", "linf"]
NORMS: tuple[Norm, ...] = ("l1", "l2", "linf")
_LARGEST = float(np.finfo(np.float32).max)
# From here on float32 has no odd numbers: whole columns without a bound move no further.
_WHOLE = float(2**24)


@dataclass(frozen=True)
class Box:
    """low, high: (d,) float64 that float32 holds exactly (finite). whole, fixed: (d,) flags."""

    low: Wide = field(hash=False)
    high: Wide = field(hash=False)
    whole: Flags = field(hash=False)
    fixed: Flags = field(hash=False)

    @property
    def width(self) -> int:
        return len(self.low)


@dataclass(frozen=True)
class Distances:
    """What was found for n rows.

    distance: (n,) least size of a change that changes the decision; inf where the domain holds none.
    lower: (n,) no smaller change does, with float32 arithmetic and unfinished search allowed for.
    rows: (n, d) float32 counter-examples, the row itself where none was found. found: (n,). exact: (n,) search ended.
    """

    norm: Norm
    distance: Wide = field(hash=False)
    lower: Wide = field(hash=False)
    rows: Rows = field(hash=False)
    found: Flags = field(hash=False)
    exact: Flags = field(hash=False)


def box_of(domain: Domain | None, width: int) -> Box:
    """The domain as arrays; None is every finite float32. `Invalid` domain.width where the widths differ."""
    if domain is None:
        free = np.full(width, _LARGEST)
        return Box(-free, free, np.zeros(width, np.bool_), np.zeros(width, np.bool_))
    if domain.width != width:
        what = Text("The domain does not have {n} columns.", "域的列数不是{n}。").format(n=width)
        raise refuse("domain.width", what, where="domain")
    whole = np.array([c.whole for c in domain.columns], np.bool_)
    end = np.where(whole, _WHOLE, _LARGEST)
    low = np.array(
        [-e if c.low is None else _inward(c.low, 1) for c, e in zip(domain.columns, end, strict=True)]
    )
    high = np.array(
        [e if c.high is None else _inward(c.high, -1) for c, e in zip(domain.columns, end, strict=True)]
    )
    low, high = np.where(whole, np.ceil(low), low), np.where(whole, np.floor(high), high)
    return Box(low, high, whole, np.array([c.immutable for c in domain.columns], np.bool_))


def _inward(bound: Fraction, side: int) -> float:
    """The nearest float32 not below (side 1) or not above (side -1) the bound, in exact arithmetic."""
    near = np.float32(float(bound))
    if (Fraction(float(near)) - bound) * side < 0:
        near = np.nextafter(near, np.float32(side * np.inf))
    return float(np.clip(near, -_LARGEST, _LARGEST))


def is_feasible(rows: Any, origins: Any, domain: Domain | None) -> Flags:
    """(n,) whether each row is finite, within bounds, whole where it must be, and equal where it cannot change."""
    table, origin = np.asarray(rows, np.float32), np.asarray(origins, np.float32)
    good = np.isfinite(table).all(axis=1)
    if domain is None:
        return np.asarray(good, np.bool_)
    box_of(domain, table.shape[1])
    for place, column in enumerate(domain.columns):
        values = table[:, place]
        if column.low is not None:
            good &= values >= np.float32(float(column.low))
        if column.high is not None:
            good &= values <= np.float32(float(column.high))
        if column.whole:
            good &= np.rint(values) == values
        if column.immutable:
            good &= values == origin[:, place]
    return np.asarray(good, np.bool_)


def project(rows: Any, origins: Rows, box: Box) -> Rows:
    """The nearest feasible float32 rows (every norm: columns are independent); unchanged values stay as they are."""
    wide = np.clip(np.asarray(rows, np.float64), box.low, box.high)
    if box.whole.any():
        wide[:, box.whole] = np.clip(np.rint(wide[:, box.whole]), box.low[box.whole], box.high[box.whole])
    narrow = wide.astype(np.float32)
    keep = box.fixed | (np.asarray(rows, np.float32) == origins) | (box.low > box.high)
    return np.where(keep, origins, narrow).astype(np.float32)


def checked(rows: Any, domain: Domain | None, width: int) -> Rows:
    """Rows (n, d) as float32. `Invalid`: rows.shape, rows.infeasible (a start outside the declared domain)."""
    table = np.ascontiguousarray(rows, np.float32)
    if table.ndim != 2 or table.shape[1] != width:
        what = Text("The rows do not have {n} columns.", "数据行的列数不是{n}。").format(n=width)
        raise refuse("rows.shape", what, where="rows")
    good = is_feasible(table, table, domain)
    if not good.all():
        what = Text("Row {n} lies outside the declared domain.", "第{n}行超出声明的域。").format(
            n=int(np.flatnonzero(~good)[0])
        )
        raise refuse("rows.infeasible", what, where="rows")
    return table


def size(change: Any, norm: Norm) -> Wide:
    """(n,) norms of (n, d) changes, in float64."""
    wide = np.abs(np.asarray(change, np.float64))
    if norm == "l1":
        return np.asarray(wide.sum(axis=1), np.float64)
    if norm == "linf":
        return np.asarray(wide.max(axis=1, initial=0.0), np.float64)
    largest = wide.max(axis=1, initial=0.0)
    unit = np.where(largest > 0, largest, 1.0)
    return np.asarray(unit * np.sqrt(((wide / unit[:, None]) ** 2).sum(axis=1)), np.float64)
