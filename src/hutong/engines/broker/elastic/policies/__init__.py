"""Policies on the loop of rounds, by name; each call makes a fresh one."""

from collections.abc import Callable

from hutong.engines.broker.elastic.policies.elastic import ElasticPolicy
from hutong.engines.broker.elastic.policies.gavel import gavel_max_min, gavel_sum, themis
from hutong.engines.broker.elastic.policies.queue import fifo, sjf, tiresias
from hutong.engines.broker.elastic.policies.sia import SiaPolicy
from hutong.engines.broker.elastic.rounds import Policy


def unshared() -> ElasticPolicy:
    """Our policy where each job knows only what it saw itself, as Sia's jobs do."""
    return ElasticPolicy(name="elastic-unshared", shared=False)


POLICIES: dict[str, Callable[[], Policy]] = {
    "elastic": ElasticPolicy,
    "elastic-unshared": unshared,
    "sia": SiaPolicy,
    "gavel": gavel_sum,
    "gavel-max-min": gavel_max_min,
    "themis": themis,
    "tiresias": tiresias,
    "sjf": sjf,
    "fifo": fifo,
}

__all__ = [
    "POLICIES",
    "ElasticPolicy",
    "SiaPolicy",
    "fifo",
    "gavel_max_min",
    "gavel_sum",
    "sjf",
    "themis",
    "tiresias",
]
