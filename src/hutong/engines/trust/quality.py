"""Q at level 2: accuracy (or balanced accuracy) and calibration, with exact or finite-sample limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hutong.engines.trust.bars import Said, bar_claim, bar_of
from hutong.engines.trust.data import Codes
from hutong.engines.trust.figures import nearest
from hutong.engines.trust.findings import METRIC_WORDS, judged, not_estimable, rows_of, whole
from hutong.engines.trust.intervals import empirical_bernstein, mean_of_classes, share_of
from hutong.engines.trust.power import bernstein_reach, mean_reach, share_reach
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.statistics.forms import Interval
from hutong.engines.trust.types import Category, Claim, Finding, Json
from hutong.kernel.text import Text

# Confidence is summed in hundredths of a per cent, so that sums are exact whole numbers.
UNIT = 10_000
CLASS_EMPTY = Text("no row of class {c}", "没有类别{c}的样本")
NO_SCORES = Text("the system gives no scores", "系统未给出分数")


def metric_counts(metric: str, labels: Codes, predicted: Codes, names: Sequence[str]) -> dict[str, object]:
    """Units and hits: in all, or per class for balanced accuracy."""
    hit = labels == predicted
    if metric == "accuracy":
        return {"n": len(labels), "hits": int(hit.sum())}
    n = np.bincount(labels, minlength=len(names))
    hits = np.bincount(labels[hit], minlength=len(names))
    return {
        "classes": [{"label": c, "n": int(a), "hits": int(b)} for c, a, b in zip(names, n, hits, strict=True)]
    }


def metric_interval(metric: str, counts: Json, alpha: float) -> tuple[Interval, int]:
    """Interval at 1 - alpha and number of units. ZeroDivisionError when there is none (or none of a class)."""
    if metric == "accuracy":
        n, hits = whole(counts, "n"), whole(counts, "hits")
        return share_of(hits, n, alpha), n
    classes = rows_of(counts, "classes")
    sizes, found = [whole(c, "n") for c in classes], [whole(c, "hits") for c in classes]
    if min(sizes) < 1:
        raise ZeroDivisionError(str(next(c["label"] for c in classes if not c["n"])))
    return mean_of_classes(found, sizes, alpha), sum(sizes)


def metric_reach(setting: Setting, threshold: float, cases: int = 1) -> tuple[str | None, str | None]:
    data, alpha = setting.data, setting.alpha
    if setting.profile.quality_metric == "accuracy":
        return share_reach(data.n, threshold, alpha, cases)
    sizes = np.bincount(data.labels, minlength=len(setting.system.labels)).tolist()
    return mean_reach(sizes, threshold, alpha, cases)


def metric_claim(setting: Setting, name: str, category: Category, key: str) -> Claim:
    """The claim that the profile's quality metric is at least a threshold."""
    metric, reach = setting.profile.quality_metric, metric_reach(setting, bar_of(setting, key))
    said = Said(
        Text("{m} is at least {t}", "{m}不低于{t}"),
        Text("{m} is below {t}", "{m}低于{t}"),
        fill={"m": METRIC_WORDS[metric]},
    )
    return bar_claim(
        setting, name, (category, 2), "metric_at_least", metric, key, said, setting.data.n, reach
    )


def _claims(setting: Setting) -> tuple[Claim, ...]:
    bar, least = bar_of(setting, "calibration_max"), bar_of(setting, "quality_min")
    # Stated for the variance that a calibrated system of just the required accuracy has at most.
    reach = bernstein_reach(setting.data.n, least * (1 - least), bar, setting.alpha)
    said = Said(
        Text("mean confidence differs from the hit rate by at most {t}", "平均置信度与正确率相差不超过{t}"),
        Text("it differs by more than {t}", "二者相差超过{t}"),
    )
    calibration = bar_claim(
        setting, "Q2.calibration", ("Q", 2), "calibration_at_most", "calibration", "calibration_max", said,
        setting.data.n, reach, direction="<=",
    )  # fmt: skip
    return metric_claim(setting, "Q2.accuracy", "Q", "quality_min"), calibration


def observe_metric(claim: Claim, bench: Bench) -> Json:
    data = bench.setting.data
    return metric_counts(claim.metric, data.labels, bench.clean.labels, bench.setting.system.labels)


def _observe(claim: Claim, bench: Bench) -> Json:
    if claim.kind == "metric_at_least":
        return {**observe_metric(claim, bench), "rows_seen_in_training": _seen(bench)}
    scores, data, system = bench.clean.scores, bench.setting.data, bench.setting.system
    if scores is None:
        return {"not_run": NO_SCORES.as_json()}
    if system.positive is not None:
        favourable = system.labels.index(system.positive)
        confidence, hit = scores[:, favourable], data.labels == favourable
    else:
        confidence, hit = scores.max(axis=1), scores.argmax(axis=1) == data.labels
    gap = np.rint(confidence / 100).astype(np.int64) - hit * UNIT
    return {
        "n": len(gap),
        "sum": int(gap.sum()),
        "squares": int((gap**2).sum()),
        "bins": _bins(confidence, hit),
    }


def _bins(confidence: Codes, hit: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[dict[str, int]]:
    """Ten bins of confidence for the reliability diagram: units, hits and the sum of confidence in 1/UNIT."""
    place = np.minimum(confidence // 100_000, 9)
    n, hits = np.bincount(place, minlength=10), np.bincount(place[hit], minlength=10)
    total = np.bincount(place, weights=np.rint(confidence / 100), minlength=10)
    return [
        {"from_tenth": i, "n": int(a), "hits": int(b), "confidence": int(c)}
        for i, (a, b, c) in enumerate(zip(n, hits, total, strict=True))
    ]


def _seen(bench: Bench) -> int | None:
    """Rows held out that are in the training rows too, digit by digit: a leak for images, chance for short tables."""
    data = bench.setting.data
    if data.train_features is None or data.train_labels is None:
        return None
    pairs = zip(data.train_features, data.train_labels, strict=True)
    known = {row.tobytes() + bytes([label % 256]) for row, label in pairs}
    return sum(
        r.tobytes() + bytes([y % 256]) in known for r, y in zip(data.features, data.labels, strict=True)
    )


def metric_rule(claim: Claim, counts: Json) -> Finding:
    try:
        interval, n = metric_interval(claim.metric, counts, float(str(claim.alpha)))
    except ZeroDivisionError as error:
        return not_estimable(claim, CLASS_EMPTY.format(c=str(error)))
    return judged(claim, interval, n, claim.metric)


def calibration_rule(claim: Claim, counts: Json) -> Finding:
    n = whole(counts, "n")
    if n < 2:
        return not_estimable(claim, Text("fewer than two rows", "样本少于两行"), n)
    mean = empirical_bernstein(
        n, whole(counts, "sum") / UNIT, whole(counts, "squares") / UNIT**2, 2.0, float(str(claim.alpha))
    )
    size = Interval(
        abs(mean.value), max(0.0, mean.lower, -mean.upper), max(mean.upper, -mean.lower), True, mean.method
    )
    bins = rows_of(counts, "bins")
    # Binned error is biased upward and has no exact limits: shown, never judged.
    error = sum(abs(whole(b, "confidence") / UNIT - whole(b, "hits")) for b in bins) / n
    return judged(
        claim, size, n, "calibration", [{"expected_calibration_error": nearest(error), "bins": bins}]
    )


METHODS = (Method("quality", "Q", 2, _claims, _observe),)
RULES: dict[str, Rule] = {"metric_at_least": metric_rule, "calibration_at_most": calibration_rule}
