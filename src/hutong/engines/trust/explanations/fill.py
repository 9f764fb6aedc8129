"""What an input that was taken away is filled with: what its neighbours or the other columns say, and some noise.

After ROAD (Rong et al. 2022, ICML), whose images are filled by solving for means of neighbours. Tables: the mean of the
normal distribution of the columns given those kept, which is the linear regression on them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.distances import box_of
from hutong.engines.trust.explanations.forms import Flags, Wide
from hutong.engines.trust.types import Domain

# Share of a column's standard deviation that is added as noise, so that what was filled in cannot be read off.
NOISE = 0.1
# Ridge on standardised columns: duplicates make the covariance singular.
RIDGE = 1e-3
SWEEPS = 40
# Weights of the eight neighbours of a pixel: 1/6 straight, 1/12 across (Rong et al. 2022, section 4).
_AROUND = ((-1, 0, 2), (1, 0, 2), (0, -1, 2), (0, 1, 2), (-1, -1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, 1))


@dataclass(frozen=True)
class Filler:
    """Fills in flagged inputs, inside the domain. Made by `filler_of`."""

    domain: Domain
    mean: Wide = field(hash=False)
    spread: Wide = field(hash=False)
    precision: Wide = field(hash=False)
    noise: Wide = field(hash=False)

    def __call__(self, rows: Rows, gone: Flags) -> Rows:
        wide = (np.asarray(rows, np.float64) - self.mean) / self.spread
        filled = self._image(wide, gone) if self.domain.shape is not None else self._table(wide, gone)
        noise = self.noise[np.arange(len(wide)) % len(self.noise)]
        changed = np.where(gone, (filled + noise) * self.spread + self.mean, rows)
        box = box_of(self.domain, len(self.mean))
        changed = np.where(gone, np.clip(changed, box.low, box.high), changed)
        changed = np.where(gone & box.whole, np.rint(changed), changed)
        return np.asarray(changed, np.float32)

    def _table(self, wide: Wide, gone: Flags) -> Wide:
        """Rows of P x = 0 where gone, x as it is elsewhere: the mean of a normal vector given the part that is kept."""
        d = wide.shape[1]
        parts = []
        for at in range(0, len(wide), max(1, 2**22 // d**2)):
            x, g = wide[at : at + max(1, 2**22 // d**2)], gone[at : at + max(1, 2**22 // d**2)]
            system = np.where(g[:, :, None], self.precision, np.eye(d))
            parts.append(np.linalg.solve(system, np.where(g, 0.0, x)[:, :, None])[:, :, 0])
        return np.concatenate(parts)

    def _image(self, wide: Wide, gone: Flags) -> Wide:
        """Means of neighbours, by sweeps over the whole image; the border counts the neighbours there are."""
        height, width = self.domain.shape or (1, 1)
        hole = gone.reshape(-1, height, width)
        image = np.where(hole, 0.0, wide.reshape(hole.shape))
        inside = np.pad(np.ones((height, width)), 1)
        count = sum((w * _moved(inside, y, x) for y, x, w in _AROUND), np.zeros(()))
        for _ in range(SWEEPS):
            around = np.pad(image, ((0, 0), (1, 1), (1, 1)))
            mean = sum((w * _moved(around, y, x) for y, x, w in _AROUND), np.zeros(())) / count
            image = np.where(hole, mean, image)
        return image.reshape(wide.shape)


def _moved(padded: Wide, down: int, right: int) -> Wide:
    height, width = padded.shape[-2] - 2, padded.shape[-1] - 2
    return padded[..., 1 + down : 1 + down + height, 1 + right : 1 + right + width]


def filler_of(table: Rows, domain: Domain, chance: np.random.Generator) -> Filler:
    """Learns means and covariance from rows (m, d); the noise is drawn once, so that equal questions are equal."""
    wide = np.asarray(table, np.float64)
    mean, spread = wide.mean(axis=0), wide.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z, d = (wide - mean) / spread, wide.shape[1]
    image = domain.shape is not None
    precision = np.eye(1) if image else np.linalg.inv(z.T @ z / len(z) + RIDGE * np.eye(d))
    return Filler(domain, mean, spread, precision, NOISE * chance.standard_normal((61, d)))
