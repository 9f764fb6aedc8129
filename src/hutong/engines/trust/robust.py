"""R at level 2: clean rows, and a fixed set of natural corruptions with counter-based chance.

Kinds after Hendrycks and Dietterich 2019 (ICLR), at sizes fit for small images; for tables, noise that stays in the
declared type and bounds and never touches an immutable column.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.balls import UNBOUNDED
from hutong.engines.trust.bars import Said, bar_claim, bar_of
from hutong.engines.trust.data import Rows
from hutong.engines.trust.figures import nearest
from hutong.engines.trust.findings import METRIC_WORDS, judged, not_estimable, rows_of
from hutong.engines.trust.quality import (
    CLASS_EMPTY,
    metric_claim,
    metric_counts,
    metric_interval,
    metric_reach,
    observe_metric,
)
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.statistics.forms import Interval
from hutong.engines.trust.types import Claim, Column, Domain, Finding, Json, refuse
from hutong.kernel.text import Text

Block = NDArray[np.float64]
Corrupt = Callable[[Block, str, np.random.Generator], Block]
NEEDS_RUN = Text("a log cannot be asked about changed inputs", "仅有预测日志，无法对扰动输入重新测试")
FOREIGN = Text(
    "the profile's corruptions are not for this kind of input", "评估配置的扰动类型不适用于该类输入"
)
KIND_WORDS: dict[str, Text] = {
    "noise": Text("noise", "噪声"),
    "shift": Text("shift by one pixel", "平移一个像素"),
    "blur": Text("blur", "模糊"),
    "contrast": Text("contrast", "对比度"),
    "occlusion": Text("occlusion", "遮挡"),
    "jitter": Text("small noise", "小幅噪声"),
    "entry": Text("wrong entry", "录入错误"),
    "rounding": Text("rounding", "取整"),
}


def _noise(images: Block, severity: str, chance: np.random.Generator) -> Block:
    return np.clip(images + chance.normal(0.0, float(severity), images.shape), 0.0, 1.0)


def _shift(images: Block, severity: str, chance: np.random.Generator) -> Block:
    axis, step = {"left": (2, -1), "right": (2, 1), "up": (1, -1), "down": (1, 1)}[severity]
    moved = np.roll(images, step, axis=axis)
    edge: list[slice | int] = [slice(None)] * 3
    edge[axis] = 0 if step > 0 else -1
    moved[tuple(edge)] = 0.0
    return moved


def _blur(images: Block, severity: str, chance: np.random.Generator) -> Block:
    offsets = np.arange(-2, 3)
    weights = np.exp(-0.5 * (offsets / float(severity)) ** 2)
    weights /= weights.sum()
    for axis in (1, 2):
        widths = [(2, 2) if a == axis else (0, 0) for a in range(3)]
        padded, size = np.pad(images, widths), images.shape[axis]
        images = sum(
            (w * padded.take(np.arange(i, i + size), axis=axis) for i, w in enumerate(weights)), np.zeros(())
        )
    return images


def _contrast(images: Block, severity: str, chance: np.random.Generator) -> Block:
    return images * float(severity)


def _occlusion(images: Block, severity: str, chance: np.random.Generator) -> Block:
    size, (n, height, width) = int(severity), images.shape
    top, left = chance.integers(0, height - size + 1, n), chance.integers(0, width - size + 1, n)
    row, column = np.arange(height)[None, :, None], np.arange(width)[None, None, :]
    t, s = top[:, None, None], left[:, None, None]
    hidden = (row >= t) & (row < t + size) & (column >= s) & (column < s + size)
    return np.where(hidden, 0.0, images)


IMAGE: dict[str, Corrupt] = {
    "noise": _noise,
    "shift": _shift,
    "blur": _blur,
    "contrast": _contrast,
    "occlusion": _occlusion,
}
TABLE = ("jitter", "entry", "rounding")


def corrupt(rows: Rows, domain: Domain, kind: str, severity: str, chance: np.random.Generator) -> Rows:
    """Rows (n, d) after one corruption, inside the domain. `Invalid` for a kind that the domain has not."""
    if domain.shape is not None and kind in IMAGE:
        low, span = _bounds(domain.columns[0])
        images = (rows.astype(np.float64).reshape(len(rows), *domain.shape) - low) / span
        changed = IMAGE[kind](images, severity, chance)
        return (changed.reshape(len(rows), -1) * span + low).astype(np.float32)
    if domain.shape is None and kind in TABLE:
        table = rows.astype(np.float64)
        for place, column in enumerate(domain.columns):
            if not column.immutable:
                table[:, place] = _cell_noise(table[:, place], column, kind, float(severity), chance)
        return table.astype(np.float32)
    what = Text("The corruption {k} is not for this kind of input.", "扰动类型{k}不适用于该类输入。").format(
        k=kind
    )
    raise refuse("robust.kind", what)


def _cell_noise(
    values: Block, column: Column, kind: str, severity: float, chance: np.random.Generator
) -> Block:
    low, span = _bounds(column)
    if kind == "jitter":
        changed = values + chance.normal(0.0, severity * span, len(values))
    elif kind == "rounding":
        # Rounding to fives would blank a yes/no column; there it means nothing.
        changed = values if span <= 2 * severity else np.rint(values / severity) * severity
    else:
        wrong = chance.random(len(values)) < severity
        fresh = low + chance.random(len(values)) * span
        if column.whole:
            fresh = chance.integers(int(np.ceil(low)), int(np.floor(low + span)) + 1, len(values)).astype(
                np.float64
            )
        changed = np.where(wrong, fresh, values)
    changed = np.rint(changed) if column.whole else changed
    return np.clip(changed, low, low + span)


def _bounded(column: Column) -> bool:
    return column.low is not None and column.high is not None and column.high > column.low


def _bounds(column: Column) -> tuple[float, float]:
    if column.low is None or column.high is None or not _bounded(column):
        what = Text("The column {c} has no bounds.", "列{c}未声明取值范围。").format(c=column.name)
        raise refuse("domain.bounds", what, where=column.name)
    return float(column.low), float(column.high - column.low)


def _claims(setting: Setting) -> tuple[Claim, ...]:
    metric, n = setting.profile.quality_metric, setting.data.n
    cases = [{"kind": k, "severity": s} for k, s in setting.profile.corruptions]
    said = Said(
        Text("{m} under the worst of {n} corruptions is at least {t}", "{n}种扰动中最差情形的{m}不低于{t}"),
        Text("under some corruption {m} is below {t}", "某种扰动下{m}低于{t}"),
        Text("rows like those held out, corrupted", "与留出数据同分布且受扰动的样本"),
        {"m": METRIC_WORDS[metric], "n": len(cases)},
    )
    reach = metric_reach(setting, bar_of(setting, "robust_min"), len(cases))
    worst = bar_claim(
        setting, "R2.corruptions", ("R", 2), "worst_at_least", metric, "robust_min", said, n, reach,
        queries=n * len(cases), params={"cases": cases},
    )  # fmt: skip
    return metric_claim(setting, "R2.clean", "R", "robust_min"), worst


def _observe(claim: Claim, bench: Bench) -> Json:
    if claim.kind == "metric_at_least":
        return observe_metric(claim, bench)
    data, system = bench.setting.data, bench.setting.system
    found = []
    for case in rows_of(claim.params, "cases"):
        kind, severity = str(case["kind"]), str(case["severity"])
        rows = corrupt(data.features, system.domain, kind, severity, bench.chance(f"R2.{kind}.{severity}"))
        counts = metric_counts(claim.metric, data.labels, bench.target.predict(rows).labels, system.labels)
        found.append({"kind": kind, "severity": severity, "counts": counts})
    return {"cases": found}


def _missing(setting: Setting) -> Text | None:
    if not setting.may("ask"):
        return NEEDS_RUN
    kinds, domain = {kind for kind, _ in setting.profile.corruptions}, setting.system.domain
    if not kinds <= set(TABLE if domain.shape is None else IMAGE):
        return FOREIGN
    touched = domain.columns[:1] if domain.shape is not None else domain.columns
    return UNBOUNDED if any(not _bounded(c) for c in touched if not c.immutable) else None


def worst_rule(claim: Claim, counts: Json) -> Finding:
    """The worst case: lower limits unsplit (intersection-union), upper limits shared (Bonferroni)."""
    alpha = float(str(claim.alpha))
    cases = rows_of(counts, "cases")
    planned = [(c["kind"], c["severity"]) for c in rows_of(claim.params, "cases")]
    if [(c["kind"], c["severity"]) for c in cases] != planned or not cases:
        return not_estimable(claim, Text("not all planned corruptions were run", "计划的扰动未全部执行"))
    try:
        low = [_interval(claim, c, alpha) for c in cases]
        high = [_interval(claim, c, alpha / len(cases)) for c in cases]
    except ZeroDivisionError as error:
        return not_estimable(claim, CLASS_EMPTY.format(c=str(error)))
    worst = int(np.argmin([i.value for i, _ in low]))
    lower, upper = min(i.lower for i, _ in low), min(i.upper for i, _ in high)
    interval = Interval(low[worst][0].value, lower, upper, True, "worst-of")
    name = Text("{k} {s}", "{k} {s}").format(
        k=KIND_WORDS[str(cases[worst]["kind"])], s=str(cases[worst]["severity"])
    )
    details = [
        {"kind": c["kind"], "severity": c["severity"], "value": nearest(i.value)}
        for c, (i, _) in zip(cases, low, strict=True)
    ]
    return judged(
        claim, interval, low[worst][1], claim.metric, details, Text("worst: {c}", "最差：{c}").format(c=name)
    )


def _interval(claim: Claim, case: Json, alpha: float) -> tuple[Interval, int]:
    counts = case["counts"]
    if not isinstance(counts, dict):
        raise TypeError("counts")
    return metric_interval(claim.metric, counts, alpha)


METHODS = (Method("corruptions", "R", 2, _claims, _observe, missing=_missing),)
RULES: dict[str, Rule] = {"worst_at_least": worst_rule}
