"""My desk: what waits for me, what waits for others, what I did this week. And the hub's own first page, and search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from hutong.kernel.operation import OPERATIONS, Operation
from hutong.kernel.permission import POLICY, ROLE_LABELS, Actor
from hutong.kernel.text import Text
from hutong.platform import search
from hutong.platform.component_pages import DeskColumn, DeskRow
from hutong.platform.components import Action, Cell, Column, EmptyState, State, Table
from hutong.platform.entities import ENTITIES, Entity, find_model, of_code, of_model
from hutong.platform.ledger.tables import Event
from hutong.platform.scope import visible, within
from hutong.platform.web.pages import home

EACH = 8
MOST = 40
WAITS = Text("{what} waits: {verb}.", "{what} 待办：{verb}。")
WITH_OTHERS = Text("{what} is “{state}”.", "{what} 处于“{state}”。")


def desk_view(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.id is None:
        return redirect("account_login")
    context = {
        "title": Text("My desk", "我的工作台"),
        "role": _roles(actor),
        "waiting": DeskColumn(Text("Waiting for me", "待我办理"), tuple(_waiting(actor)), _nothing(actor)),
        "others": DeskColumn(
            Text("Waiting for others", "待他人办理"),
            tuple(_others(actor)),
            EmptyState(Text("Nothing of yours waits for others.", "您没有待他人办理的事项。")),
        ),
        "done": DeskColumn(
            Text("Done this week", "本周已办"),
            tuple(_done(actor)),
            EmptyState(Text("Nothing yet this week.", "本周尚无办理记录。")),
        ),
        "refresh": request.path,
    }
    return render(request, "hutong/desk.html", context)


def _roles(actor: Actor) -> Text:
    labels = list(dict.fromkeys(ROLE_LABELS[g.role] for g in actor.grants))
    if not labels:
        return Text("You hold no role yet: ask the hub operator.", "您尚无角色，请联系平台运维人员。")
    return Text(", ".join(x.en for x in labels), "、".join(x.zh for x in labels))


def _mine(actor: Actor) -> list[Operation]:
    """Verbs on records in certain states that one of the actor's roles has."""
    roles = {g.role for g in actor.grants}
    return [
        o
        for o in OPERATIONS.values()
        if o.subject is not None
        and o.transition is not None
        and not o.hidden
        and o.lifecycle is not None
        and any(r.role in roles for r in POLICY.get(o.permission, ()))
        and find_model(o.subject.kind) is not None
        and o.subject.kind.lifecycle is o.lifecycle
    ]


def _waiting(actor: Actor) -> list[DeskRow]:
    """The oldest records on which one of my verbs is the next step, each once: one query for all departments."""
    parts, verbs = [], {}
    for operation in _mine(actor):
        assert operation.subject is not None and operation.transition is not None and operation.lifecycle
        model, lifecycle = operation.subject.kind, operation.lifecycle
        sources = [s for s in operation.transition.sources if lifecycle.state(s).kind in ("waiting", "open")]
        if sources:
            verbs[operation.name] = operation
            rows = model._default_manager.filter(within(operation.permission, actor), state__in=sources)
            parts.append(_brief(model, rows, operation.name))
    found: dict[str, DeskRow] = {}
    for code, state, since, verb, en, zh in _together(parts):
        found.setdefault(code, _row(verbs[verb], code, state, since, Text(en or code, zh or code)))
    return list(found.values())[:MOST]


def _brief(model: Any, rows: Any, word: str, most: int = EACH) -> Any:
    """The oldest rows of one kind as (code, state, since, word)."""
    first = model._default_manager.filter(pk__in=rows.order_by("id").values("pk")[:most]).order_by()
    said = first.annotate(word=Value(word), en=_name(model, "en"), zh=_name(model, "zh"))
    return said.values_list("code", "state", "created_at", "word", "en", "zh")


def _name(model: Any, language: str) -> Any:
    """The record's own name in a language, where its table has one."""
    fields = {f.name for f in model._meta.concrete_fields}
    own = next((f for f in (f"name_{language}", f"title_{language}") if f in fields), None)
    return Cast(F(own) if own is not None else Value(""), CharField())


def _together(parts: list[Any]) -> list[tuple[str, str, Any, str, str, str]]:
    """Rows of several kinds, oldest first."""
    if not parts:
        return []
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return list(rows.order_by("created_at"))


def _what(entity: Entity, code: str, name: Text) -> Text:
    """A record in a sentence: what kind, its code, its name where it has one."""
    if name.en == code:
        return Text(f"{entity.title.en} {code}", f"{entity.title.zh} {code}")
    return Text(f"{entity.title.en} {code} “{name.en}”", f"{entity.title.zh} {code}“{name.zh}”")


def _row(operation: Operation, code: str, state: str, since: Any, name: Text) -> DeskRow:
    entity = of_model(operation.subject.kind)  # type: ignore[union-attr]
    what = _what(entity, code, name)
    return DeskRow(
        sentence=WAITS.format(what=what, verb=operation.title),
        clock=_since(since),
        url=f"{entity.url}{code}",
        action=Action(operation.title, f"/do/{operation.name}/{code}", f"{operation.name}-{code}"),
        state=State.of(operation.lifecycle.state(state)),  # type: ignore[union-attr]
    )


