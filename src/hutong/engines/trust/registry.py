"""All rooms. A new test is one more entry here; what is not here is "not reachable with the tests installed"."""

from __future__ import annotations

from hutong.engines.trust import groups, privacy, process, quality, robust, safety
from hutong.engines.trust.rooms import Method, Rule
from hutong.engines.trust.types import CATEGORIES, Category

_ROOMS = (process, quality, robust, groups, safety, privacy)
METHODS: tuple[Method, ...] = tuple(m for room in _ROOMS for m in room.METHODS)
RULES: dict[str, Rule] = {kind: rule for room in _ROOMS for kind, rule in room.RULES.items()}


def methods_of(category: Category, level: int) -> tuple[Method, ...]:
    return tuple(m for m in METHODS if (m.category, m.level) == (category, level))


def installed() -> dict[Category, int]:
    """Highest level of each category such that it and all below have a test."""
    found: dict[Category, int] = {}
    for category in CATEGORIES:
        level = 0
        while methods_of(category, level + 1):
            level += 1
        found[category] = level
    return found
