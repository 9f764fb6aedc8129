"""What would change a verdict on fairness: computed from the counts at hand where it can be computed.

Every advice is a prediction on the rows that were measured. Whatever is changed is another system and needs a new evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.figures import told
from hutong.engines.trust.findings import rows_of
from hutong.engines.trust.groups import rates_of, read_cells
from hutong.engines.trust.scores import BINS
from hutong.engines.trust.shown import known_gap
from hutong.engines.trust.statistics.counts import Cells
from hutong.engines.trust.statistics.gaps import Bound, largest_gap
from hutong.engines.trust.statistics.metrics import Rates
from hutong.engines.trust.types import Claim, Json
from hutong.kernel.text import Text
from hutong.kernel.values import decimal_text

Ints = NDArray[np.int64]
NEW = Text("A changed system needs a new evaluation.", "系统变更后须重新评测。")


@dataclass(frozen=True, slots=True)
class WayThrough:
    """The fewest changed decisions that close a gap: in which group, how many of how many, the rates before and
    after (decimal strings). words: the same as a sentence."""

    group: str
    changes: int
    of: int
    rate_before: str
    rate_after: str
    words: Text


@dataclass(frozen=True, slots=True)
class Advice:
    """One mitigation. settings: group (and label) -> threshold or weight, decimal strings.

    gap, upper: predicted largest gap and its upper limit; quality_before, quality_after: balanced accuracy of the rows
    (for reweighting: of the stand-in). closes: whether the predicted upper limit is within the threshold.
    """

    kind: Literal["thresholds", "reweighting"]
    settings: tuple[tuple[str, str], ...] = field(hash=False)
    gap: str
    upper: str
    quality_before: str
    quality_after: str
    closes: bool
    words: Text
    needs_new_evaluation: bool = True

    def as_json(self) -> dict[str, object]:
        names = ("kind", "gap", "upper", "quality_before", "quality_after", "closes", "needs_new_evaluation")
        return {
            **{n: getattr(self, n) for n in names},
            "settings": [list(s) for s in self.settings],
            "words": self.words.as_json(),
        }


def way_through(claim: Claim, counts: Json) -> WayThrough | None:
    """For a failed gap: raise the lowest group decision by decision until every pair's upper limit is in the bound.

    The same sizes are kept, so it says how far decisions must move, not how to learn them; a changed model needs a new
    evaluation. None where more than one group would have to move or no number of changes is enough.
    """
    cells = read_cells(rows_of(counts, "groups"))
    if claim.threshold is None or cells is None or len(cells.table) < 2:
        return None
    found = rates_of(claim.metric, cells, _positive(claim))
    lowest = int(np.argmin(found.hits / np.maximum(found.units, 1)))
    needed = _fewest(found, lowest, float(claim.threshold), float(str(claim.alpha)), _method(claim))
    if needed is None:
        return None
    hits, n = int(found.hits[lowest]), int(found.units[lowest])
    before, after = (decimal_text(Fraction(hits + k, n) if n else Fraction(0), 3) for k in (0, needed))
    name = found.names[lowest][0]
    words = Text(
        "If {k} more of the {n} in group {g} were decided in favour (share {a} instead of {b}), the upper limit of "
        "the gap would be within {t}. A changed model needs a new evaluation.",
        "若{g}组{n}人中再有{k}人获有利决定（比例由{b}升至{a}），差距上限即不超过{t}。模型变更后须重新评测。",
    ).format(k=needed, n=n, g=name, a=after, b=before, t=told(Fraction(claim.threshold)))
    return WayThrough(name, needed, n, before, after, words)


def _positive(claim: Claim) -> int | None:
    given = claim.params.get("positive")
    return given if isinstance(given, int) else None


def _method(claim: Claim) -> Bound:
    return "box" if claim.params.get("method") == "box" else "combined"


def _fewest(found: Rates, lowest: int, bar: float, alpha: float, method: Bound) -> int | None:
    """Bisection: up to the level of the next group the limit falls as the lowest rises."""
    rates = found.hits / np.maximum(found.units, 1)
    top = int(np.floor(rates.max() * found.units[lowest])) - int(found.hits[lowest])

    def passes(k: int) -> bool:
        moved = found.hits.copy()
        moved[lowest] += k
        return bool(
            largest_gap(Rates(found.metric, found.names, moved, found.units), alpha, method).upper <= bar
        )

    if top <= 0 or not passes(top):
        return None
    low, high = 0, top
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


def advice(claim: Claim, counts: Json) -> tuple[Advice, ...]:
    """Mitigations for a gap between groups, best first by whether they close it. Empty where none can be computed."""
    if claim.kind != "gap_at_most" or claim.threshold is None:
        return ()
    bar = float(claim.threshold)
    found = (_thresholds(claim, counts, bar), _reweighting(claim, counts, bar))
    return tuple(sorted((a for a in found if a is not None), key=lambda a: not a.closes))


def _thresholds(claim: Claim, counts: Json, bar: float) -> Advice | None:
    """One threshold per group (Hardt, Price and Srebro 2016, NeurIPS): for each rate the groups might share, each group's
    nearest threshold. Of those whose upper limit is within the bar, else of those whose gap is, else of all: the best
    balanced accuracy, for the last the least gap."""
    rows = rows_of(counts, "scores") if "scores" in counts else []
    cells, positive = read_cells(rows_of(counts, "groups")), _positive(claim)
    if len(rows) < 2 or cells is None or positive is None:
        return None
    table = np.array([r["table"] for r in rows], np.int64)
    hits, units, good = _by_cut(table, claim.metric)
    shares = hits / np.maximum(units, 1)[:, None]
    least, alpha = int(str(claim.params["min_group"])), float(str(claim.alpha))
    best: tuple[tuple[int, float], Ints, float, float, float] | None = None
    for rate in np.unique(np.round(shares, 2)):
        # The first of equally near cuts: the lowest threshold.
        cuts = np.abs(shares - rate).argmin(axis=1)
        at = np.arange(len(cuts))
        gap = known_gap(
            Rates(claim.metric, tuple((str(r["name"]),) for r in rows), hits[at, cuts], units),
            least,
            alpha,
            "box",
        )
        if np.isnan(gap.value):
            return None
        quality = _balanced(good[at, cuts].sum(axis=0), table.sum(axis=(0, 2)))
        rank = int(gap.upper <= bar) + int(gap.value <= bar)
        order = (rank, quality if rank else -gap.value)
        if best is None or order > best[0]:
            best = (order, cuts, gap.value, gap.upper, quality)
    if best is None:
        return None
    settings = tuple(
        (str(r["name"]), decimal_text(Fraction(int(c), BINS), 2)) for r, c in zip(rows, best[1], strict=True)
    )
    told = ", ".join(f"{g} {c}" for g, c in settings)
    words = Text("Decide from {s} on", "按组设定决策阈值：{s}").format(s=told)
    return _advice("thresholds", settings, best[2:4], (_now(cells, positive), best[4]), bar, words)


def _by_cut(table: Ints, metric: str) -> tuple[Ints, Ints, Ints]:
    """(g, BINS + 1) hits of the metric at each threshold, (g,) units, and (g, BINS + 1, 2) right decisions by label."""
    above = np.zeros((*table.shape[:2], BINS + 1), np.int64)
    above[:, :, :BINS] = table[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    total = table.sum(axis=2)
    good = np.stack([total[:, 0, None] - above[:, 0], above[:, 1]], axis=2)
    if metric == "tpr":
        return above[:, 1], total[:, 1], good
    if metric == "fpr":
        return above[:, 0], total[:, 0], good
    if metric == "accuracy":
        return good.sum(axis=2), total.sum(axis=1), good
    return above.sum(axis=1), total.sum(axis=1), good


def _balanced(good: Ints, of: Ints) -> float:
    return float((good / np.maximum(of, 1)).mean())


def _now(cells: Cells, positive: int) -> float:
    """Balanced accuracy of favourable against not, of all rows."""
    table, places = cells.table.sum(axis=0), np.array([1 - positive, positive])
    return _balanced(table[places, places], table[places].sum(axis=1))


def _reweighting(claim: Claim, counts: Json, bar: float) -> Advice | None:
    given = counts.get("reweighting")
    if not isinstance(given, dict) or "weighted" not in given:
        return None
    plain, weighted = read_cells(rows_of(given, "plain")), read_cells(rows_of(given, "weighted"))
    if plain is None or weighted is None:
        return None
    least, alpha = int(str(claim.params["min_group"])), float(str(claim.alpha))
    # In the stand-in's counts the favourable label is 1.
    before, after = (known_gap(rates_of(claim.metric, c, 1), least, alpha, "box") for c in (plain, weighted))
    if np.isnan(after.value):
        return None
    settings = tuple(
        (f"{w['group']} {'+' if w['favourable'] else '-'}", str(w["weight"]))
        for w in rows_of(given, "weights")
    )
    words = Text(
        "Learn again with training rows weighted by group and label ({s}); a stand-in's gap goes from {b} to",
        "按组别与标签加权后重新训练（{s}）；替代模型的差距由{b}变为",
    ).format(s=", ".join(f"{g} {w}" for g, w in settings), b=_short(before.value))
    words = Text("{w} {a}", "{w}{a}").format(w=words, a=_short(after.value))
    return _advice(
        "reweighting", settings, (after.value, after.upper), (_now(plain, 1), _now(weighted, 1)), bar, words
    )


def _advice(
    kind: Literal["thresholds", "reweighting"],
    settings: tuple[tuple[str, str], ...],
    gap: tuple[float, float],
    quality: tuple[float, float],
    bar: float,
    words: Text,
) -> Advice:
    said = [_short(v) for v in (*gap, *quality)]
    full = Text(
        "{w}: predicted gap {g}, upper limit {u}; balanced accuracy {a} instead of {b}. {n}",
        "{w}：预计差距{g}，上限{u}；平衡正确率由{b}变为{a}。{n}",
    ).format(w=words, g=said[0], u=said[1], b=said[2], a=said[3], n=NEW)
    return Advice(kind, settings, said[0], said[1], said[2], said[3], gap[1] <= bar, full)


def _short(value: float) -> str:
    return decimal_text(Fraction(value), 3)
