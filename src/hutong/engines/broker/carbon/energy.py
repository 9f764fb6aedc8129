"""Energy of a job and the software carbon intensity of what it produced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hutong.engines.broker.carbon.series import Floats
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text


def energy_kwh(power_w: float, seconds: float, pue: float) -> float:
    """Energy drawn from the grid, kWh: power x time x PUE (ISO/IEC 30134-2). PUE is at least 1."""
    if power_w < 0 or seconds < 0 or not pue >= 1.0:
        raise Invalid(
            Text("power and time are at least 0, PUE at least 1", "功率与时间不得为负，PUE 不得小于 1"),
            rule="broker.carbon.energy",
            remedy=Text("correct the centre's declaration", "请更正算力中心的申报值"),
        )
    return power_w * seconds * pue / 3.6e6


@dataclass(frozen=True)
class CarbonIntensity:
    """``operational_g`` = E x I, ``embodied_g`` = M, gCO2e; ``units`` = R, what is counted (tokens, jobs, users)."""

    operational_g: float
    embodied_g: float
    units: float

    @property
    def sci(self) -> float:
        """SCI = (E x I + M) per R (Green Software Foundation, ISO/IEC 21031:2024), gCO2e per unit."""
        return (self.operational_g + self.embodied_g) / self.units


def carbon_intensity(
    energy: Floats, intensity: Floats, embodied_g: float, lifetime_share: float, units: float
) -> CarbonIntensity:
    """SCI of a job from hourly energy (kWh) and intensity (gCO2e/kWh).

    ``embodied_g``: of the hardware's making; ``lifetime_share``: part of its life reserved for the job, in [0, 1].
    Raises Invalid for no units or a share outside [0, 1].
    """
    if not units > 0 or not 0 <= lifetime_share <= 1:
        raise Invalid(
            Text(
                "SCI needs units above 0 and a share within 0..1",
                "SCI 需要大于零的单位数，份额须在 0 到 1 之间",
            ),
            rule="broker.carbon.sci",
            remedy=Text("state what one unit is and how many were made", "请说明一个单位是什么以及产出多少"),
        )
    return CarbonIntensity(float(np.dot(energy, intensity)), embodied_g * lifetime_share, units)
