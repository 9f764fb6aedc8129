"""The ranking of proposals, exact and repeatable.

A proposal's score is the mean over its reviews of the weighted mean of points (0 to 100), as an exact fraction. Order:
higher score first; where scores are equal the smaller budget first, then the earlier submission (record number).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

FEWEST_REVIEWS = 2


@dataclass(frozen=True, slots=True)
class Scored:
    """A proposal with its exact score."""

    code: str
    number: int
    budget_fen: int
    score: Fraction


def weighted(points: Sequence[int], weights: Sequence[int]) -> Fraction:
    """One review's weighted mean of points. ValueError where the lists differ in length or weights sum to zero."""
    if len(points) != len(weights) or sum(weights) <= 0:
        raise ValueError("points and weights do not fit together")
    return Fraction(sum(p * w for p, w in zip(points, weights, strict=True)), sum(weights))


def score(reviews: Sequence[Sequence[int]], weights: Sequence[int]) -> Fraction:
    """The mean of the reviews. ValueError for no review."""
    return sum((weighted(points, weights) for points in reviews), Fraction(0)) / len(reviews)


def rank(scored: Iterable[Scored]) -> list[Scored]:
    """Best first, ties broken as the module says: the same input in any order gives the same list."""
    return sorted(scored, key=lambda s: (-s.score, s.budget_fen, s.number))
