"""Broker: where a job runs. Today one engine: a limited, metered process on this machine.

from hutong.engines.broker import Limits, run_local
usage = run_local([sys.executable, "-c", "print('hi')"], folder, Limits(wall_s=60), chips=1)
"""

from hutong.engines.broker.local import ENDINGS, Ending, Limits, Usage, alive, cancel, run_local

__all__ = ["ENDINGS", "Ending", "Limits", "Usage", "alive", "cancel", "run_local"]
