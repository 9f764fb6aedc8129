"""The form of an operation, drawn from its declaration; what was typed is kept until it is accepted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from hutong.kernel.errors import HutongError, NotFound
from hutong.kernel.operation import FileRef, Json, Operation, Parameter
from hutong.kernel.permission import Actor
from hutong.kernel.quantity import ChipTime, Money, Share
from hutong.kernel.text import Text
from hutong.platform import files, language, parsing, runner
from hutong.platform.components import Choice, Crumb, Facts, Field, FieldKind, Form, Problem
from hutong.platform.entities import of_model
from hutong.platform.records import Record
from hutong.platform.scope import visible
from hutong.platform.web import cells

MOST_CHOICES = 200
KEY, SEEN = "_key", "_version"
KINDS: dict[Any, FieldKind] = {
    int: "number",
    bool: "boolean",
    date: "date",
    datetime: "datetime",
    Money: "number",
    ChipTime: "number",
    Share: "number",
    FileRef: "file",
    Json: "long",
}
UNITS: dict[Any, Text] = {
    Money: Text("yuan", "元"),
    ChipTime: Text("chip-hours", "卡时"),
    Share: Text("share or %", "比例或%"),
}
BEIJING = "+08:00"


def form_view(request: HttpRequest, name: str, code: str = "") -> HttpResponse:
    """Show the form of an operation, or carry it out."""
    operation = runner.find_operation(name)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if operation.hidden:
        raise NotFound(
            Text("The hub itself does this; there is no form.", "该操作由系统自动执行，无表单。"),
            rule="operation.hidden",
            remedy=Text("Look at the record's timeline.", "请查看记录的办理经过。"),
        )
    subject = _subject(operation, code, actor)
    if request.method != "POST":
        return _render(request, operation, subject, {}, {}, None)
    return _carry_out(request, operation, subject, actor)


def _subject(operation: Operation, code: str, actor: Actor) -> Any:
    if operation.subject is None or not code:
        return None
    return parsing.load_record(operation.subject.kind, code, actor, operation.subject.name)


def _carry_out(request: HttpRequest, operation: Operation, subject: Any, actor: Actor) -> HttpResponse:
    given, uploads = _read(request, operation, subject)
    if uploads is not None:
        return _render(request, operation, subject, given, {uploads.field or "": uploads}, uploads)
    seen = request.POST.get(SEEN, "")
    try:
        outcome = runner.run(
            actor,
            operation.name,
            given,
            key=request.POST.get(KEY) or None,
            on_behalf_of=request.POST.get("_for") or None,
            expected_version=int(seen) if seen.isdigit() else None,
        )
    except HutongError as error:
        wrong = {e.field or "": e for e in reversed(parsing.problems(operation, given, actor))}
        wrong.setdefault(error.field or "", error)
        return _render(request, operation, subject, given, wrong, error)
    return redirect(cells.address_of(outcome.record) or "/my")


def _read(
    request: HttpRequest, operation: Operation, subject: Any
) -> tuple[dict[str, Any], HutongError | None]:
    """Inputs as they were typed. Files are taken in first, and stay stored when the form comes back."""
    given: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter is operation.subject and subject is not None:
            given[parameter.name] = subject.code
        elif parameter.kind is FileRef:
            upload = request.FILES.get(parameter.name)
            try:
                if upload is not None:
                    kept = files.store(upload, name=upload.name or "", media_type=upload.content_type or "")
                    given[parameter.name] = kept.sha256
                else:
                    given[parameter.name] = request.POST.get(f"_{parameter.name}", "")
            except HutongError as error:
                error.field = parameter.name
                return given, error
        else:
            given[parameter.name] = _typed(request.POST, parameter)
    return given, None


def _typed(posted: QueryDict, parameter: Parameter) -> Any:
    if parameter.many:
        listed = posted.getlist(parameter.name)
        return listed if len(listed) != 1 else [x.strip() for x in listed[0].split(",") if x.strip()]
    value = posted.get(parameter.name, "")
    if parameter.kind is bool:
        return value or "false"
    if parameter.kind is datetime and value and "+" not in value and not value.upper().endswith("Z"):
        # The browser's field knows no zone: a hub in Beijing means Beijing.
        return f"{value}:00{BEIJING}" if value.count(":") == 1 else f"{value}{BEIJING}"
    return value


def _render(
    request: HttpRequest,
    operation: Operation,
    subject: Any,
    given: Mapping[str, Any],
    wrong: Mapping[str, HutongError],
    error: HutongError | None,
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    asked = [p for p in operation.parameters if p is not operation.subject or subject is None]
    fields = tuple(_field(p, given.get(p.name), wrong.get(p.name), actor) for p in asked)
    named = {f.name for f in fields}
    problem = Problem.of(error) if error is not None and (error.field or "") not in named else None
    form = Form(
        action=request.path,
        submit=operation.title,
        fields=(*fields, *_on_behalf(error)),
        problem=problem,
        consequence=_consequence(operation),
        cancel=cells.address_of(subject) if subject is not None else None,
        hidden=_hidden(subject, given, asked),
    )
    context = {
        "title": operation.title,
        "lead": None,
        "form": form,
        "facts": _facts(operation, subject),
        "crumbs": _crumbs(operation, subject),
    }
    return render(
        request, "hutong/pages/form.html", context, status=error.status if error is not None else 200
    )


def _hidden(subject: Any, given: Mapping[str, Any], asked: list[Parameter]) -> tuple[tuple[str, str], ...]:
    kept = [(f"_{p.name}", str(given[p.name])) for p in asked if p.kind is FileRef and given.get(p.name)]
    seen = [(SEEN, str(subject.version))] if subject is not None else []
    return ((KEY, str(uuid.uuid4())), *seen, *kept)


def _on_behalf(error: HutongError | None) -> tuple[Field, ...]:
    if error is None or error.field != "on_behalf_of":
        return ()
    return (
        Field("_for", Text("On behalf of (code)", "代表单位（编号）"), error=error.remedy, required=True),
    )


def _consequence(operation: Operation) -> Text | None:
    """What the verb does to the state, in words."""
    if operation.lifecycle is None or operation.transition is None:
        return None
    target = operation.lifecycle.state(operation.transition.target).label
    return Text("Afterwards the state is “{s}”.", "办理后状态为“{s}”。").format(s=target)


def _facts(operation: Operation, subject: Any) -> Facts | None:
    if subject is None:
        return None
    entity = of_model(type(subject))
    return Facts(tuple(cells.given(subject, s) for s in entity.fields if s.kind != "json"))


def _crumbs(operation: Operation, subject: Any) -> tuple[Crumb, ...]:
    if subject is None:
        return (Crumb(operation.title),)
    entity = of_model(type(subject))
    return (
        Crumb(entity.plural, entity.url),
        Crumb(subject.code, f"{entity.url}{subject.code}"),
        Crumb(operation.title),
    )


def _field(parameter: Parameter, value: Any, error: HutongError | None, actor: Actor) -> Field:
    choices = _choices(parameter, value, actor)
    kind = _kind(parameter, choices)
    both = None
    if error is not None:
        both = Text(f"{error.what.en} {error.remedy.en}", f"{error.what.zh}{error.remedy.zh}")
    return Field(
        name=parameter.name,
        label=parameter.label,
        kind=kind,
        help=parameter.help,
        value=_shown(parameter, value),
        error=both,
        required=parameter.required and kind != "boolean",
        choices=choices,
        unit=UNITS.get(parameter.kind),
    )


def _kind(parameter: Parameter, choices: tuple[Choice, ...]) -> FieldKind:
    if choices:
        return "choices" if parameter.many else "choice"
    if parameter.long is not None:
        return "long"
    return KINDS.get(parameter.kind, "text")


def _shown(parameter: Parameter, value: Any) -> str:
    if value is None or value == "":
        default = parameter.default
        return "" if default is None or default is False or default == [] else str(default)
    if parameter.kind is bool:
        return "true" if str(value).lower() in ("true", "on", "yes", "1") else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).removesuffix(BEIJING) if parameter.kind is datetime else str(value)


def _choices(parameter: Parameter, value: Any, actor: Actor) -> tuple[Choice, ...]:
    chosen = set(map(str, value)) if isinstance(value, list) else {str(value)}
    if parameter.choice is not None:
        return tuple(Choice(v, label, v in chosen) for v, label in parameter.choice.options)
    if not (isinstance(parameter.kind, type) and issubclass(parameter.kind, Record)):
        return ()
    entity = of_model(parameter.kind)
    rows = visible(parameter.kind._default_manager.all(), entity.view, actor).order_by("-id")[
        : MOST_CHOICES + 1
    ]
    found = list(rows)
    if len(found) > MOST_CHOICES:
        return ()
    spoken = language.current()
    return tuple(Choice(r.code, _called(r, spoken), r.code in chosen) for r in found)


def _called(record: Any, spoken: Any) -> str:
    name = cells.name_of(record)
    return name.say(spoken) if isinstance(name, Text) else str(name)
