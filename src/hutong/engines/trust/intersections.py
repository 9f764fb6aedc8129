"""F at levels 3 and 4: all intersections of two attributes, calibration by group, Simpson's reversals.

Level 3 asks each crossing and each group on its own (all must pass, so none is split); level 4 asks for limits that hold for
all groups of all crossings at once.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from hutong.engines.trust.access import unasked
from hutong.engines.trust.bars import PERSONS, Said, bar_claim, bar_of
from hutong.engines.trust.figures import above, below, nearest
from hutong.engines.trust.findings import judged, not_estimable, rows_of, whole, with_note
from hutong.engines.trust.groups import (
    SMALL,
    attributes_of,
    counted,
    gap_claim,
    gap_metric_of,
    listed,
    missing,
    positive_of,
    rates_of,
    read_cells,
    sizes_by,
)
from hutong.engines.trust.power import all_gaps_reach, offset_reach
from hutong.engines.trust.quality import NO_SCORES
from hutong.engines.trust.reweigh import reweighted
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.scores import score_counts
from hutong.engines.trust.shown import ends
from hutong.engines.trust.statistics.differences import sidak
from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import Interval
from hutong.engines.trust.statistics.metrics import reversals
from hutong.engines.trust.targets import SCORE_UNIT
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

DEPTH = 2
# What calibration by group keeps of alpha, see `group_calibration_rule`.
KEPT = 0.9


def _claims_three(setting: Setting) -> tuple[Claim, ...]:
    names = sorted(setting.data.groups)
    crossings = tuple(gap_claim(setting, pair, 3) for pair in combinations(names, DEPTH))
    return crossings + tuple(_calibration(setting, a) for a in names or ["none"])


def _calibration(setting: Setting, attribute: str) -> Claim:
    least = setting.profile.min_group
    given = setting.data.groups.get(attribute)
    sizes = [] if given is None else np.unique(given, return_counts=True)[1].tolist()
    enough = sizes if sizes and min(sizes) >= least else []
    said = Said(
        Text(
            "in every group by {a} mean confidence differs from the hit rate by at most {t}",
            "按{a}分组，各组平均置信度与正确率相差均不超过{t}",
        ),
        Text("in some group it differs by more than {t}", "某组相差超过{t}"),
        Text("persons with the scores of those held out", "与留出数据分数相同的人员"),
        {"a": attribute},
    )
    reach = offset_reach(enough, bar_of(setting, "calibration_max"), KEPT * setting.alpha)
    return bar_claim(
        setting, f"F3.calibration.{attribute}", ("F", 3), "group_calibration_at_most", "calibration",
        "calibration_max", said, setting.data.n, reach, direction="<=",
        params={"attribute": attribute, "attributes": [attribute], "min_group": least},
    )  # fmt: skip


def _observe_three(claim: Claim, bench: Bench) -> Json:
    if claim.kind == "group_calibration_at_most":
        return _group_confidence(claim, bench)
    data, attributes = bench.setting.data, attributes_of(claim)
    cells = counted(data.groups, data.labels, bench.clean.labels, len(bench.setting.system.labels))
    positive, pairs = positive_of(bench.setting), (attributes, attributes[::-1])
    metric = claim.metric
    turned = [
        {"first": r.first, "second": r.second, "stratum": inner}
        for outer, inner in pairs
        for r in reversals(cells, outer, inner, metric, positive or 0)
    ]
    return {
        "groups": listed(cells.by(attributes)),
        "reversals": turned,
        "scores": score_counts(bench, attributes),
        "reweighting": reweighted(bench, attributes),
    }


def _group_confidence(claim: Claim, bench: Bench) -> Json:
    """Per group: rows, hits and the sum of confidence in millionths."""
    scores, data, system = bench.clean.scores, bench.setting.data, bench.setting.system
    if scores is None:
        return {"not_run": NO_SCORES.as_json()}
    if system.positive is not None:
        place = system.labels.index(system.positive)
        confidence, hit = scores[:, place], data.labels == place
    else:
        confidence, hit = scores.max(axis=1), scores.argmax(axis=1) == data.labels
    names, code = np.unique(data.groups[str(claim.params["attribute"])], return_inverse=True)
    found = []
    for i, name in enumerate(names.tolist()):
        mine = code == i
        found.append(
            {
                "name": name,
                "n": int(mine.sum()),
                "hits": int(hit[mine].sum()),
                "confidence": int(confidence[mine].sum()),
            }
        )
    return {"groups": found}


def group_calibration_rule(claim: Claim, counts: Json) -> Finding:
    """|mean confidence - hit rate| of each group of at least the least size; all within the threshold.

    Given the scores, hits are independent and the exact limits of a binomial bound their mean (Hoeffding 1956, Ann. Math.
    Stat. 27:713), but for counts next to 0 or n, where alpha is kept by a tenth taken off. Lower limits share alpha.
    """
    alpha, least = KEPT * float(str(claim.alpha)), int(str(claim.params["min_group"]))
    groups = rows_of(counts, "groups")
    small = [f"{g['name']} ({whole(g, 'n')})" for g in groups if whole(g, "n") < least]
    known = [g for g in groups if whole(g, "n") >= least]
    if small or not known:
        return not_estimable(
            claim, SMALL.format(g=", ".join(small) or "-"), sum(whole(g, "n") for g in groups)
        )
    each = [(str(g["name"]), _off(g, alpha), _off(g, alpha / len(known))) for g in known]
    worst = max(each, key=lambda e: e[1].value)
    upper, lower = max(e[1].upper for e in each), max(e[2].lower for e in each)
    interval = Interval(worst[1].value, lower, upper, True, "group-calibration")
    # Limits that are shown hold for all groups at once; those that decide are told in the interval.
    details = [
        {
            "group": n,
            "off": nearest(i.value),
            "lower": below(s.lower),
            "upper": above(s.upper),
            "n": whole(g, "n"),
        }
        for (n, i, s), g in zip(each, known, strict=True)
    ]
    note = Text("worst: {g}", "最差：{g}").format(g=worst[0])
    return judged(claim, interval, sum(whole(g, "n") for g in known), "calibration", details, note)


def _off(group: Json, alpha: float) -> Interval:
    n, hits = whole(group, "n"), whole(group, "hits")
    said, limits = whole(group, "confidence") / SCORE_UNIT / n, clopper_pearson(hits, n, alpha)
    low, high = said - float(limits.upper), said - float(limits.lower)
    return Interval(abs(said - hits / n), max(0.0, low, -high), max(high, -low), True, "clopper-pearson")


def _claims_four(setting: Setting) -> tuple[Claim, ...]:
    names = sorted(setting.data.groups)
    least = setting.profile.min_group
    crossings = [pair for depth in range(1, DEPTH + 1) for pair in combinations(names, depth)]
    sizes = [[s for s in sizes_by(setting, pair) if s >= least] for pair in crossings]
    said = Said(
        Text(
            "the limits of all groups and intersections hold at once, and no two differ by more than {t}",
            "各组及交叉组的置信限同时成立，且任意两组相差不超过{t}",
        ),
        Text("some two groups or intersections differ by more than {t}", "某两组或交叉组相差超过{t}"),
        PERSONS,
    )
    claim = bar_claim(
        setting, "F4.gap", ("F", 4), "all_gaps_at_most", gap_metric_of(setting), "gap_max", said,
        setting.data.n, all_gaps_reach(sizes, bar_of(setting, "gap_max"), setting.alpha), direction="<=",
        params={"attributes": names, "depth": DEPTH, "min_group": least, "positive": positive_of(setting)},
    )  # fmt: skip
    return (claim,)


def _observe_four(claim: Claim, bench: Bench) -> Json:
    data = bench.setting.data
    cells = counted(data.groups, data.labels, bench.clean.labels, len(bench.setting.system.labels))
    return {"crossings": [{"by": list(c.attributes), "groups": listed(c)} for c in cells.crossings(DEPTH)]}


def all_gaps_rule(claim: Claim, counts: Json) -> Finding:
    """Both limits of every group of every crossing at once: Sidak within a crossing (disjoint), Bonferroni across."""
    crossings, least = rows_of(counts, "crossings"), int(str(claim.params["min_group"]))
    given = claim.params["positive"]
    positive, alpha = given if isinstance(given, int) else None, float(str(claim.alpha))
    worst, upper, lower, small = -1.0, 0.0, 0.0, list[str]()
    note = Text("no two groups can be compared", "无可比较的两组")
    for crossing in crossings:
        cells = read_cells(rows_of(crossing, "groups"))
        if cells is None:
            continue
        found = rates_of(claim.metric, cells, positive)
        enough = found.units >= least
        small += [
            f"{n[0]} ({int(u)})" for n, u, e in zip(found.names, found.units, enough, strict=True) if not e
        ]
        if enough.sum() < 2:
            continue
        limits = clopper_pearson(
            found.hits[enough], found.units[enough], sidak(alpha / len(crossings), int(enough.sum()))
        )
        shares = found.value[enough]
        gap = float(shares.max() - shares.min())
        upper = max(upper, float(limits.upper.max() - limits.lower.min()))
        lower = max(lower, float(limits.lower.max() - limits.upper.min()))
        if gap > worst:
            worst, note = gap, ends(claim.metric, found)
    if worst < 0:
        return not_estimable(claim, SMALL.format(g=", ".join(small) or "-"))
    if small:
        note = with_note(note, SMALL.format(g=", ".join(small)))
    interval = Interval(worst, lower, min(1.0, upper), True, "simultaneous")
    return judged(claim, interval, int(str(claim.n)), "gap", crossings, note)


def _missing(setting: Setting) -> Text | None:
    return missing(setting) or unasked(setting)


METHODS = (
    Method("intersections", "F", 3, _claims_three, _observe_three, missing=_missing),
    Method("all_gaps", "F", 4, _claims_four, _observe_four, missing=_missing),
)
RULES: dict[str, Rule] = {
    "group_calibration_at_most": group_calibration_rule,
    "all_gaps_at_most": all_gaps_rule,
}
