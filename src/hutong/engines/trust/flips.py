"""F at levels 3 and 4: would the decision be another one if only the protected attribute were?

A protected column is an input that is named like an attribute of persons, or `attribute=value` for each value (one of them
1). Level 3 changes one attribute at a time and asks the artefact; level 4 bounds what any values of the domain, of all
protected columns together, could change: exact for linear models and sums of trees, sound for small networks. What
reaches the decision through other columns is not seen here: the gaps measure that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from hutong.engines.trust.access import NO_FORM, form_of, unasked
from hutong.engines.trust.balls import Ball, keeps_label
from hutong.engines.trust.bars import PERSONS, Said, bar_claim, bar_of
from hutong.engines.trust.certified import DIFFERS, NODES
from hutong.engines.trust.data import Rows
from hutong.engines.trust.evasion import sample
from hutong.engines.trust.findings import judged, not_estimable, whole
from hutong.engines.trust.groups import NO_GROUPS
from hutong.engines.trust.intervals import share_of
from hutong.engines.trust.power import share_reach_below
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.types import Claim, Domain, Finding, Json
from hutong.kernel.text import Text

MOST_VALUES = 64
MOST_ROWS = 2000
NO_INPUT = Text(
    "no attribute of persons is an input, so none can change a decision by itself; other columns are measured by the gaps",
    "人员属性均非模型输入，无法单独改变决定；其他列的影响由组间差距衡量",
)


def protected(domain: Domain, attributes: list[str]) -> dict[str, list[int]]:
    """Attribute -> places of its columns, for those that are inputs."""
    found: dict[str, list[int]] = {}
    for attribute in attributes:
        places = [
            i
            for i, c in enumerate(domain.columns)
            if c.name == attribute or c.name.startswith(f"{attribute}=")
        ]
        if places:
            found[attribute] = places
    return found


def _claim(setting: Setting, level: int) -> Claim:
    columns = protected(setting.system.domain, sorted(setting.data.groups))
    n = min(setting.data.n, MOST_ROWS if level == 3 else setting.profile.challenge.rows)
    reach = share_reach_below(n, bar_of(setting, "flip_max"), setting.alpha) if columns else (None, None)
    joint = Text("any values of all protected attributes together", "全部受保护属性任意取值")
    alone = Text("another value of one protected attribute", "单个受保护属性改取其他值")
    said = Said(
        Text(
            "with {w}, all else equal, at most {t} of decisions change",
            "其他条件不变，{w}时，改变的决定不超过{t}",
        ),
        Text("more than {t} change", "改变者超过{t}"),
        PERSONS,
        {"w": joint if level == 4 else alone},
    )
    return bar_claim(
        setting, f"F{level}.flips", ("F", level), "flips_at_most", "flips", "flip_max", said, n, reach,
        direction="<=", queries=n * MOST_VALUES * len(columns) if level == 3 else n,
        params={"columns": [setting.system.domain.columns[i].name for i in chain(*columns.values())]}, share=True,
    )  # fmt: skip


def _missing(setting: Setting) -> Text | None:
    return unasked(setting) if setting.data.groups else NO_GROUPS


def _missing_bound(setting: Setting) -> Text | None:
    asks = protected(setting.system.domain, sorted(setting.data.groups))
    return _missing(setting) or (NO_FORM if asks and form_of(setting) is None else None)


def _observe(claim: Claim, bench: Bench) -> Json:
    setting = bench.setting
    columns = protected(setting.system.domain, sorted(setting.data.groups))
    chosen = sample(bench, f"{claim.id}.rows", int(str(claim.n)))
    rows, was = setting.data.features[chosen], bench.clean.labels[chosen]
    changed = np.zeros(len(rows), np.bool_)
    tried = 0
    for places in columns.values():
        for other in _others(rows, setting.system.domain, places):
            tried += 1
            changed |= bench.target.predict(other).labels != was
    return {
        "rows": len(rows),
        "changed": int(changed.sum()),
        "values": tried,
        "columns": sum(map(len, columns.values())),
    }


def _others(rows: Rows, domain: Domain, places: list[int]) -> Iterator[Rows]:
    """The rows with each other value of one attribute; where the row has it already, it is as it was."""
    if len(places) > 1:
        for place in places:
            other = rows.copy()
            other[:, places], other[:, place] = 0.0, 1.0
            yield other
        return
    (place,) = places
    for value in _values(rows, domain, place):
        other = rows.copy()
        other[:, place] = value
        yield other


def _values(rows: Rows, domain: Domain, place: int) -> list[float]:
    """All whole numbers of a narrow column; else those that occur, the most spread ones, and both bounds."""
    column = domain.columns[place]
    low, high = column.low, column.high
    if column.whole and low is not None and high is not None and high - low < MOST_VALUES:
        return [float(v) for v in range(int(np.ceil(float(low))), int(high) + 1)]
    seen = np.unique(rows[:, place])
    some = seen[np.unique(np.linspace(0, len(seen) - 1, MOST_VALUES).astype(np.int64))]
    return [*map(float, some), *(float(b) for b in (low, high) if b is not None)]


def _observe_bound(claim: Claim, bench: Bench) -> Json:
    setting, form = bench.setting, form_of(bench.setting)
    columns = protected(setting.system.domain, sorted(setting.data.groups))
    chosen = sample(bench, f"{claim.id}.rows", int(str(claim.n)))
    if not columns or form is None:
        return {"rows": len(chosen), "changed": 0, "values": 0, "columns": 0}
    free = set(chain(*columns.values()))
    domain = replace(
        setting.system.domain,
        kind="table",
        shape=None,
        columns=tuple(
            replace(c, immutable=i not in free) for i, c in enumerate(setting.system.domain.columns)
        ),
    )
    labels = bench.clean.labels
    if (form.decide(setting.data.features) != labels).any():
        return {"not_run": DIFFERS.as_json()}
    balls = ((Ball(setting.data.features[p], domain, None), int(labels[p])) for p in chosen.tolist())
    changed = sum(keeps_label(form, ball, label, NODES)[0] != "holds" for ball, label in balls)
    return {"rows": len(chosen), "changed": changed, "values": 0, "columns": len(free)}


def flips_rule(claim: Claim, counts: Json) -> Finding:
    n, changed = whole(counts, "rows"), whole(counts, "changed")
    if n < 1:
        return not_estimable(claim, Text("no row", "无样本"))
    if not whole(counts, "columns"):
        return Finding(
            claim.id, "pass", NO_INPUT, value="0", lower="0", upper="0", threshold=claim.threshold, n=n
        )
    return judged(claim, share_of(changed, n, float(str(claim.alpha))), n, "flips", [dict(counts)])


METHODS = (
    Method("flips", "F", 3, lambda s: (_claim(s, 3),), _observe, missing=_missing),
    Method("flips_bound", "F", 4, lambda s: (_claim(s, 4),), _observe_bound, missing=_missing_bound),
)
RULES: dict[str, Rule] = {"flips_at_most": flips_rule}
