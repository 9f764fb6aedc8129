"""What a domain says about noise: how wide each column is, and what a noised row has to become to be
allowed.
"""

from __future__ import annotations

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.statistics.forms import Floats, floats
from hutong.engines.trust.types import Domain


def spans_of(domain: Domain, rows: Rows) -> Floats:
    """Range of each column: as declared, else as seen; 0 where the column is immutable."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    ends = [
        (a if c.low is None else float(c.low), b if c.high is None else float(c.high))
        for c, a, b in zip(domain.columns, low, high, strict=True)
    ]
    free = [not c.immutable for c in domain.columns]
    return floats([(b - a) * f for (a, b), f in zip(ends, free, strict=True)])


def shaped(moved: Floats, domain: Domain) -> Floats:
    """Noised rows as the domain allows them: whole where whole, inside the declared bounds."""
    whole = np.array([c.whole for c in domain.columns])
    low = floats([-np.inf if c.low is None else float(c.low) for c in domain.columns])
    high = floats([np.inf if c.high is None else float(c.high) for c in domain.columns])
    return floats(np.clip(np.where(whole, np.rint(moved), moved), low, high))
