"""Where two slices meet: looked through for weak spots that nobody asked about. It shows, and never decides.

For each pair of slices the evidence against "right at least as often as the bar" is an e-value: the likelihood ratio of the
hits, averaged over all lower rates (`statistics.sequential`, Ville 1939). The e-BH procedure (Wang and Ramdas 2022) then
shows a set of which at most alpha are expected to be false, though slices overlap in any way.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hutong.engines.trust.figures import nearest, short
from hutong.engines.trust.findings import whole
from hutong.engines.trust.statistics.multiplicity import e_bh
from hutong.engines.trust.statistics.sequential import MixtureTest
from hutong.engines.trust.types import Json
from hutong.kernel.text import Text

# Crossings named in the words; all shown ones are in the details.
NAMED = 3


def crossings(masks: Sequence[NDArray[np.bool_]], hit: NDArray[np.bool_], least: int) -> list[dict[str, int]]:
    """Rows and hits where slices `first` and `second` (positions) meet, for those of at least `least` rows.

    A crossing that is one of its slices whole is none.
    """
    if not masks:
        return []
    table = np.stack(masks).astype(np.float64)
    n, hits = table @ table.T, (table * hit) @ table.T
    return [
        {"first": i, "second": j, "n": int(n[i, j]), "hits": int(hits[i, j])}
        for i, j in combinations(range(len(masks)), 2)
        if least <= n[i, j] < min(n[i, i], n[j, j])
    ]


def weak(found: Sequence[Json], names: Sequence[Text], bar: float, alpha: float) -> list[tuple[Text, Json]]:
    """Name and record of the crossings shown to be right less often than the bar, the strongest evidence first."""
    if not found or not 0 < bar < 1:
        return []
    n, hits = (np.array([whole(c, key) for c in found]) for key in ("n", "hits"))
    logs = MixtureTest(bar, alpha, alpha).log_fail(hits, n - hits)
    shown = np.flatnonzero(e_bh(np.exp(np.minimum(logs, 700.0)), alpha))
    return [
        (_name(found[i], names), {**found[i], "log_e": nearest(float(logs[i]))})
        for i in sorted(shown.tolist(), key=lambda i: -logs[i])
    ]


def _name(crossing: Json, names: Sequence[Text]) -> Text:
    first, second = names[whole(crossing, "first")], names[whole(crossing, "second")]
    return Text("{a} and {b}", "{a}且{b}").format(a=first, b=second)


def words_of(shown: Sequence[tuple[Text, Json]], alpha: float) -> Text:
    """What was found by looking through, and at which rate of false finds."""
    named = [name for name, _ in shown[:NAMED]]
    more = f" (+{len(shown) - NAMED})" if len(shown) > NAMED else ""
    both = Text("; ".join(t.en for t in named) + more, "；".join(t.zh for t in named) + more)
    return Text(
        "explored, at most {a} of such finds false: below the bar where {c}",
        "探索性结果（错误发现率不超过{a}）：低于门槛的交叉切片：{c}",
    ).format(a=short(nearest(alpha)), c=both)
