"""F at level 2: gaps between groups, all from one count (`statistics.counts`).

The gate is the largest absolute gap per attribute; intersections gate at level 3 (`intersections`). Groups below
`min_group` are named, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.bars import Said, bar_claim, bar_of
from hutong.engines.trust.findings import METRIC_WORDS, judged, not_estimable, rows_of, with_note
from hutong.engines.trust.power import gap_reach
from hutong.engines.trust.profile import GAP_METRICS
from hutong.engines.trust.reweigh import reweighted
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.scores import score_counts
from hutong.engines.trust.shown import ends, known_gap, reversed_words, show
from hutong.engines.trust.statistics.counts import Cells, cells_of, count_rows
from hutong.engines.trust.statistics.gaps import Bound
from hutong.engines.trust.statistics.metrics import Rates, rates
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

NO_GROUPS = Text(
    "no attribute of persons was given, and no reason on record why there is none",
    "未提供人员属性，亦无不适用理由的备案记录",
)
SMALL = Text("too few to be estimated: {g}", "样本过少、无法估计：{g}")
CROSS = " × "
# Pairs up to which the shorter interval of a pair is worth its 30 ms; beyond, two exact limits at once.
FEW_PAIRS = 28


def positive_of(setting: Setting) -> int | None:
    system = setting.system
    return None if system.positive is None else system.labels.index(system.positive)


def counted(
    groups: Mapping[str, NDArray[np.str_]],
    labels: NDArray[np.int64],
    decided: NDArray[np.int64],
    classes: int,
) -> Cells:
    """n[group, label, decision] at the finest intersection of all attributes."""
    return count_rows(groups, labels, decided, classes)


def rates_of(metric: str, cells: Cells, positive: int | None) -> Rates:
    """A metric by group. Without a favourable decision only the accuracy has a meaning."""
    return rates(cells, "accuracy" if positive is None else metric, positive or 0)


def method_for(groups: int) -> Bound:
    """How pairs are bounded, chosen by the number of groups alone: before any decision is seen."""
    return "combined" if groups * (groups - 1) // 2 <= FEW_PAIRS else "box"


def gap_claim(setting: Setting, attributes: tuple[str, ...], level: int) -> Claim:
    """That the groups of these attributes, crossed, differ by at most the profile's gap."""
    metric, sizes = gap_metric_of(setting), sizes_by(setting, attributes)
    least = setting.profile.min_group
    enough = [s for s in sizes if s >= least]
    method, name = method_for(len(enough)), CROSS.join(attributes)
    said = Said(
        Text("{m} differs by at most {t} between groups by {a}", "按{a}分组，{m}相差不超过{t}"),
        Text("some two groups differ by more than {t}", "某两组相差超过{t}"),
        Text("persons like those held out, by {a}", "与留出数据同分布的人员，按{a}分组"),
        {"m": METRIC_WORDS[metric], "a": name},
    )
    return bar_claim(
        setting, f"F{level}.gap.{name.replace(CROSS, '.')}", ("F", level), "gap_at_most", metric, "gap_max",
        said, setting.data.n, gap_reach(enough, bar_of(setting, "gap_max"), setting.alpha, method),
        direction="<=",
        params={
            "attribute": name,
            "attributes": list(attributes),
            "min_group": least,
            "positive": positive_of(setting),
            "sizes": sizes,
            "method": method,
        },
    )  # fmt: skip


def gap_metric_of(setting: Setting) -> str:
    """What gaps are measured in: without a favourable decision only the accuracy has a meaning."""
    return setting.profile.gap_metric if positive_of(setting) is not None else "accuracy"


def sizes_by(setting: Setting, attributes: tuple[str, ...]) -> list[int]:
    """Units of each group by these attributes, known before any decision; none where an attribute is not given."""
    data, metric = setting.data, gap_metric_of(setting)
    if not all(a in data.groups for a in attributes):
        return []
    cells = counted(data.groups, data.labels, data.labels, len(setting.system.labels)).by(attributes)
    found: list[int] = rates_of(metric, cells, positive_of(setting)).units.tolist()
    return found


