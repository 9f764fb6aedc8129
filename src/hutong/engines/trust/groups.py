"""F at level 2: gaps between groups, all from one count.

`count_groups` counts once, n[group, label, decision] at the finest intersection; every metric of every attribute and of
every intersection is a sum over that tensor. The gate is the largest absolute gap per attribute; gaps between
intersections are shown with their limits (they gate at level 3). Groups below `min_group` are named, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.data import Codes
from hutong.engines.trust.figures import above, below, nearest, short
from hutong.engines.trust.findings import METRIC_WORDS, judged, not_estimable, rows_of
from hutong.engines.trust.intervals import clopper_pearson, largest_gap, miettinen_nurminen, sidak
from hutong.engines.trust.power import gap_reach
from hutong.engines.trust.profile import GAP_METRICS
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

Tensor = NDArray[np.int64]
NO_GROUPS = Text(
    "no attribute of persons was given, and no reason on record why there is none",
    "未提供人员属性，亦无不适用理由的备案记录",
)
SMALL = Text("too few to be estimated: {g}", "样本过少、无法估计：{g}")


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """names: intersections as tuples, one name per attribute. table: (g, k, k + 1) rows by label and decision.

    The last decision stands for an answer that is no declared label.
    """

    attributes: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    table: Tensor = field(hash=False)

    def by(self, attribute: str) -> tuple[tuple[str, ...], Tensor]:
        """Names and table of one attribute: a sum over the others."""
        place = self.attributes.index(attribute)
        names = tuple(sorted({n[place] for n in self.names}))
        position = {n: i for i, n in enumerate(names)}
        total = np.zeros((len(names), *self.table.shape[1:]), dtype=np.int64)
        np.add.at(total, [position[n[place]] for n in self.names], self.table)
        return names, total


def count_groups(
    groups: Mapping[str, NDArray[np.str_]], labels: Codes, decided: Codes, classes: int
) -> GroupCounts:
    """One pass over n rows; memory grows with the groups that exist, not with those that could."""
    attributes = tuple(sorted(groups))
    key = np.zeros(len(labels), dtype=np.int64)
    values: list[NDArray[np.str_]] = []
    for attribute in attributes:
        names, code = np.unique(groups[attribute], return_inverse=True)
        values.append(names)
        # Keys stay below the number of rows times the names of one attribute: no overflow at any width.
        _, key = np.unique(key * len(names) + code, return_inverse=True)
    found = int(key.max()) + 1 if len(key) else 0
    width = classes + 1
    column = np.where((decided >= 0) & (decided < classes), decided, classes)
    flat = np.bincount((key * classes + labels) * width + column, minlength=found * classes * width)
    first = np.zeros(found, dtype=np.int64)
    first[key] = np.arange(len(key))
    intersections = tuple(tuple(str(groups[a][i]) for a in attributes) for i in first)
    return GroupCounts(attributes, intersections, flat.reshape(found, classes, width))


def rate(metric: str, table: Tensor, positive: int | None) -> tuple[Tensor, Tensor]:
    """Hits and units of a metric per group, from the (g, k, k + 1) table."""
    classes = table.shape[1]
    if metric == "accuracy" or positive is None:
        return np.trace(table[:, :, :classes], axis1=1, axis2=2), table.sum(axis=(1, 2))
    chosen = table[:, :, positive]
    if metric == "selection_rate":
        return chosen.sum(axis=1), table.sum(axis=(1, 2))
    others = [c for c in range(classes) if c != positive]
    rows = [positive] if metric == "tpr" else others
    return chosen[:, rows].sum(axis=1), table[:, rows].sum(axis=(1, 2))


def _claims(setting: Setting) -> tuple[Claim, ...]:
    profile, data = setting.profile, setting.data
    bar = profile.thresholds["gap_max"].value
    positive = (
        None if setting.system.positive is None else setting.system.labels.index(setting.system.positive)
    )
    metric = profile.gap_metric if positive is not None else "accuracy"
    say = {"m": METRIC_WORDS[metric], "t": nearest(bar)}

    def one(attribute: str) -> Claim:
        sizes = _sizes(setting, attribute, metric, positive)
        passes, fails = gap_reach([s for s in sizes if s >= profile.min_group], float(bar), setting.alpha)
        return Claim(
            id=f"F2.gap.{attribute}",
            category="F",
            level=2,
            kind="gap_at_most",
            metric=metric,
            statement=Text(
                "{m} differs by at most {t} between groups by {a}", "按{a}分组，{m}相差不超过{t}"
            ).format(a=attribute, **say),
            population=Text(
                "persons like those held out, by {a}", "与留出数据同分布的人员，按{a}分组"
            ).format(a=attribute),
            null=Text("some two groups differ by more than {t}", "某两组相差超过{t}").format(t=nearest(bar)),
            threshold=nearest(bar),
            direction="<=",
            alpha=nearest(setting.alpha),
            n=data.n,
            passes_from=passes,
            fails_from=fails,
            params={
                "attribute": attribute,
                "min_group": profile.min_group,
                "positive": positive,
                "sizes": sizes,
            },
        )

    return tuple(one(a) for a in sorted(data.groups) or ["none"])


def _sizes(setting: Setting, attribute: str, metric: str, positive: int | None) -> list[int]:
    """Units per group that the metric will have: known from the rows before any decision is seen."""
    if attribute not in setting.data.groups:
        return []
    labels = setting.data.labels
    counts = count_groups(
        {attribute: setting.data.groups[attribute]}, labels, labels, len(setting.system.labels)
    )
    _, units = rate(metric, counts.table, positive)
    return [int(u) for u in units]


def _missing(setting: Setting) -> Text | None:
    return None if setting.data.groups else NO_GROUPS


def _observe(claim: Claim, bench: Bench) -> Json:
    data = bench.setting.data
    counts = count_groups(data.groups, data.labels, bench.clean.labels, len(bench.setting.system.labels))
    names, table = counts.by(str(claim.params["attribute"]))
    crossed = list(zip((" × ".join(n) for n in counts.names), counts.table, strict=True))
    several = len(counts.attributes) > 1
    return {
        "groups": [{"name": n, "table": t.tolist()} for n, t in zip(names, table, strict=True)],
        "intersections": [{"name": n, "table": t.tolist()} for n, t in sorted(crossed, key=lambda c: c[0])]
        if several
        else [],
    }


def gap_rule(claim: Claim, counts: Json) -> Finding:
    """Pass: every pair's upper limit is within the threshold and every group could be estimated."""
    alpha, least = float(str(claim.alpha)), int(str(claim.params["min_group"]))
    found = claim.params["positive"]
    positive = found if isinstance(found, int) else None
    groups = _Side.read(rows_of(counts, "groups"))
    crossed = _Side.read(rows_of(counts, "intersections"))
    shown = [groups.show(m, positive, alpha, least, "groups") for m in _metrics(positive)]
    if crossed.names:
        shown += [crossed.show(m, positive, alpha, least, "intersections") for m in _metrics(positive)]
    hits, n = rate(claim.metric, groups.table, positive)
    enough = n >= least
    small = [f"{g} ({int(m)})" for g, m, e in zip(groups.names, n, enough, strict=True) if not e]
    if enough.sum() < 2:
        why = SMALL.format(g=", ".join(small)) if small else Text("fewer than two groups", "不足两个分组")
        return not_estimable(claim, why, int(n.sum()), shown)
    interval = largest_gap(hits[enough], n[enough], alpha)
    finding = judged(claim, interval, int(n.sum()), "gap", shown, _rates(claim, groups.names, hits, n))
    if small and finding.state != "fail":
        return not_estimable(claim, SMALL.format(g=", ".join(small)), int(n.sum()), shown)
    return finding


