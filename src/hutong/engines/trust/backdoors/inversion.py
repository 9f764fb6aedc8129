"""Trigger inversion without gradients: the stamp of a class is the small one that turns most other rows into
it.

After Neural Cleanse (Wang et al. 2019, S&P): a planted class needs far less change than the others. There the
size of the mask is minimised by gradients; here its size is fixed and the share of rows turned is maximised
over all stamps, which needs only labels. The anomaly index is theirs: distance from the median class in units
of 1.4826 MAD.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hutong.engines.trust.backdoors.stamps import Stamps
from hutong.engines.trust.data import Rows
from hutong.engines.trust.statistics.forms import Floats, Ints, floats, refuse
from hutong.kernel.text import Text

Ask = Callable[[Rows], Ints]
_BATCH = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Inverted:
    """By class (k,): turned, of rows, by the best stamp; stamp: its number. A class that all rows have is 0
    of 0.
    """

    turned: Ints
    rows: Ints
    stamp: Ints = field(repr=False)

    @property
    def share(self) -> Floats:
        return floats(self.turned / np.maximum(self.rows, 1))

    @property
    def worst(self) -> int:
        """The class that is easiest to turn rows into."""
        return int(self.share.argmax())

    @property
    def index(self) -> Floats:
        """Anomaly index of each class (k,), positive where easier than the median class."""
        return mad_index(self.share)


def invert(ask: Ask, rows: Rows, labels: Ints, stamps: Stamps, classes: int) -> Inverted:
    """Every stamp on every row: len(stamps) x n answers. Rows that the model gives to a class do not count
    for it.

    labels: what the model answers for the rows as they are. `Invalid` statistics.backdoor.rows without rows.
    """
    if not len(rows) or not len(stamps):
        what = Text("There are no rows or no stamps to try.", "缺少可供测试的样本或触发图案。")
        raise refuse("backdoor.rows", what, "rows")
    step = max(1, _BATCH // len(rows))
    turned = np.zeros((len(stamps), classes), dtype=np.int64)
    for start in range(0, len(stamps), step):
        which = slice(start, min(start + step, len(stamps)))
        answers = ask(stamps.on(rows, which)).reshape(-1, len(rows))
        for c in range(classes):
            turned[which, c] = ((answers == c) & (labels != c)).sum(axis=1)
    best = turned.argmax(axis=0)
    of = np.array([(labels != c).sum() for c in range(classes)], dtype=np.int64)
    return Inverted(turned[best, np.arange(classes)], of, np.asarray(best, dtype=np.int64))


def mad_index(values: Floats) -> Floats:
    """(x - median)/(1.4826 MAD), with a MAD of at least a hundredth so that equal classes make no outlier."""
    middle = float(np.median(values))
    spread = 1.4826 * float(np.median(np.abs(values - middle)))
    return floats((values - middle) / max(spread, 0.01))