def _claims(setting: Setting) -> tuple[Claim, ...]:
    return tuple(gap_claim(setting, (a,), 2) for a in sorted(setting.data.groups) or ["none"])


def missing(setting: Setting) -> Text | None:
    return None if setting.data.groups else NO_GROUPS


def attributes_of(claim: Claim) -> tuple[str, ...]:
    given = claim.params["attributes"]
    if not isinstance(given, list | tuple):
        raise TypeError("attributes")
    return tuple(str(a) for a in given)


def _observe(claim: Claim, bench: Bench) -> Json:
    cells = _cells(bench)
    mine = cells.by(attributes_of(claim))
    crossed = cells if len(cells.attributes) > 1 else None
    return {
        "groups": listed(mine),
        "intersections": [] if crossed is None else sorted(listed(crossed), key=lambda c: str(c["name"])),
        "scores": score_counts(bench, attributes_of(claim)),
        "reweighting": reweighted(bench, attributes_of(claim)),
    }


def _cells(bench: Bench) -> Cells:
    data = bench.setting.data
    return counted(data.groups, data.labels, bench.clean.labels, len(bench.setting.system.labels))


def listed(cells: Cells) -> list[dict[str, object]]:
    return [
        {"name": CROSS.join(n), "table": t.tolist()} for n, t in zip(cells.names, cells.table, strict=True)
    ]


def read_cells(rows: Sequence[Json], attribute: str = "group") -> Cells | None:
    """The counts again from their record; None where there are none."""
    if not rows:
        return None
    return cells_of(
        (attribute,), [(str(r["name"]),) for r in rows], np.array([r["table"] for r in rows], np.int64)
    )


def gap_rule(claim: Claim, counts: Json) -> Finding:
    """Pass: every pair's upper limit is within the threshold and every group could be estimated.

    At level 3 the groups are intersections: those below the least size are named and the others decide.
    """
    alpha, least = float(str(claim.alpha)), int(str(claim.params["min_group"]))
    given = claim.params["positive"]
    positive = given if isinstance(given, int) else None
    shown: list[Json] = []
    for of in ("groups", "intersections"):
        cells = read_cells(rows_of(counts, of)) if of in counts else None
        if cells is not None:
            metrics = GAP_METRICS if positive is not None else ("accuracy",)
            shown += [show(rates_of(m, cells, positive), alpha, least, of) for m in metrics]
    cells = read_cells(rows_of(counts, "groups"))
    if cells is None:
        return not_estimable(claim, Text("fewer than two groups", "不足两个分组"), 0)
    found = rates_of(claim.metric, cells, positive)
    n = int(found.units.sum())
    small = [f"{g[0]} ({int(m)})" for g, m in zip(found.names, found.units, strict=True) if m < least]
    if (found.units >= least).sum() < 2:
        why = SMALL.format(g=", ".join(small)) if small else Text("fewer than two groups", "不足两个分组")
        return not_estimable(claim, why, n, shown)
    method: Bound = "box" if claim.params.get("method") == "box" else "combined"
    note = ends(claim.metric, found)
    if small and claim.level > 2:
        note = with_note(note, SMALL.format(g=", ".join(small)))
    if counts.get("reversals"):
        note = with_note(note, reversed_words(rows_of(counts, "reversals")))
    finding = judged(claim, known_gap(found, least, alpha, method), n, "gap", shown, note)
    if small and claim.level == 2 and finding.state != "fail":
        return not_estimable(claim, SMALL.format(g=", ".join(small)), n, shown)
    return finding


METHODS = (Method("groups", "F", 2, _claims, _observe, missing=missing),)
RULES: dict[str, Rule] = {"gap_at_most": gap_rule}
