"""The broker of a computing partnership: state in, decisions and reasons out. Usable alone, from a notebook.

from hutong.engines.broker.decide import Asked, Offer, Picture, decide
decide(Picture(now_ms=0, offers=(Offer("P", "C", "a100", "110000", total=8, free=8, fen=1000),), running=(),
               waiting=(Asked("J", "lab", "C", chips=8, limit_ms=3_600_000, accept=("a100",), submitted_ms=0),))).starts

order, preempt, reserve, place, elastic, carbon decide; explain says why; money counts; traces reads logs; `decide` puts one
cycle together. Here: one job as a limited, metered process of this machine.
"""

from hutong.engines.broker.local import ENDINGS, Ending, Limits, Usage, alive, cancel, run_local

__all__ = ["ENDINGS", "Ending", "Limits", "Usage", "alive", "cancel", "run_local"]
