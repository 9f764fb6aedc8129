"""The page of a quote, and the same as JSON: somebody asks what a job would get, without asking for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from hutong.kernel.errors import HutongError
from hutong.kernel.permission import Actor, Allowed, decide
from hutong.kernel.text import Text
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import Allocation
from hutong.modules.compute.money import book
from hutong.modules.compute.quote import Ask, Quote, ask_of, quote, seen
from hutong.modules.compute.show.expected import option, options_of
from hutong.modules.compute.show.quote_tables import PLACES, WAYS, as_json, places_table, verdict
from hutong.modules.compute.show.words import chip_time, clock, counted, span
from hutong.platform.components import Action, Choice, Crumb, Field, Figure, Form, Problem
from hutong.platform.parsing import load_record
from hutong.platform.scope import visible
from hutong.platform.web.middleware import slow_down, too_many

TITLE = Text("Ask for a quote", "作业询价")
LEAD = Text(
    "Which pool would start a job, when and at what price at most. Nothing is submitted, and no hours are set aside.",
    "查询各算力池何时启动作业、费用至多多少。询价不提交作业，也不预留额度。",
)
REQUEST = Text("The request", "询价条件")
MOST_CHOICES = 200
BEIJING = "+08:00"
PARTS = ("allocation", "chips", "limit_s", "accept", "deadline", "command")


def quote_view(request: HttpRequest) -> HttpResponse:
    """The form; with ``?chips=`` what every pool says; with ``format=json`` that as JSON, for a token too."""
    if request.GET.get("format") == "json":
        return _json(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    mine = allocations(actor)
    problem: HutongError | None = None
    told: Quote | None = None
    if "chips" in request.GET:
        try:
            told = _told(request, actor, mine)
        except HutongError as error:
            problem = error
    hub = seen(timezone.now())
    context = {
        "title": TITLE,
        "lead": LEAD if told is None else verdict(told),
        "actions": _actions(actor, told),
        "figures": () if told is None else _figures(told),
        "sections": (*_sections(told), (REQUEST, _form(request.GET, mine, hub.kinds, problem))),
        "crumbs": (Crumb(Text("Computing", "算力"), "/compute/"), Crumb(TITLE)),
    }
    return render(
        request, "hutong/pages/detail.html", context, status=200 if problem is None else problem.status
    )


def _json(request: HttpRequest) -> HttpResponse:
    """For a program: the quote, or the refusal as problem details (RFC 9457)."""
    # The API is drawn from all operations: its rooms open once every module has declared its own.
    from hutong.platform.api.acting import actor_for

    try:
        actor = actor_for(request)
        told = _told(request, actor, allocations(actor))
    except HutongError as error:
        about = {
            "type": f"urn:hutong:problem:{error.kind}",
            "title": error.kind,
            "status": error.status,
            "detail": error.what.en,
        }
        return _plain({**about, **error.as_json()}, error.status, "application/problem+json")
    return _plain(as_json(told), 200, "application/json")


def _plain(content: dict[str, Any], status: int, kind: str) -> JsonResponse:
    return JsonResponse(content, status=status, content_type=kind, json_dumps_params={"ensure_ascii": False})


def allocations(actor: Actor) -> list[Allocation]:
    """Active allocations that the actor may see, latest first: one query."""
    if actor.id is None:
        return []
    rows = visible(Allocation.objects.filter(state="active"), may.ALLOCATION_VIEW, actor)
    return list(rows.select_related("pool__centre", "organisation").order_by("-pk")[:MOST_CHOICES])


def _told(request: HttpRequest, actor: Actor, mine: Sequence[Allocation]) -> Quote:
    # Each quote costs the engine some tenths of a second.
    if too_many(request, "quote", settings.HUTONG_RATE_LIMIT):
        raise slow_down()
    now = timezone.now()
    return quote(asked(request.GET, actor, mine), now, seen(now))


def asked(given: QueryDict, actor: Actor, mine: Sequence[Allocation] = ()) -> Ask:
    """The request of a query string. `NotFound` for an allocation that the actor cannot see."""
    code = given.get("allocation", "").strip().upper()
    allocation: Any = next((a for a in mine if a.code == code), None)
    if code and allocation is None:
        allocation = load_record(Allocation, code, actor, "allocation")
    deadline = given.get("deadline", "").strip()
    if deadline and "+" not in deadline and not deadline.upper().endswith("Z"):
        # The browser's field knows no zone: a hub in Beijing means Beijing.
        deadline += (":00" if deadline.count(":") == 1 else "") + BEIJING
    parts: dict[str, Any] = {name: given.get(name) for name in ("chips", "limit_s", "command")}
    return ask_of({**parts, "accept": given.getlist("accept"), "deadline": deadline}, allocation)


def _figures(told: Quote) -> tuple[Figure, ...]:
    ask = told.ask
    size = Text("{n} for {t} at most", "{n}，至多{t}").format(
        n=counted(ask.chips, "chip", "芯片"), t=span(ask.limit_s * 1000)
    )
    made = [
        Figure(
            Text("asked", "询价"), size,
            definition=Text("as of {t} (Beijing time)", "截至{t}（北京时间）").format(t=clock(told.at)),
        )
    ]  # fmt: skip
    if ask.allocation is not None and told.hold_ms is not None:
        free = book.balances(ask.allocation).get("free", 0)
        enough = (
            Text("of {f} free", "可用{f}") if told.hold_ms <= free else Text("only {f} are free", "仅剩{f}")
        )
        made.append(
            Figure(
                Text("it would set aside", "将预留"),
                chip_time(told.hold_ms),
                definition=enough.format(f=chip_time(free)),
            )
        )
    return tuple(made)


def _sections(told: Quote | None) -> tuple[tuple[Text, Any], ...]:
    if told is None:
        return ()
    sooner = options_of({"options": [option(o) for o in told.options]}, told.at, WAYS)
    return ((PLACES, places_table(told)), *sooner)


def _actions(actor: Actor, told: Quote | None) -> tuple[Action, ...]:
    if told is None or actor.id is None or not isinstance(decide(may.JOB_SUBMIT, actor), Allowed):
        return ()
    return (
        Action(Text("Submit a job", "提交计算作业"), "/do/compute.job.submit/", "compute.job.submit",
               weight="primary"),
    )  # fmt: skip


def _form(
    given: QueryDict, mine: Sequence[Allocation], kinds: Sequence[str], problem: HutongError | None
) -> Form:
    named = problem.field if problem is not None and problem.field in PARTS else None

    def field(name: str, label: Text, kind: Any = "text", default: str = "", **more: Any) -> Field:
        error = None
        if problem is not None and named == name:
            error = Text(f"{problem.what.en} {problem.remedy.en}", f"{problem.what.zh}{problem.remedy.zh}")
        return Field(name, label, kind, value=given.get(name, default), error=error, **more)

    accepted = set(given.getlist("accept"))
    fields = (
        *_whose(given, mine, field),
        field("chips", Text("Chips", "卡数"), "number", "1", required=True),
        field("limit_s", Text("Limit (seconds)", "时限（秒）"), "number", "3600", required=True),
        field(
            "accept", Text("Kinds of chip that it runs on", "可用芯片型号"), "choices",
            choices=tuple(Choice(k, k, k in accepted) for k in kinds),
            help=Text("None: that of the allocation, or any.", "不选：配额所属型号，或任意型号。"),
        ),
        field("deadline", Text("To be over by", "最迟结束时间"), "datetime"),
        field(
            "command", Text("Command", "命令"),
            help=Text(
                "Its first two words: earlier jobs of the same command tell how long it runs.",
                "填写前两个词：据同一命令的既往作业估计运行时长。",
            ),
        ),
    )  # fmt: skip
    shown = Problem.of(problem) if problem is not None and named is None else None
    return Form("/compute/quote", TITLE, fields, method="get", problem=shown, cancel="/compute/")


def _whose(given: QueryDict, mine: Sequence[Allocation], field: Any) -> tuple[Field, ...]:
    code = given.get("allocation", "").upper()
    if not mine and not code:
        return ()
    choices = tuple(Choice(a.code, f"{a.code} · {a.pool.chip}", a.code == code) for a in mine) or (
        Choice(code, code, True),
    )
    label = Text("Allocation", "算力配额")
    note = Text("None: as a guest of every centre.", "不选：按各中心外部用户询价。")
    return (field("allocation", label, "choice", choices=choices, help=note),)
