"""Metrics of groups as ratios of two sums over `counts.Cells`, their gaps.

Gaps are absolute: a mean of signed differences can hide two opposite ones, and is not offered. A group whose denominator is
zero is named as not estimable in every result and never counts as equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hutong.engines.trust.statistics.counts import Cells
from hutong.engines.trust.statistics.forms import Bools, Floats, Ints, floats, refuse
from hutong.kernel.text import Text

METRICS = ("selection_rate", "tpr", "fpr", "tnr", "fnr", "ppv", "npv", "accuracy", "base_rate")
State = Literal["estimable", "partial", "not_estimable"]
Method = Literal["between_groups", "to_overall"]


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A share: rows in `hits` among rows in `units`, both (outcomes, decisions) masks, hits within units."""

    name: str
    hits: Bools
    units: Bools


def metric(name: str, shape: tuple[int, int], positive: int = 1) -> Metric:
    """A metric of `METRICS` for tables of (outcomes, decisions); positive: code of the favourable outcome and decision.

    selection_rate P(d = +); tpr P(d = + | y = +); fpr P(d = + | y != +); tnr, fnr their complements; ppv P(y = + | d = +);
    npv P(y != + | d != +); accuracy P(d = y); base_rate P(y = +). Definitions as in Hardt, Price and Srebro 2016
    (NeurIPS) and Fairlearn. `Invalid` statistics.metric for another name.
    """
    outcomes, decisions = shape
    y = np.zeros(shape, dtype=np.bool_)
    d = np.zeros(shape, dtype=np.bool_)
    y[positive, :], d[:, positive] = True, True
    everything = np.ones(shape, dtype=np.bool_)
    same = np.eye(outcomes, decisions, dtype=np.bool_)
    masks: Mapping[str, tuple[Bools, Bools]] = {
        "selection_rate": (d, everything),
        "tpr": (y & d, y),
        "fpr": (~y & d, ~y),
        "tnr": (~y & ~d, ~y),
        "fnr": (y & ~d, y),
        "ppv": (y & d, d),
        "npv": (~y & ~d, ~d),
        "accuracy": (same, everything),
        "base_rate": (y, everything),
    }
    if name not in masks:
        raise refuse("metric", Text("No such metric.", "没有该指标。"), name)
    return Metric(name, *masks[name])


@dataclass(frozen=True, slots=True, eq=False)
class Rates:
    """One metric of all groups. hits, units: (g,) counts. value: (g,) shares, NaN where units is 0."""

    metric: str
    names: tuple[tuple[str, ...], ...]
    hits: Ints
    units: Ints

    @property
    def value(self) -> Floats:
        return floats(np.where(self.units > 0, self.hits / np.maximum(self.units, 1), np.nan))

    @property
    def estimable(self) -> Bools:
        return np.asarray(self.units > 0, dtype=np.bool_)

    @property
    def overall(self) -> float:
        """The metric of all rows together, NaN where nobody counts."""
        total = int(self.units.sum())
        return int(self.hits.sum()) / total if total else float("nan")

    @property
    def not_estimable(self) -> tuple[tuple[str, ...], ...]:
        return tuple(n for n, e in zip(self.names, self.estimable, strict=True) if not e)


def rates(cells: Cells, of: Metric | str, positive: int = 1) -> Rates:
    """The metric of every group of the cells."""
    chosen = metric(of, _shape(cells), positive) if isinstance(of, str) else of
    hits = cells.table[:, chosen.hits].sum(axis=1)
    return Rates(chosen.name, cells.names, hits, cells.table[:, chosen.units].sum(axis=1))


def _shape(cells: Cells) -> tuple[int, int]:
    return int(cells.table.shape[1]), int(cells.table.shape[2])


@dataclass(frozen=True, slots=True)
class Comparison:
    """A gap (larger is worse) or a ratio (smaller is worse) over groups.

    value: NaN where fewer than two groups can be compared. pair: the groups it lies between (one group for "to_overall").
    state: "partial" where some group is not estimable: the value then says nothing of those groups.
    """

    metric: str
    value: float
    pair: tuple[tuple[str, ...], ...]
    not_estimable: tuple[tuple[str, ...], ...]
    state: State


def gap(found: Rates, method: Method = "between_groups") -> Comparison:
    """Largest minus smallest share, or the largest distance to the share of all rows together.

    As `MetricFrame.difference` of Fairlearn where every group is estimable.
    """
    places = np.flatnonzero(found.estimable)
    shares = found.value[places]
    if len(places) < (2 if method == "between_groups" else 1):
        return _none(found)
    if method == "to_overall":
        away = np.abs(shares - found.overall)
        worst = int(np.argmax(away))
        return _some(found, float(away[worst]), (places[worst],))
    high, low = int(np.argmax(shares)), int(np.argmin(shares))
    return _some(found, float(shares[high] - shares[low]), (places[high], places[low]))


def _none(found: Rates) -> Comparison:
    return Comparison(found.metric, float("nan"), (), found.not_estimable, "not_estimable")


def _some(found: Rates, value: float, places: tuple[np.int64, ...]) -> Comparison:
    missing = found.not_estimable
    pair = tuple(found.names[int(p)] for p in places)
    return Comparison(found.metric, value, pair, missing, "partial" if missing else "estimable")


def equalized_odds_difference(cells: Cells, method: Method = "between_groups") -> Comparison:
    """The larger of the gaps of tpr and fpr, as Fairlearn defines it (agg "worst_case"), with one difference.

    Fairlearn (0.15) takes the rate of a group without a positive (or negative) as 0, which makes a gap out of nothing; here
    the group is not estimable, and the state says so.
    """
    found = [gap(rates(cells, name), method) for name in ("tpr", "fpr")]
    return _together(found, max(_known(found), key=lambda f: f.value, default=None))


def _known(found: list[Comparison]) -> list[Comparison]:
    return [f for f in found if f.state != "not_estimable"]


def _together(found: list[Comparison], worst: Comparison | None) -> Comparison:
    missing = tuple(sorted({n for f in found for n in f.not_estimable}))
    if worst is None:
        return Comparison("equalized_odds", float("nan"), (), missing, "not_estimable")
    whole = len(_known(found)) == len(found) and not missing
    return Comparison("equalized_odds", worst.value, worst.pair, missing, "estimable" if whole else "partial")


@dataclass(frozen=True, slots=True)
class Reversal:
    """Two groups whose order in every stratum is the opposite of their order over all rows (Simpson 1951)."""

    first: str
    second: str
    overall: float
    strata: tuple[tuple[str, float], ...]


def reversals(cells: Cells, attribute: str, stratum: str, of: str, positive: int = 1) -> tuple[Reversal, ...]:
    """Pairs of groups of the attribute with a Simpson reversal over the strata; strata without both are left out."""
    total = rates(cells.by((attribute,)), of, positive)
    inner = rates(cells.by((attribute, stratum)), of, positive)
    share = {n: float(v) for n, v, e in zip(inner.names, inner.value, inner.estimable, strict=True) if e}
    layers = sorted({n[1] for n in inner.names})
    found: list[Reversal] = []
    for i, (first, p) in enumerate(zip(total.names, total.value, strict=True)):
        for second, q in zip(total.names[i + 1 :], total.value[i + 1 :], strict=True):
            a, b = first[0], second[0]
            within = tuple(
                (s, share[a, s] - share[b, s]) for s in layers if (a, s) in share and (b, s) in share
            )
            if len(within) > 1 and all(d * (p - q) < 0 for _, d in within):
                found.append(Reversal(a, b, float(p - q), within))
    return tuple(found)
