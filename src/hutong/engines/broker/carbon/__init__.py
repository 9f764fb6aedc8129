"""Shifting jobs in time for carbon or tariff: energy, series, the least possible, the on-line rule, SCI.

from hutong.engines.broker import carbon
base = carbon.fifo(jobs, capacity, slots)
due = carbon.promised(jobs, base)
ours = carbon.OnlineRule().schedule(jobs, carbon.DailyForecast(signal, history, 48), capacity, due, slots)
"""

from hutong.engines.broker.carbon.account import Spent, Stretch, spent
from hutong.engines.broker.carbon.bound import least_emission
from hutong.engines.broker.carbon.energy import CarbonIntensity, carbon_intensity, energy_kwh
from hutong.engines.broker.carbon.forecast import DailyForecast, Forecast, PerfectForecast
from hutong.engines.broker.carbon.hours import Hours, worth_waiting
from hutong.engines.broker.carbon.online import OnlineRule, Present
from hutong.engines.broker.carbon.series import HourlySeries, load_series, synthetic
from hutong.engines.broker.carbon.shifting import Schedule, ShiftableJob, emitted, fifo, promised

__all__ = [
    "CarbonIntensity",
    "DailyForecast",
    "Forecast",
    "HourlySeries",
    "Hours",
    "OnlineRule",
    "PerfectForecast",
    "Present",
    "Schedule",
    "ShiftableJob",
    "Spent",
    "Stretch",
    "carbon_intensity",
    "emitted",
    "energy_kwh",
    "fifo",
    "least_emission",
    "load_series",
    "promised",
    "spent",
    "synthetic",
    "worth_waiting",
]
