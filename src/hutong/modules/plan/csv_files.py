"""The board, a figure and its facts as rows of a CSV file."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.values import Number, Value, decimal_text
from hutong.modules.plan.explain import Explanation
from hutong.modules.plan.points import Point
from hutong.modules.plan.queries import Board, target_words

BOARD = (
    *("indicator", "nodes", "title_en", "title_zh", "value", "unit", "state", "why_en", "why_zh"),
    *("target_en", "target_zh", "definition", "source_en", "source_zh", "verified", "as_of", "known_on"),
)


def value_text(value: Value) -> str:
    """A number in full; what is no number as its state, never 0 and never an empty cell."""
    return decimal_text(value.amount) if isinstance(value, Number) else value.state


def board_rows(board: Board) -> Iterable[list[str]]:
    """One line per indicator."""
    look = board.look
    for row in board.rows:
        one, target = row.indicator, target_words(row.indicator.target)
        yield [
            one.id,
            " ".join(one.nodes),
            one.title.en,
            one.title.zh,
            value_text(row.value),
            one.unit.name,
            row.status.state,
            row.status.reason.en,
            row.status.reason.zh,
            target.en,
            target.zh,
            row.evaluated.version or "none",
            one.source.citation.en,
            one.source.citation.zh,
            "yes" if one.source.verified else "no",
            look.valid_on.isoformat(),
            look.known_on.isoformat(),
        ]


def points_rows(found: Iterable[Point]) -> Iterable[list[str]]:
    """One line per day: as known now, as known then."""
    for point in found:
        yield [
            point.day.isoformat(),
            value_text(point.value),
            value_text(point.then),
            point.version or "none",
            str(point.facts),
        ]


def facts_rows(found: Explanation) -> Iterable[list[str]]:
    """One line per fact counted."""
    for one in found.counted:
        shown = one.as_json()
        yield [
            shown["record"],
            shown["amount"],
            shown["valid_from"],
            shown["valid_to"] or "",
            shown["recorded_at"],
            "" if shown["event"] is None else str(shown["event"]),
        ]
