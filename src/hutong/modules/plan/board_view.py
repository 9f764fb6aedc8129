"""The plan board, the public landing page: what it shows, from one look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hutong.kernel.text import Text
from hutong.modules.plan.asking import date_pick
from hutong.modules.plan.figures import Figures
from hutong.modules.plan.needs import needs
from hutong.modules.plan.nodes import WORST_FIRST, Node
from hutong.modules.plan.points import points
from hutong.modules.plan.queries import Board
from hutong.modules.plan.words import Place, said, sparkline, state_words, unit_words
from hutong.platform.component_pages import Courtyard, House, ObjectiveCard, Safeguard, Sentence
from hutong.platform.components import Figure

# Bodies that have to declare something, by name on a card; more are counted.
MOST_CHANGES = 20


def board_context(board: Board, figures: Figures, place: Place) -> dict[str, Any]:
    """What the template of the board needs."""
    return {
        "title": board.text.title,
        "definition_set": board.text.definition_set,
        "as_of": date_pick(board),
        "look": board.look,
        "ended": board.text.ends if board.ended else None,
        "csv": place.to("/plan/board.csv"),
        "objectives": tuple(_objective(n, figures, place) for n in board.objectives),
        "courtyards": tuple(_courtyard(board, g.id, g.title, figures, place) for g in board.text.groups),
        "tasks_summary": tuple(_summary(board)),
        "needs": needs(board, place),
        "safeguards": tuple(_safeguard(n, place) for n in board.safeguards),
        "changes": tuple(changes(board, place))[:MOST_CHANGES],
        "refresh": place.to("/"),
    }


def _main(node: Node, figures: Figures, place: Place) -> Figure | None:
    """The figure on the house: its first that is known, with its line over the last year."""
    row = node.main
    if row is None:
        return None
    line = sparkline(row.indicator.title, row.indicator.unit, points(figures, row.id))
    return Figure(
        label=row.indicator.title,
        value=row.value,
        unit=unit_words(row.indicator.unit, row.value),
        on=figures.look.day,
        drawer=place.drawer(row.id),
        sparkline=line,
    )


def _objective(node: Node, figures: Figures, place: Place) -> ObjectiveCard:
    must = {
        (who.en, who.zh)
        for r in node.rows
        if r.status.state == "not_measurable" and (who := r.indicator.target.must_declare) is not None
    }
    named = sorted(must)
    declare = (
        Text("to be declared by: {w}", "待明确，责任方：{w}").format(
            w=Text("; ".join(en for en, _ in named), "；".join(zh for _, zh in named))
        )
        if named
        else None
    )
    return ObjectiveCard(
        number=node.number,
        title=node.title,
        url=place.node(node),
        reached=node.reached,
        counts=tuple(state_words(name, count) for name, count in node.counts),
        declare=declare,
        figure=_main(node, figures, place),
    )


def _courtyard(board: Board, group: str, title: Text, figures: Figures, place: Place) -> Courtyard:
    houses = tuple(
        House(n.id, n.title, place.node(n), state_words(n.state), _main(n, figures, place))
        for n in board.tasks
        if n.group == group
    )
    return Courtyard(group, title, houses)


def _summary(board: Board) -> Iterator[Any]:
    for name in WORST_FIRST:
        count = sum(n.state == name for n in board.tasks)
        if count:
            yield state_words(name, count)


def _safeguard(node: Node, place: Place) -> Safeguard:
    row = node.main
    note = (
        Text("{t}: {v}", "{t}：{v}").format(t=row.indicator.title, v=said(row.value, row.indicator.unit))
        if row is not None
        else None
    )
    return Safeguard(node.id, node.title, state_words(node.state), place.node(node), note)


def changes(board: Board, place: Place) -> Iterator[Sentence]:
    """Figures that are not what they were a week earlier, as known then; each leads to its figure."""
    for row in board.rows:
        before = board.before.get(row.id)
        if before is not None and before.as_json() != row.value.as_json():
            unit = row.indicator.unit
            yield Sentence(
                Text("{t}: {b} → {n}", "{t}：{b} → {n}").format(
                    t=row.indicator.title, b=said(before, unit), n=said(row.value, unit)
                ),
                place.figure(row.id),
                board.look.day,
            )
