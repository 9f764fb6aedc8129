"""One cycle of the broker: a picture in, a decision out."""

from hutong.engines.broker.decide.cycle import POLICY, REASONS, Decided, Recall, Start, Wait, decide, may_run
from hutong.engines.broker.decide.expect import Expected, expect, possible, say_impossible
from hutong.engines.broker.decide.picture import (
    Account,
    Asked,
    Held,
    Offer,
    Picture,
    Signal,
    Window,
    picture_of,
)
from hutong.engines.broker.decide.replay import Arrival, AtWork, Course, Past, Ran, Replayed, replay

__all__ = [
    "POLICY",
    "REASONS",
    "Account",
    "Arrival",
    "Asked",
    "AtWork",
    "Course",
    "Decided",
    "Expected",
    "Held",
    "Offer",
    "Past",
    "Picture",
    "Ran",
    "Recall",
    "Replayed",
    "Signal",
    "Start",
    "Wait",
    "Window",
    "decide",
    "expect",
    "may_run",
    "picture_of",
    "possible",
    "replay",
    "say_impossible",
]
