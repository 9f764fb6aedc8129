"""Lists: scoped, keyset-paged by record number, filtered by state, downloadable as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render

from hutong.kernel.errors import NotFound
from hutong.kernel.permission import Allowed, decide
from hutong.kernel.text import Text
from hutong.platform.components import Action, Choice, EmptyState, Field, Form, Table
from hutong.platform.entities import ENTITIES, Entity
from hutong.platform.scope import visible
from hutong.platform.web import cells

PAGE = 50


class Echo:
    """A file that hands back what is written, for streaming CSV."""

    def write(self, value: str) -> str:
        return value


def entity_of(scope: str, resource: str) -> Entity:
    """The entity at this address; `NotFound` otherwise."""
    found = ENTITIES.get(f"{scope}.{resource}")
    if found is None:
        raise NotFound(
            Text("There is no such list.", "不存在该列表。"),
            rule="entity.unknown",
            remedy=Text("Start from the plan board.", "请从规划看板进入。"),
        )
    return found


def rows_of(entity: Entity, request: HttpRequest) -> QuerySet[Any]:
    """What the actor may see of the entity, newest first, in the state that was asked for."""
    rows = visible(entity.model._default_manager.all(), entity.view, request.actor)  # type: ignore[attr-defined]
    if entity.select:
        rows = rows.select_related(*entity.select)
    state = request.GET.get("state", "")
    lifecycle = entity.model.lifecycle
    if lifecycle is not None and state in {s.name for s in lifecycle.states}:
        rows = rows.filter(state=state)
    return rows.order_by("-id")


def list_view(request: HttpRequest, scope: str, resource: str) -> HttpResponseBase:
    entity = entity_of(scope, resource)
    rows = rows_of(entity, request)
    if request.GET.get("format") == "csv":
        return _csv(entity, rows)
    after = request.GET.get("after", "")
    page = rows.filter(pk__lt=int(after)) if after.isascii() and after.isdigit() and len(after) < 19 else rows
    shown = list(page[: PAGE + 1])
    context = {
        "title": entity.plural,
        "actions": creators(entity, request),
        "filters": _filters(entity, request),
        "table": _table(entity, request, shown, bool(after)),
    }
    return render(request, "hutong/pages/list.html", context)


def _table(entity: Entity, request: HttpRequest, shown: list[Any], later: bool) -> Table:
    state = request.GET.get("state", "")
    suffix = f"&state={state}" if state else ""
    more = len(shown) > PAGE
    rows = shown[:PAGE]
    return Table(
        caption=entity.plural,
        columns=cells.heading(entity),
        rows=tuple(cells.line(entity, r) for r in rows),
        empty=EmptyState(entity.empty),
        csv=f"{entity.url}?format=csv{suffix}",
        next=f"{entity.url}?after={rows[-1].pk}{suffix}" if more else None,
        previous=f"{entity.url}?{suffix.lstrip('&')}" if later else None,
        caption_hidden=True,
    )


def _filters(entity: Entity, request: HttpRequest) -> Form | None:
    lifecycle = entity.model.lifecycle
    if lifecycle is None or len(lifecycle.states) < 2:
        return None
    chosen = request.GET.get("state", "")
    choices = tuple(Choice(s.name, s.label, s.name == chosen) for s in lifecycle.states)
    every = Choice("all", Text("all", "全部"), not chosen)
    field = Field("state", Text("State", "状态"), "choice", value=chosen or "all", choices=(every, *choices))
    return Form(entity.url, Text("Show", "显示"), (field,), method="get")


def creators(entity: Entity, request: HttpRequest) -> tuple[Action, ...]:
    """The verbs that make such a record out of nothing, for those whose role allows it."""
    actor = request.actor  # type: ignore[attr-defined]
    allowed = [o for o in entity.creators() if isinstance(decide(o.permission, actor), Allowed)]
    return tuple(
        Action(o.title, f"/do/{o.name}/", o.name, weight="primary") for o in allowed if actor.id is not None
    )


def _csv(entity: Entity, rows: QuerySet[Any]) -> HttpResponse | StreamingHttpResponse:
    writer = csv.writer(Echo())

    def lines() -> Iterator[str]:
        # A byte order mark, so that spreadsheets read Chinese as it is.
        yield "\ufeff" + writer.writerow(["code", *(s.path for s in entity.columns), "state"])
        for record in rows.iterator(chunk_size=1000):
            yield writer.writerow(
                [record.code, *(cells.csv_value(record, s) for s in entity.columns), record.state]
            )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{entity.scope}-{entity.resource}.csv"'
    return response
