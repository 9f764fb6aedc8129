"""Q at level 3: the quality on every slice that can be named before a prediction is seen, the newest rows among them.

Slices are made from rows, labels and groups alone: classes, groups of persons, halves of each column of a table, thirds of
the brightness of images, and where a column holds time its last third. All must pass, so alpha is not split. Where two
slices meet is explored and shown (`explored`). Rows known from training are counted for wide data, where a repeat is no chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.access import unasked
from hutong.engines.trust.bars import Said, bar_claim, bar_of
from hutong.engines.trust.explored import crossings, weak, words_of
from hutong.engines.trust.figures import nearest, short
from hutong.engines.trust.findings import METRIC_WORDS, judged, not_estimable, rows_of, whole, with_note
from hutong.engines.trust.groups import SMALL
from hutong.engines.trust.intervals import share_of
from hutong.engines.trust.power import Reach, mean_reach, share_reach, share_reach_below
from hutong.engines.trust.quality import metric_counts, metric_interval
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.statistics.forms import Interval
from hutong.engines.trust.types import Claim, Finding, Json
from hutong.kernel.text import Text

Mask = NDArray[np.bool_]
TIME = ("time", "date", "year", "month", "day")
# From so many columns on two equal rows are no coincidence.
WIDE = 16


def slices_of(setting: Setting) -> Iterator[tuple[Text, Mask]]:
    """Name and (n,) rows of each slice."""
    data, system = setting.data, setting.system
    if setting.profile.quality_metric == "accuracy":
        for place, label in enumerate(system.labels):
            yield Text(f"class {label}", f"类别{label}"), data.labels == place
    for attribute in sorted(data.groups):
        for name in np.unique(data.groups[attribute]).tolist():
            yield Text(f"{attribute} {name}", f"{attribute} {name}"), data.groups[attribute] == name
    wide = data.features.astype(np.float64)
    if system.domain.shape is not None:
        yield from _parts(Text("brightness", "亮度"), wide.mean(axis=1), 3)
        return
    for place, column in enumerate(system.domain.columns):
        if column.name.lower() in TIME:
            cut = float(np.quantile(wide[:, place], 2 / 3))
            newest = Text("latest {c} > {v}", "最新数据{c} > {v}").format(
                c=column.name, v=short(nearest(cut))
            )
            yield newest, wide[:, place] > cut
        elif len(system.domain.columns) < WIDE:
            yield from _parts(Text(column.name, column.name), wide[:, place], 2)


def _parts(name: Text, values: NDArray[np.float64], parts: int) -> Iterator[tuple[Text, Mask]]:
    """Parts of equal size as far as ties allow; a part without a row is none."""
    cuts = [-np.inf, *np.quantile(values, np.arange(1, parts) / parts).tolist(), np.inf]
    for low, high in pairwise(cuts):
        inside = (values > low) & (values <= high)
        if inside.any() and not inside.all():
            side = f"> {short(nearest(low))}" if np.isfinite(low) else ""
            end = f"≤ {short(nearest(high))}" if np.isfinite(high) else ""
            bounds = " ".join(p for p in (side, end) if p)
            yield Text("{n} {b}", "{n} {b}").format(n=name, b=bounds), inside


def _enough(setting: Setting, inside: Mask) -> bool:
    """Whether a slice can be judged: rows in all, and of each class where classes are averaged."""
    least = setting.profile.min_group
    if setting.profile.quality_metric == "accuracy":
        return int(inside.sum()) >= least
    counts = np.bincount(setting.data.labels[inside], minlength=len(setting.system.labels))
    return bool(counts.min() >= least)


def _claims(setting: Setting) -> tuple[Claim, ...]:
    metric, bar = setting.profile.quality_metric, bar_of(setting, "slice_min")
    masks = [(name, inside, _enough(setting, inside)) for name, inside in slices_of(setting)]
    cases = [{"name": n.en, "zh": n.zh, "n": int(m.sum()), "enough": e} for n, m, e in masks]
    reach = _reach(setting, [m for _, m, e in masks if e], bar)
    said = Said(
        Text("{m} is at least {t} on each of {n} slices", "{n}个切片上的{m}均不低于{t}"),
        Text("on some slice {m} is below {t}", "某切片上{m}低于{t}"),
        Text("rows like those held out, by slice", "与留出数据同分布的样本，按切片"),
        {"m": METRIC_WORDS[metric], "n": len(cases)},
    )
    worst = bar_claim(
        setting, "Q3.slices", ("Q", 3), "slices_at_least", metric, "slice_min", said, setting.data.n, reach,
        params={"slices": cases},
    )  # fmt: skip
    return (worst, _leak(setting)) if _leak_asked(setting) else (worst,)


def _reach(setting: Setting, masks: list[Mask], bar: float) -> Reach:
    """Of the smallest slice that decides, as one of so many."""
    if not masks:
        return None, None
    labels = setting.data.labels[min(masks, key=lambda m: int(m.sum()))]
    if setting.profile.quality_metric == "accuracy":
        return share_reach(len(labels), bar, setting.alpha, len(masks))
    sizes = np.bincount(labels, minlength=len(setting.system.labels)).tolist()
    return mean_reach(sizes, bar, setting.alpha, len(masks))


def _leak_asked(setting: Setting) -> bool:
    return setting.system.domain.width >= WIDE and setting.data.train_features is not None


def _leak(setting: Setting) -> Claim:
    n = setting.data.n
    reach = share_reach_below(n, bar_of(setting, "leak_max"), setting.alpha)
    said = Said(
        Text(
            "at most {t} of rows were seen in training, exactly or nearly",
            "训练中已见（相同或近似）的样本不超过{t}",
        ),
        Text("more than {t} were seen", "已见者超过{t}"),
    )
    return bar_claim(
        setting,
        "Q3.leak",
        ("Q", 3),
        "leak_at_most",
        "leak",
        "leak_max",
        said,
        n,
        reach,
        direction="<=",
        share=True,
    )


def _observe(claim: Claim, bench: Bench) -> Json:
    data, system = bench.setting.data, bench.setting.system
    if claim.kind == "leak_at_most":
        from hutong.engines.trust.distances import leaks

        found = leaks(
            data.features, data.train_features if data.train_features is not None else data.features[:0]
        )
        touched = {int(i) for i in np.concatenate([found.exact[:, 0], found.near[:, 0]])}
        return {"rows": data.n, "seen": len(touched), "exact": len(set(found.exact[:, 0].tolist()))}
    named = list(slices_of(bench.setting))
    slices = [
        {
            "name": name.en,
            "counts": metric_counts(claim.metric, data.labels[m], bench.clean.labels[m], system.labels),
        }
        for name, m in named
    ]
    if claim.metric != "accuracy":
        return {"slices": slices}
    hit = data.labels == bench.clean.labels
    return {
        "slices": slices,
        "explored": crossings([m for _, m in named], hit, bench.setting.profile.min_group),
    }


def slices_rule(claim: Claim, counts: Json) -> Finding:
    """All slices large enough decide: lower limits unsplit, upper limits shared. The others are named."""
    alpha, planned = float(str(claim.alpha)), rows_of(claim.params, "slices")
    found = rows_of(counts, "slices")
    if [s["name"] for s in found] != [s["name"] for s in planned]:
        return not_estimable(claim, Text("not all planned slices were counted", "计划的切片未全部计数"))
    known = [s for s, p in zip(found, planned, strict=True) if p["enough"]]
    names = {str(p["name"]): Text(str(p["name"]), str(p["zh"])) for p in planned}
    small = [(names[str(p["name"])], p["n"]) for p in planned if not p["enough"]]
    few = Text(
        ", ".join(f"{t.en} ({n})" for t, n in small) or "-",
        "、".join(f"{t.zh}（{n}）" for t, n in small) or "-",
    )
    if not known:
        return not_estimable(claim, SMALL.format(g=few))
    low = [_interval(claim, s, alpha) for s in known]
    high = [_interval(claim, s, alpha / len(known)) for s in known]
    worst = int(np.argmin([i.value for i in low]))
    interval = Interval(
        low[worst].value, min(i.lower for i in low), min(i.upper for i in high), True, "worst-of"
    )
    details: list[dict[str, object]] = [
        {"slice": s["name"], "value": nearest(i.value), "lower": nearest(i.lower)}
        for s, i in zip(known, low, strict=True)
    ]
    note = Text("worst: {s}", "最差：{s}").format(s=names[str(known[worst]["name"])])
    note = with_note(note, SMALL.format(g=few)) if small else note
    explored = weak(
        rows_of(counts, "explored") if "explored" in counts else [],
        [names[str(p["name"])] for p in planned],
        float(str(claim.threshold)),
        alpha,
    )
    if explored:
        note = with_note(note, words_of(explored, alpha))
        details += [{"crossing": name.en, "zh": name.zh, **record} for name, record in explored]
    return judged(claim, interval, int(str(claim.n)), claim.metric, details, note)


def _interval(claim: Claim, part: Json, alpha: float) -> Interval:
    counts = part["counts"]
    if not isinstance(counts, dict):
        raise TypeError("counts")
    return metric_interval(claim.metric, counts, alpha)[0]


def leak_rule(claim: Claim, counts: Json) -> Finding:
    n = whole(counts, "rows")
    if n < 1:
        return not_estimable(claim, Text("no row", "无样本"))
    return judged(
        claim, share_of(whole(counts, "seen"), n, float(str(claim.alpha))), n, "leak", [dict(counts)]
    )


METHODS = (Method("slices", "Q", 3, _claims, _observe, missing=unasked),)
RULES: dict[str, Rule] = {"slices_at_least": slices_rule, "leak_at_most": leak_rule}
