"""All rooms. A new test is one more line here; what is not here is "not reachable with the tests installed".

Rooms are loaded when the first of them is asked for, so that importing the engine costs little. Two kinds of system share the
list: those that label rows, and services that answer in words. A test of the one kind makes no claim about the other and is
not missing there; `installed` counts the tests of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import overload

from hutong.engines.trust.content.speaking import speaks
from hutong.engines.trust.rooms import Bench, Method, Rule, Setting
from hutong.engines.trust.types import CATEGORIES, Category, Claim, Json
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

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
# Rooms whose tests are for services that answer in words; `process` is for both kinds, all others are for rows.
IN_WORDS, BOTH = "content.room", "process"


@cache
def _methods() -> tuple[Method, ...]:
    found = [_of_kind(m, room == IN_WORDS) if room != BOTH else m for room, m in _rooms()]
    return tuple(m if m.observe is None else replace(m, observe=_telling(m.observe)) for m in found)


def _rooms() -> Iterator[tuple[str, Method]]:
    for room in ROOMS:
        for method in import_module(f"hutong.engines.trust.{room}").METHODS:
            yield room, method


def _of_kind(method: Method, in_words: bool) -> Method:
    """The method, which says nothing of systems of the other kind."""

    def claims(setting: Setting) -> tuple[Claim, ...]:
        return method.claims(setting) if speaks(setting.access) is in_words else ()

    def missing(setting: Setting) -> Text | None:
        return method.missing(setting) if speaks(setting.access) is in_words else None

    return replace(method, claims=claims, missing=missing)


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


def installed(access: str = "labels") -> dict[Category, int]:
    """Highest level of each category such that it and all below have a test for systems of the kind reached with that access."""
    in_words = speaks(access)
    have = {(m.category, m.level) for room, m in _rooms() if room == BOTH or (room == IN_WORDS) is in_words}
    found: dict[Category, int] = {}
    for category in CATEGORIES:
        level = 0
        while (category, level + 1) in have:
            level += 1
        found[category] = level
    return found
