"""One verb per declared operation, and list and show per entity, generated from the registries."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hutong.cli.documents import read_document
from hutong.cli.home import actor_named
from hutong.cli.output import fail, say, show_json, show_table
from hutong.kernel.errors import HutongError
from hutong.kernel.operation import OPERATIONS, FileRef, Json, Operation, Parameter
from hutong.kernel.text import Text

As = Annotated[str | None, typer.Option("--as", help="person who acts: code or e-mail (HUTONG_AS)")]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
ABOUT: dict[str, Any] = {
    "as_": As,
    "for_": Annotated[str | None, typer.Option("--for", help="organisation on whose behalf: code")],
    "key_": Annotated[str | None, typer.Option("--key", help="idempotency key: a retry is harmless")],
    "seen_": Annotated[int | None, typer.Option("--if-version", help="refuse if the record moved on")],
    "json_": AsJson,
}
DEFAULTS: dict[str, Any] = {"as_": None, "for_": None, "key_": None, "seen_": None, "json_": False}


def word(name: str) -> str:
    """A name as the terminal writes it."""
    return name.replace("_", "-")


def department(scope: str) -> typer.Typer:
    """All verbs of one department: resource → verb."""
    from hutong.platform.entities import ENTITIES

    app = typer.Typer(no_args_is_help=True, add_completion=False)
    mine = [o for o in OPERATIONS.values() if o.scope == scope and not o.hidden]
    shown = [e for e in ENTITIES.values() if e.scope == scope]
    for resource in dict.fromkeys([*(e.resource for e in shown), *(o.resource for o in mine)]):
        entity = next((e for e in shown if e.resource == resource), None)
        about = say(entity.plural) if entity is not None else resource
        group = typer.Typer(no_args_is_help=True, help=about)
        for operation in (o for o in mine if o.resource == resource):
            group.command(word(operation.verb), help=f"{say(operation.title)}. {operation.doc}")(
                verb(operation)
            )
        if entity is not None:
            group.command("list", help=f"List: {about}")(lister(entity))
            group.command("show", help=f"Show one: {say(entity.title)}")(shower(entity))
        app.add_typer(group, name=word(resource))
    return app


def verb(operation: Operation) -> Callable[..., None]:
    """The command of an operation: its subject as an argument, its inputs as options."""

    def command(**given: Any) -> None:
        around = {name: given.pop(name) for name in DEFAULTS}
        try:
            _carry_out(operation, given, around)
        except HutongError as error:
            fail(error, around["json_"])

    named = operation.subject or _document(operation)
    parameters = [_parameter(p, p is named) for p in operation.parameters]
    parameters += [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=DEFAULTS[n], annotation=a)
        for n, a in ABOUT.items()
    ]
    parameters.sort(key=lambda p: p.default is not inspect.Parameter.empty)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _document(operation: Operation) -> Parameter | None:
    """The structured value with which an operation begins that has no subject: on the line it is named, as a file."""
    first = operation.parameters[0] if operation.parameters else None
    return first if first is not None and first.kind is Json and first.required else None


def _parameter(parameter: Parameter, subject: bool) -> inspect.Parameter:
    help_ = say(parameter.label) + (f" · {say(parameter.help)}" if parameter.help else "")
    if parameter.choice is not None:
        help_ += f" ({', '.join(parameter.choice.values)})"
    if subject:
        annotation: Any = Annotated[str, typer.Argument(help=help_)]
    elif parameter.many:
        annotation = Annotated[list[str] | None, typer.Option(f"--{word(parameter.name)}", help=help_)]
    else:
        mark = "" if not parameter.required else " *"
        annotation = Annotated[str | None, typer.Option(f"--{word(parameter.name)}", help=help_ + mark)]
    # What is required is said by the hub, in the same words as on a page, and not by the command line.
    default = inspect.Parameter.empty if subject else None
    return inspect.Parameter(
        parameter.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _carry_out(operation: Operation, given: dict[str, Any], around: dict[str, Any]) -> None:
    from hutong.platform import runner

    actor = actor_named(around["as_"])
    document = _document(operation)
    inputs = {
        p.name: read_document(given[p.name]) if p is document else _input(p, given[p.name])
        for p in operation.parameters
        if given[p.name] is not None
    }
    outcome = runner.run(
        actor,
        operation.name,
        inputs,
        key=around["key_"],
        on_behalf_of=around["for_"],
        expected_version=around["seen_"],
    )
    record = outcome.record
    if around["json_"]:
        brief = (
            {"code": record.code, "state": record.state, "version": record.version}
            if record is not None
            else None
        )
        show_json(
            {"operation": operation.name, "record": brief, "event": outcome.seq, "repeated": outcome.repeated}
        )
    else:
        state = (
            f" · {say(type(record).lifecycle.state(record.state).label)}"
            if getattr(record, "state", "")
            else ""
        )
        print(f"{record.code if record is not None else ''}{state} · #{outcome.seq}")
        _expectation(record, actor)


def _expectation(record: Any, actor: Any) -> None:
    """What the page of the record says first, where it says anything: why it waits, when it starts."""
    from hutong.platform.entities import Sight, find_model

    entity = find_model(type(record)) if record is not None else None
    if entity is None or entity.context is None:
        return
    told = entity.context(Sight(record, actor)).get("lead")
    if told is not None:
        print(say(told))


def _input(parameter: Parameter, value: Any) -> Any:
    """A file named on the command line is stored first; ``@path`` reads a long text from a file."""
    if isinstance(value, str) and value.startswith("@") and Path(value[1:]).is_file():
        value = Path(value[1:]).read_text(encoding="utf-8")
    if parameter.kind is FileRef and Path(str(value)).is_file():
        from hutong.platform import files

        with Path(value).open("rb") as stream:
            return files.store(stream, name=Path(value).name, media_type="application/octet-stream").sha256
    return value


def lister(entity: Any) -> Callable[..., None]:
    def command(
        state: Annotated[str | None, typer.Option(help="only in this state")] = None,
        limit: Annotated[int, typer.Option(help="at most this many")] = 50,
        as_: As = None,
        json_: AsJson = False,
    ) -> None:
        from hutong.platform.api import records
        from hutong.platform.scope import visible

        try:
            rows = visible(entity.model._default_manager.all(), entity.view, _reader(as_))
        except HutongError as error:
            fail(error, json_)
        rows = rows.filter(state=state) if state else rows
        found = list(rows.select_related(*entity.select).order_by("-id")[:limit])
        if json_:
            show_json([records.line(entity, r) for r in found])
            return
        heads = [Text("Code", "编号"), *(s.label for s in entity.columns), Text("State", "状态")]
        show_table(entity.plural if found else entity.empty, heads, [_line(entity, r) for r in found])

    return command


def _reader(name: str | None) -> Any:
    """Who reads: the person named, else the public."""
    import os

    from hutong.kernel.permission import ANONYMOUS

    return actor_named(name) if name or os.environ.get("HUTONG_AS") else ANONYMOUS


def _line(entity: Any, record: Any) -> list[Any]:
    from hutong.platform.web import cells

    lifecycle = type(record).lifecycle
    state = lifecycle.state(record.state).label if lifecycle is not None else ""
    return [record.code, *(cells.cell(record, s).value for s in entity.columns), state]


def shower(entity: Any) -> Callable[..., None]:
    def command(
        code: Annotated[str, typer.Argument(help="code of the record")],
        as_: As = None,
        json_: AsJson = False,
    ) -> None:
        from hutong.platform.api import records
        from hutong.platform.parsing import load_record
        from hutong.platform.web import cells

        try:
            actor = _reader(as_)
            record = load_record(entity.model, code, actor, "code")
        except HutongError as error:
            fail(error, json_)
        if json_:
            show_json(records.full(entity, record, actor))
            return
        rows = [(s.label, cells.cell(record, s).value) for s in entity.fields]
        show_table(cells.name_of(record), (Text("What", "项目"), Text("Value", "值")), rows)

    return command
