"""Gaps as they are decided and as they are shown: intervals of the largest one, rates with limits, pairs, words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.figures import above, below, nearest, short
from hutong.engines.trust.findings import METRIC_WORDS
from hutong.engines.trust.statistics.differences import miettinen_nurminen, sidak
from hutong.engines.trust.statistics.exact import clopper_pearson
from hutong.engines.trust.statistics.forms import Interval
from hutong.engines.trust.statistics.gaps import Bound, largest_gap
from hutong.engines.trust.statistics.metrics import Rates
from hutong.engines.trust.types import Json
from hutong.kernel.text import Text


def known_gap(found: Rates, least: int, alpha: float, method: Bound) -> Interval:
    """Largest gap of the groups of at least `least` units, exact at 1 - alpha. NaN with fewer than two."""
    enough = found.units >= least
    hits, units = found.hits[enough], found.units[enough]
    return _largest(tuple(hits.tolist()), tuple(units.tolist()), alpha, method)


@lru_cache(maxsize=512)
def _largest(hits: tuple[int, ...], units: tuple[int, ...], alpha: float, method: Bound) -> Interval:
    # A verdict is computed again whenever it is carried out; the same counts have the same interval.
    names = tuple((str(i),) for i in range(len(units)))
    return largest_gap(
        Rates("gap", names, np.array(hits, np.int64), np.array(units, np.int64)), alpha, method
    )


def reversed_words(rows: Sequence[Json]) -> Text:
    """Simpson's reversals in words: the order over all is the opposite of that in every stratum."""
    pairs = ", ".join(f"{r['first']}/{r['second']} ({r['stratum']})" for r in rows)
    return Text(
        "the order of groups turns within every stratum: {p}", "分层后各层内的组间次序均与总体相反：{p}"
    ).format(p=pairs)


def ends(metric: str, found: Rates) -> Text:
    """The groups with the lowest and the highest rate."""
    order = np.argsort(found.hits / np.maximum(found.units, 1), kind="stable")
    text = ", ".join(
        f"{found.names[i][0]} {short(nearest(int(found.hits[i]) / max(int(found.units[i]), 1)))} (n={int(found.units[i])})"
        for i in (order[0], order[-1])
    )
    return Text("{m}: {t}", "{m}：{t}").format(m=METRIC_WORDS[metric], t=text)


def show(found: Rates, alpha: float, least: int, of: str) -> dict[str, object]:
    """Rates with simultaneous exact limits, the largest gap (box), and each pair's score interval (display)."""
    enough = found.units >= least
    k = int(enough.sum())
    limits = clopper_pearson(found.hits, found.units, sidak(alpha, max(k, 1)))
    listed_rates: list[dict[str, object]] = []
    for i, name in enumerate(found.names):
        line: dict[str, object] = {"name": name[0], "n": int(found.units[i]), "hits": int(found.hits[i])}
        if enough[i]:
            line["rate"] = nearest(int(found.hits[i]) / int(found.units[i]))
            line["lower"], line["upper"] = below(float(limits.lower[i])), above(float(limits.upper[i]))
        else:
            line["state"] = "not_estimable"
        listed_rates.append(line)
    shown: dict[str, object] = {"of": of, "metric": found.metric, "rates": listed_rates}
    if k >= 2:
        gap = known_gap(found, least, alpha, "box")
        shown["gap"] = {"value": nearest(gap.value), "lower": below(gap.lower), "upper": above(gap.upper)}
    if 2 <= k <= 12:
        shown["pairs"] = _pairs(found, np.flatnonzero(enough), alpha)
    return shown


def _pairs(found: Rates, places: NDArray[np.int64], alpha: float) -> list[dict[str, object]]:
    first, second = (places[t] for t in np.triu_indices(len(places), 1))
    score = miettinen_nurminen(
        found.hits[first], found.units[first], found.hits[second], found.units[second], alpha / len(first)
    )
    return [
        {
            "first": found.names[i][0],
            "second": found.names[j][0],
            "difference": nearest(float(found.value[i] - found.value[j])),
            "lower": below(float(score.lower[at])),
            "upper": above(float(score.upper[at])),
        }
        for at, (i, j) in enumerate(zip(first.tolist(), second.tolist(), strict=True))
    ]
