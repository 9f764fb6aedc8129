"""Addresses of the plan: board, nodes, figures, drawers, CSV and bundles. All of it is public."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.modules.plan import csv_files
from hutong.modules.plan.asking import figures_of, place_of
from hutong.modules.plan.board_view import board_context
from hutong.modules.plan.explain import Explanation
from hutong.modules.plan.figure_view import drawer, figure_context
from hutong.modules.plan.figures import Figures
from hutong.modules.plan.node_view import node_context
from hutong.modules.plan.points import points
from hutong.modules.plan.queries import board_from, unknown
from hutong.platform.components import Action, EmptyState
from hutong.platform.entities import ENTITIES
from hutong.platform.web.csv_files import csv_response
from hutong.platform.web.evidence import download, drawer_response
from hutong.platform.web.pages import PAGES


def board(request: HttpRequest) -> HttpResponse:
    """The plan board; before a plan is loaded, what starts here and who starts it."""
    try:
        figures = figures_of(request)
    except NotFound as missing:
        if missing.rule != "plan.none" or request.GET.get("plan"):
            raise
        return render(request, "hutong/home.html", _before_the_plan())
    return render(request, "plan/board.html", board_context(board_from(figures), figures, place_of(request)))


def _before_the_plan() -> dict[str, Any]:
    load = Action(
        Text("Load a plan", "载入实施方案"), "/do/plan.plan.load/", "plan.plan.load", weight="primary"
    )
    begin = Text(
        "No plan is loaded yet. A task-force officer loads the plan file; every figure then follows from the ledger.",
        "尚未载入实施方案。由工作专班人员载入方案文件，各项指标随即依据账本计算。",
    )
    lists = [(e.plural, e.url, e.key) for e in ENTITIES.values() if e.menu is not None]
    made = [(p.title, f"/{p.path}", p.name) for p in PAGES if p.path and p.navigation is not None]
    others = (
        EmptyState(title, Action(Text("Open", "打开"), url, key)) for title, url, key in [*lists, *made]
    )
    return {
        "title": Text("An AI innovation hub", "人工智能创新策源地"),
        "lead": Text(
            "The departments are open; the plan board waits for its plan.",
            "各部门已可办理，方案看板待载入方案。",
        ),
        "doors": (EmptyState(begin, load), *others),
    }


def board_csv(request: HttpRequest) -> HttpResponse:
    found = board_from(figures_of(request))
    name = f"{found.text.id}-{found.look.day.isoformat()}.csv"
    return csv_response(csv_files.BOARD, csv_files.board_rows(found), name)


def board_json(request: HttpRequest) -> HttpResponse:
    found = board_from(figures_of(request))
    return download(found.as_json(), f"{found.text.id}-{found.look.day.isoformat()}.json")


def _node(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    figures = figures_of(request)
    context = node_context(board_from(figures), figures, kind, number, place_of(request))
    return render(request, "plan/node.html", context)


def objective(request: HttpRequest, number: int) -> HttpResponse:
    return _node(request, "objective", number)


def task(request: HttpRequest, number: int) -> HttpResponse:
    return _node(request, "task", number)


def safeguard(request: HttpRequest, number: int) -> HttpResponse:
    return _node(request, "safeguard", number)


def _explained(figures: Figures, name: str) -> Explanation:
    found = next((i for i in figures.text.indicators if i.id == name), None)
    if found is None:
        raise unknown(name)
    return Explanation(figures.row(found), figures.look, figures.record, figures.size)


def figure(request: HttpRequest, name: str) -> HttpResponse:
    figures = figures_of(request)
    found = _explained(figures, name)
    return render(request, "plan/figure.html", figure_context(found, figures, place_of(request)))


def figure_drawer(request: HttpRequest, name: str) -> HttpResponse:
    return drawer_response(request, drawer(_explained(figures_of(request), name), place_of(request)))


def figure_csv(request: HttpRequest, name: str) -> HttpResponse:
    figures = figures_of(request)
    found = _explained(figures, name)
    head = ("day", "value", "as_known_then", "definition", "facts")
    return csv_response(head, csv_files.points_rows(points(figures, found.row.id)), f"{name}.csv")


def facts_csv(request: HttpRequest, name: str) -> HttpResponse:
    head = ("record", "amount", "valid_from", "valid_to", "recorded_at", "event")
    found = _explained(figures_of(request), name)
    return csv_response(head, csv_files.facts_rows(found), f"{name}-facts.csv")


def figure_bundle(request: HttpRequest, name: str) -> HttpResponse:
    return download(_explained(figures_of(request), name).bundle(), f"{name}.json")
