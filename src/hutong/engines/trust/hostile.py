"""S at level 3 for classifiers: the door under attack, and answers that do not depend on who else asks.

Hostile inputs are drawn from a grammar of mutations of real rows (several at once, at any place, at the very edge of bounds,
in batches with good rows), which no list of examples covers; the share that is answered has an exact limit.
What lies exactly on a bound is inside and has to be answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hutong.engines.trust.access import unasked
from hutong.engines.trust.data import Rows
from hutong.engines.trust.figures import nearest, told
from hutong.engines.trust.findings import judged, not_estimable, rows_of, whole
from hutong.engines.trust.intervals import share_of
from hutong.engines.trust.power import share_reach_below
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.safety import refused
from hutong.engines.trust.targets import outside
from hutong.engines.trust.types import Claim, Column, Domain, Finding, Json
from hutong.kernel.text import Text

DRAWN = 1500
BATCHES = 64
Mutation = Callable[[Any, Domain, int, np.random.Generator], Any]


def _cell(value: Callable[[Column, float, np.random.Generator], float]) -> Mutation:
    def change(rows: Any, domain: Domain, place: int, chance: np.random.Generator) -> Any:
        wide = np.asarray(rows)
        if wide.ndim != 2 or wide.shape[1] != domain.width or wide.dtype.kind != "f":
            return rows
        changed = wide.copy()
        line = int(chance.integers(len(wide)))
        with np.errstate(over="ignore"):
            changed[line, place] = value(domain.columns[place], float(wide[line, place]), chance)
        return changed

    return change


def _edge(column: Column, at: float, chance: np.random.Generator) -> float:
    """The first float32 outside a bound; infinity where there is none to be outside of."""
    if column.high is not None and (column.low is None or chance.random() < 0.5):
        return float(np.nextafter(np.float32(float(column.high)), np.float32(np.inf)))
    if column.low is not None:
        return float(np.nextafter(np.float32(float(column.low)), np.float32(-np.inf)))
    return float("inf")


def _huge(column: Column, at: float, chance: np.random.Generator) -> float:
    return float(chance.choice([1e38, -1e38, np.inf, -np.inf])) if _bounded(column) else float("inf")


def _bounded(column: Column) -> bool:
    return column.low is not None and column.high is not None


def _nothing(column: Column, at: float, chance: np.random.Generator) -> float:
    return float("nan")


def _short(rows: Any, domain: Domain, place: int, chance: np.random.Generator) -> Any:
    wide = np.asarray(rows)
    return (
        np.delete(wide, min(place, wide.shape[1] - 1), axis=1)
        if wide.ndim == 2 and wide.shape[1] > 1
        else rows
    )


def _long(rows: Any, domain: Domain, place: int, chance: np.random.Generator) -> Any:
    wide = np.asarray(rows)
    return np.concatenate([wide, wide[:, :1]], axis=1) if wide.ndim == 2 else rows


def _flat(rows: Any, domain: Domain, place: int, chance: np.random.Generator) -> Any:
    wide = np.asarray(rows)
    return wide[0] if wide.ndim == 2 else rows


def _words(rows: Any, domain: Domain, place: int, chance: np.random.Generator) -> Any:
    wide = np.asarray(rows)
    if chance.random() < 0.5:
        return wide.astype(str)
    mixed = wide.astype(object)
    mixed.reshape(-1)[0] = None
    return mixed


MUTATIONS: dict[str, Mutation] = {
    "no number": _cell(_nothing),
    "edge": _cell(_edge),
    "huge": _cell(_huge),
    "column short": _short,
    "column more": _long,
    "one axis": _flat,
    "text": _words,
}


def hostile(rows: Rows, domain: Domain, chance: np.random.Generator) -> tuple[str, Any]:
    """One input that lies outside the domain: one to three mutations of one to four real rows, and their names."""
    names = list(MUTATIONS)
    while True:
        made: Any = rows[chance.integers(len(rows), size=int(chance.integers(1, 5)))].copy()
        chosen = [names[i] for i in chance.integers(len(names), size=int(chance.integers(1, 4)))]
        for name in chosen:
            made = MUTATIONS[name](made, domain, int(chance.integers(domain.width)), chance)
        if outside(made, domain) is not None:
            return chosen[0], made


def _claims(setting: Setting) -> tuple[Claim, ...]:
    bar = setting.profile.thresholds["answered_max"].value
    passes, fails = share_reach_below(DRAWN, float(bar), setting.alpha)
    say = {"t": told(bar)}
    door = Claim(
        id="S3.door",
        category="S",
        level=3,
        kind="answered_at_most",
        metric="answered",
        statement=Text("at most {t} of hostile inputs are answered", "被答复的恶意输入不超过{t}").format(
            **say
        ),
        population=Text("inputs drawn from the grammar of mutations", "由变异文法抽取的输入"),
        null=Text("more than {t} are answered", "被答复者超过{t}").format(**say),
        threshold=nearest(bar),
        direction="<=",
        alpha=nearest(setting.alpha),
        n=DRAWN,
        queries=DRAWN,
        passes_from=passes,
        fails_from=fails,
    )
    alone = Claim(
        id="S3.alone",
        category="S",
        level=3,
        kind="all_alike",
        metric="alike",
        statement=Text(
            "an input has one answer, alone and in any batch; what lies on a bound is answered",
            "同一输入单独或成批提问回答一致；边界值可获答复",
        ),
        population=Text("rows and batches drawn by the committed seed", "按承诺种子抽取的样本与批次"),
        null=Text("some answer depends on what is asked beside it", "存在受同批输入影响的回答"),
        n=BATCHES,
        queries=BATCHES * 32 + 2 * setting.system.domain.width,
    )
    return door, alone


def _missing(setting: Setting) -> Text | None:
    return unasked(setting)


def _observe(claim: Claim, bench: Bench) -> Json:
    data, domain, chance = bench.setting.data, bench.setting.system.domain, bench.chance(claim.id)
    if claim.kind == "all_alike":
        return _alike(bench, chance)
    answered, by = 0, dict.fromkeys(MUTATIONS, 0)
    for _ in range(DRAWN):
        name, made = hostile(data.features, domain, chance)
        if not refused(bench, made):
            answered += 1
            by[name] += 1
    return {
        "drawn": DRAWN,
        "answered": answered,
        "by": [{"name": k, "answered": v} for k, v in by.items() if v],
    }


def _alike(bench: Bench, chance: np.random.Generator) -> Json:
    data, domain = bench.setting.data, bench.setting.system.domain
    alike = asked = 0
    for _ in range(BATCHES):
        some = chance.integers(data.n, size=int(chance.integers(1, 33)))
        asked += len(some)
        alike += int((bench.target.predict(data.features[some]).labels == bench.clean.labels[some]).sum())
    edges = _on_bounds(data.features, domain, chance)
    answered = sum(not refused(bench, row[None]) for row in edges)
    return {"asked": asked, "alike": alike, "edges": len(edges), "answered": answered}


def _on_bounds(rows: Rows, domain: Domain, chance: np.random.Generator) -> Rows:
    """Real rows, each with one column on its bound, where float32 holds that bound."""
    found = []
    for place, column in enumerate(domain.columns):
        for bound in (column.low, column.high):
            if bound is not None and float(np.float32(float(bound))) == float(bound):
                row = rows[int(chance.integers(len(rows)))].copy()
                row[place] = float(bound)
                found.append(row)
    return np.array(found, np.float32).reshape(-1, domain.width)


def answered_rule(claim: Claim, counts: Json) -> Finding:
    n = whole(counts, "drawn")
    if n < 1:
        return not_estimable(claim, Text("nothing was drawn", "未抽取输入"))
    found = share_of(whole(counts, "answered"), n, float(str(claim.alpha)))
    return judged(claim, found, n, "answered", rows_of(counts, "by"))


def alike_rule(claim: Claim, counts: Json) -> Finding:
    asked, alike, edges, answered = (whole(counts, k) for k in ("asked", "alike", "edges", "answered"))
    words = Text(
        "{a} of {n} answers alike in batches; {k} of {e} rows on a bound answered",
        "成批提问{n}次中{a}次一致；{e}行边界值答复{k}行",
    ).format(a=alike, n=asked, k=answered, e=edges)
    good = asked > 0 and alike == asked and answered == edges
    return Finding(claim.id, "pass" if good else "fail", words, n=asked, details=(dict(counts),))


METHODS = (Method("hostile", "S", 3, _claims, _observe, missing=_missing),)
RULES: dict[str, Rule] = {"answered_at_most": answered_rule, "all_alike": alike_rule}