def _metrics(positive: int | None) -> tuple[str, ...]:
    return GAP_METRICS if positive is not None else ("accuracy",)


def _rates(claim: Claim, names: Sequence[str], hits: Tensor, n: Tensor) -> Text:
    order = np.argsort(hits / np.maximum(n, 1), kind="stable")
    ends = [order[0], order[-1]]
    text = ", ".join(
        f"{names[i]} {short(nearest(int(hits[i]) / max(int(n[i]), 1)))} (n={int(n[i])})" for i in ends
    )
    return Text("{m}: {t}", "{m}：{t}").format(m=METRIC_WORDS[claim.metric], t=text)


@dataclass(frozen=True, slots=True)
class _Side:
    names: tuple[str, ...]
    table: Tensor = field(hash=False)

    @classmethod
    def read(cls, rows: Sequence[Json]) -> _Side:
        return cls(tuple(str(r["name"]) for r in rows), np.array([r["table"] for r in rows], dtype=np.int64))

    def show(self, metric: str, positive: int | None, alpha: float, least: int, of: str) -> dict[str, object]:
        """Rates with simultaneous exact limits, the largest gap, and each pair's score interval (display)."""
        hits, n = rate(metric, self.table, positive)
        enough = n >= least
        k = int(enough.sum())
        low, high = clopper_pearson(hits, n, sidak(alpha, max(k, 1)))
        rates = [
            {"name": g, "n": int(n[i]), "hits": int(hits[i])}
            | (
                {
                    "rate": nearest(int(hits[i]) / int(n[i])),
                    "lower": below(float(low[i])),
                    "upper": above(float(high[i])),
                }
                if enough[i]
                else {"state": "not_estimable"}
            )
            for i, g in enumerate(self.names)
        ]
        shown: dict[str, object] = {"of": of, "metric": metric, "rates": rates}
        if k >= 2:
            gap = largest_gap(hits[enough], n[enough], alpha)
            shown["gap"] = {"value": nearest(gap.value), "lower": below(gap.lower), "upper": above(gap.upper)}
        if 2 <= k <= 12:
            shown["pairs"] = self._pairs(hits, n, np.flatnonzero(enough).tolist(), alpha)
        return shown

    def _pairs(self, hits: Tensor, n: Tensor, places: list[int], alpha: float) -> list[dict[str, object]]:
        pairs = [(i, j) for i in places for j in places if i < j]
        found: list[dict[str, object]] = []
        for i, j in pairs:
            score = miettinen_nurminen(
                (int(hits[i]), int(hits[j])), (int(n[i]), int(n[j])), alpha / len(pairs)
            )
            names = {"first": self.names[i], "second": self.names[j]}
            found.append(
                {
                    **names,
                    "difference": nearest(score.value),
                    "lower": below(score.lower),
                    "upper": above(score.upper),
                }
            )
        return found


METHODS = (Method("groups", "F", 2, _claims, _observe, missing=_missing),)
RULES: dict[str, Rule] = {"gap_at_most": gap_rule}
