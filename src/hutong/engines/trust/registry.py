"""All rooms. A new test is one more line here; what is not here is "not reachable with the tests installed".

Rooms are loaded when the first of them is asked for, so that importing the engine costs little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import overload

from hutong.engines.trust.rooms import Bench, Method, Rule
from hutong.engines.trust.types import CATEGORIES, Category, Claim, Json
from hutong.kernel.errors import Invalid

Observe = Callable[[Claim, Bench], Json]

# In the order in which a level's tests run.
ROOMS = (
    "process",
    "quality",
    "slices",
    "robust",
    "evasion",
    "masking",
    "certified",
    "proven",
    "explanations.room",
    "groups",
    "intersections",
    "flips",
    "safety",
    "hostile",
    "backdoors.room",
    "content.room",
    "privacy",
    "membership.room",
)


@cache
def _methods() -> tuple[Method, ...]:
    found: list[Method] = []
    for name in ROOMS:
        found += import_module(f"hutong.engines.trust.{name}").METHODS
    return tuple(m if m.observe is None else replace(m, observe=_telling(m.observe)) for m in found)


def _telling(observe: Observe) -> Observe:
    """A test whose statistics refuse the numbers at hand is told as not run; it does not end the evaluation."""

    def told(claim: Claim, bench: Bench) -> Json:
        try:
            return observe(claim, bench)
        except Invalid as error:
            if not error.rule.startswith("statistics."):
                raise
            return {"not_run": error.what.as_json()}

    return told


@cache
def _rules() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for name in ROOMS:
        mine: dict[str, Rule] = import_module(f"hutong.engines.trust.{name}").RULES
        if found.keys() & mine.keys():
            raise RuntimeError(f"{name} judges a kind of claim that has a rule: {found.keys() & mine.keys()}")
        found |= mine
    return found


class _Methods(Sequence[Method]):
    @overload
    def __getitem__(self, place: int) -> Method: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Method, ...]: ...
    def __getitem__(self, place: int | slice) -> Method | tuple[Method, ...]:
        return _methods()[place]

    def __len__(self) -> int:
        return len(_methods())


class _Rules(MutableMapping[str, Rule]):
    """Changed by tests alone, which plant a rule gone wrong and see whether it is noticed."""

    def __getitem__(self, kind: str) -> Rule:
        return _rules()[kind]

    def __setitem__(self, kind: str, rule: Rule) -> None:
        _rules()[kind] = rule

    def __delitem__(self, kind: str) -> None:
        del _rules()[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(_rules())

    def __len__(self) -> int:
        return len(_rules())


METHODS: Sequence[Method] = _Methods()
RULES: MutableMapping[str, Rule] = _Rules()


@cache
def methods_of(category: Category, level: int) -> tuple[Method, ...]:
    """The tests of one cell, in order."""
    return tuple(m for m in _methods() if (m.category, m.level) == (category, level))


def installed() -> dict[Category, int]:
    """Highest level of each category such that it and all below have a test."""
    found: dict[Category, int] = {}
    for category in CATEGORIES:
        level = 0
        while methods_of(category, level + 1):
            level += 1
        found[category] = level
    return found
