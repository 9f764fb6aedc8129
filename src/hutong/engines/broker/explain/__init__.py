"""Explain: why a job waits, what would start it sooner, and why a request can never run.

from hutong.engines.broker.explain import Need, Offer, admit, say_verdict
verdict = admit(Need(count=8, run_ms=3_600_000, chips=frozenset({"ascend910b"})), [Offer("A", "a100", 64, 81920, "bj")])
"""

from hutong.engines.broker.explain.needs import (
    CONSTRAINTS,
    Constraint,
    Need,
    Offer,
    Relaxed,
    Verdict,
    admit,
    failing,
)
from hutong.engines.broker.explain.quickxplain import minimal_conflict
from hutong.engines.broker.explain.scene import Scene, scene
from hutong.engines.broker.explain.sentences import (
    CONSTRAINT_NAMES,
    say_blocker,
    say_option,
    say_verdict,
    say_why,
)
from hutong.engines.broker.explain.waiting import Blocker, Option, Why, explain_waiting

__all__ = [
    "CONSTRAINTS",
    "CONSTRAINT_NAMES",
    "Blocker",
    "Constraint",
    "Need",
    "Offer",
    "Option",
    "Relaxed",
    "Scene",
    "Verdict",
    "Why",
    "admit",
    "explain_waiting",
    "failing",
    "minimal_conflict",
    "say_blocker",
    "say_option",
    "say_verdict",
    "say_why",
    "scene",
]
