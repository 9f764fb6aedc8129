"""The smallest set of constraints that cannot hold together: QuickXplain.

Junker 2004, "QUICKXPLAIN: Preferred explanations and relaxations for over-constrained problems" (AAAI-04).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Name = TypeVar("Name")


def minimal_conflict(consistent: Callable[[Sequence[Name]], bool], names: Sequence[Name]) -> tuple[Name, ...]:
    """A minimal unsatisfiable subset of `names`, or () where all of them hold together.

    consistent: whether a subset can hold together; it must be monotone (a subset of a consistent set is consistent).
    names: in order of preference, the most important first: the conflict found is the one whose least important
    member is as important as can be. Takes O(k log(n/k)) tests for a conflict of k among n.
    """
    if consistent(names):
        return ()
    found = _explain(consistent, (), False, tuple(names))
    return tuple(name for name in names if name in found)


def _explain(
    consistent: Callable[[Sequence[Name]], bool],
    background: tuple[Name, ...],
    grew: bool,
    names: tuple[Name, ...],
) -> tuple[Name, ...]:
    if grew and not consistent(background):
        return ()
    if len(names) == 1:
        return names
    half = len(names) // 2
    first, second = names[:half], names[half:]
    late = _explain(consistent, background + first, bool(first), second)
    early = _explain(consistent, background + late, bool(late), first)
    return early + late
