"""Twins: models trained here on the target's own training rows, to learn what inversion says of a clean one.

A clean target and its twins are made alike but for the seed, so "more rows turned than in every one of 39
twins" has chance at most 1/40 (conformal p-value, Vovk et al. 2005). That holds as far as the recipe is the
target's. Twins of other rows will not do: networks give odd weight to columns that few of their rows move,
which rows those are differs from sample to sample, and on digits 55 to 85 % of clean networks exceeded 39
twins trained on other rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hutong.engines.trust.backdoors.inversion import Ask, Inverted, invert
from hutong.engines.trust.backdoors.spectral import first_as_large
from hutong.engines.trust.backdoors.stamps import Stamps
from hutong.engines.trust.data import Codes, Rows
from hutong.engines.trust.membership.references import Fit
from hutong.engines.trust.membership.signals import Predict
from hutong.engines.trust.statistics.prng import Name, stream

TWINS = 39


@dataclass(frozen=True, slots=True, eq=False)
class Rank:
    """found: what inversion says of the target. twins: (turned, rows) of the easiest class of each twin, in
    their order.
    """

    found: Inverted
    twins: tuple[tuple[int, int], ...]

    @property
    def p(self) -> float:
        """1/l where the l-th twin is the first with as large a share, else 1/(twins + 1)."""
        turned, rows = self.found.turned[self.found.worst], self.found.rows[self.found.worst]
        shares = (t / max(n, 1) for t, n in self.twins)
        return first_as_large(int(turned) / max(int(rows), 1), shares, len(self.twins))


def labels_of(predict: Predict) -> Ask:
    """A question for labels, from one for probabilities."""
    return lambda rows: np.asarray(predict(rows).argmax(axis=1), dtype=np.int64)


def rank(
    ask: Ask,
    asked: Rows,
    train: tuple[Rows, Codes],
    fit: Fit,
    stamps: Stamps,
    classes: int,
    seed: Name,
    twins: int = TWINS,
) -> Rank:
    """Invert the target on the rows asked, then twin after twin until one is as easy to turn (most clean
    targets: few).
    """
    found = invert(ask, asked, ask(asked), stamps, classes)
    share = float(found.share.max())
    seen: list[tuple[int, int]] = []
    for turned, rows in _twins(asked, train, fit, stamps, classes, seed, twins):
        seen.append((turned, rows))
        if turned / max(rows, 1) >= share:
            break
    return Rank(found, tuple(seen))


def _twins(
    asked: Rows, train: tuple[Rows, Codes], fit: Fit, stamps: Stamps, classes: int, seed: Name, twins: int
) -> Iterator[tuple[int, int]]:
    for i in range(twins):
        twin = labels_of(fit(train[0], train[1], int(stream(seed, "twin", i).integers(2**31))))
        found = invert(twin, asked, twin(asked), stamps, classes)
        yield int(found.turned[found.worst]), int(found.rows[found.worst])
