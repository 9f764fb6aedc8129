"""Reserve and backfill: free capacity over time, EASY over many pools, run times learned, starts foretold, partnership.

from hutong.engines.broker.reserve import Kinds, Pools, Queue, Running, plan_starts
decided = plan_starts(Pools.of([0], [8], [4]), Running.of([0], [4], [60]), Queue.of([0], [8], [30]), Kinds.of([[1000]]), 0)
"""

from hutong.engines.broker.reserve.calibrate import Calibrator, Interval, calibrate
from hutong.engines.broker.reserve.easy import CHIPS, LENDING, NO_POOL, RESERVATION, STARTS, TOO_LARGE, WINDOW
from hutong.engines.broker.reserve.eta import Foretold, foretell_starts
from hutong.engines.broker.reserve.federation import Federation, federation
from hutong.engines.broker.reserve.forecast import Forecast, forecast
from hutong.engines.broker.reserve.live import Known, SiloShadow
from hutong.engines.broker.reserve.partnership import Shared, Terms, replay_partnership, replay_silos
from hutong.engines.broker.reserve.profile import NEVER, Profile
from hutong.engines.broker.reserve.quantiles import RunTimes
from hutong.engines.broker.reserve.silo import Log, Replayed, replay_easy
from hutong.engines.broker.reserve.starts import NO_LIMIT, Kinds, Pools, Queue, Running, Starts, plan_starts

__all__ = [
    "CHIPS",
    "LENDING",
    "NEVER",
    "NO_LIMIT",
    "NO_POOL",
    "RESERVATION",
    "STARTS",
    "TOO_LARGE",
    "WINDOW",
    "Calibrator",
    "Federation",
    "Forecast",
    "Foretold",
    "Interval",
    "Kinds",
    "Known",
    "Log",
    "Pools",
    "Profile",
    "Queue",
    "Replayed",
    "RunTimes",
    "Running",
    "Shared",
    "SiloShadow",
    "Starts",
    "Terms",
    "calibrate",
    "federation",
    "forecast",
    "foretell_starts",
    "plan_starts",
    "replay_easy",
    "replay_partnership",
    "replay_silos",
]