def _since(moment: Any) -> Text:
    days = (timezone.now() - moment).days
    return Text(f"since {days} days" if days else "since today", f"已等待{days}天" if days else "今日起")


def _others(actor: Actor) -> list[DeskRow]:
    """Records that I made and that wait in a state where somebody must act."""
    roles = {g.role for g in actor.grants}
    parts = []
    for entity in ENTITIES.values():
        lifecycle = entity.model.lifecycle
        if lifecycle is None or not any(r.role in roles for r in POLICY.get(entity.view, ())):
            continue
        states = [s.name for s in lifecycle.states if s.kind == "waiting"]
        mine = entity.model._default_manager.filter(created_by=actor.id, state__in=states)
        if states:
            parts.append(_brief(entity.model, visible(mine, entity.view, actor), entity.key))
    return [
        _waits(ENTITIES[key], code, state, since, Text(en or code, zh or code))
        for code, state, since, key, en, zh in _together(parts)
    ][:MOST]


def _waits(entity: Entity, code: str, state: str, since: Any, name: Text) -> DeskRow:
    what = _what(entity, code, name)
    lifecycle = entity.model.lifecycle
    assert lifecycle is not None
    words = WITH_OTHERS.format(what=what, state=lifecycle.state(state).label)
    return DeskRow(words, _since(since), f"{entity.url}{code}")


def _done(actor: Actor) -> Iterator[DeskRow]:
    week = timezone.now() - timedelta(days=7)
    for event in Event.objects.filter(actor=actor.code, recorded_at__gte=week).order_by("-seq")[:20]:
        operation = OPERATIONS.get(event.operation)
        if operation is None:
            continue
        entity = of_code(event.subject)
        url = f"{entity.url}{event.subject}" if entity is not None else None
        yield DeskRow(
            operation.sentence.format(subject=event.subject),
            None,
            url,
            state=State(Text("done", "已办"), "done"),
        )


def _nothing(actor: Actor) -> EmptyState:
    """An empty desk says what usually starts here, and offers it."""
    roles = {g.role for g in actor.grants}
    for operation in OPERATIONS.values():
        starts = operation.creates is not None and operation.subject is None and not operation.hidden
        if starts and any(
            r.role in roles and r.role is not None for r in POLICY.get(operation.permission, ())
        ):
            action = Action(operation.title, f"/do/{operation.name}/", operation.name, weight="primary")
            words = Text("Nothing waits for you. What usually starts here:", "暂无待办事项。通常由此开始：")
            return EmptyState(words, action)
    return EmptyState(Text("Nothing waits for you.", "暂无待办事项。"))


def home_view(request: HttpRequest) -> HttpResponse:
    """The root: a department's page if there is one, else the doors of the hub."""
    chosen = home()
    if chosen is not None:
        return chosen.view(request)  # type: ignore[no-any-return]
    doors = tuple(
        EmptyState(e.plural, Action(Text("Open", "打开"), e.url, e.key))
        for e in ENTITIES.values()
        if e.menu is not None
    )
    context = {
        "title": Text("An AI innovation hub", "人工智能创新策源地"),
        "lead": Text("No plan is loaded yet; the departments are open.", "尚未载入规划，各部门已可办理。"),
        "doors": doors,
    }
    return render(request, "hutong/home.html", context)


def search_view(request: HttpRequest) -> HttpResponse:
    """Find records by words of both languages; only what the actor may see is shown."""
    query = request.GET.get("q", "")[:200]
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = search.find(query)
    by_kind: dict[str, list[str]] = {}
    for document in found:
        by_kind.setdefault(document.kind, []).append(document.code)
    parts = []
    for kind, codes in by_kind.items():
        entity = ENTITIES.get(kind)
        if entity is not None:
            rows = visible(entity.model._default_manager.filter(code__in=codes), entity.view, actor)
            parts.append(_brief(entity.model, rows, kind, len(codes)))
    allowed = {code for code, *_ in _together(parts)}
    rows_shown = tuple(
        (
            Cell(d.code, url=f"{ENTITIES[d.kind].url}{d.code}"),
            Cell(Text(d.title_en, d.title_zh)),
            Cell(ENTITIES[d.kind].title),
        )
        for d in found
        if d.code in allowed
    )
    columns = (
        Column(Text("Code", "编号"), "code"),
        Column(Text("Name", "名称")),
        Column(Text("Kind", "类型")),
    )
    empty = EmptyState(
        Text(
            "Nothing was found. One Chinese character is enough to search.", "未找到结果。单个汉字即可检索。"
        )
    )
    caption = Text("Found: {q}", "检索：{q}").format(q=query or "-")
    context = {
        "title": Text("Search", "检索"),
        "lead": caption,
        "query": query,
        "table": Table(caption, columns, rows_shown, empty=empty, caption_hidden=True),
    }
    return render(request, "hutong/pages/list.html", context)
