"""All paths of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import File, NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from ninja.files import UploadedFile
from pydantic import Field, create_model

from hutong import __version__
from hutong.kernel.errors import HutongError, Invalid, NotFound
from hutong.kernel.operation import OPERATIONS, Operation
from hutong.kernel.text import Text
from hutong.platform import files, runner
from hutong.platform.api import records
from hutong.platform.api.acting import actor_for
from hutong.platform.api.reading import StrictParser, too_large
from hutong.platform.api.shapes import Done, ProblemDetails, input_of
from hutong.platform.ledger import checkpoints, proofs
from hutong.platform.ledger.tables import Event
from hutong.platform.parsing import load_record
from hutong.platform.scope import visible
from hutong.platform.web.lists import entity_of

MOST = 200
REFUSALS = {
    403: ProblemDetails,
    404: ProblemDetails,
    409: ProblemDetails,
    422: ProblemDetails,
    429: ProblemDetails,
}

api = NinjaAPI(
    title="Hutong",
    version=__version__,
    description="Every write is an operation; every list shows what the caller may see.",
    parser=StrictParser(),
    urls_namespace="api",
    docs_url=None,
)


class Call(Schema):
    """What surrounds the input of an operation."""

    key: str | None = None
    version: int | None = None
    on_behalf_of: str | None = None


def problem(request: HttpRequest, error: HutongError) -> HttpResponse:
    """Problem details per RFC 9457."""
    content = {
        "type": f"urn:hutong:problem:{error.kind}",
        "title": error.kind,
        "status": error.status,
        "detail": error.what.en,
        **error.as_json(),
    }
    return JsonResponse(
        content,
        status=error.status,
        content_type="application/problem+json",
        json_dumps_params={"ensure_ascii": False},
    )


@api.exception_handler(HutongError)
def on_error(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, error)


@api.exception_handler(HttpError)
def on_unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    """Ninja wraps what the parser refused; the refusal itself is the answer."""
    if isinstance(error.__cause__, HutongError):
        return problem(request, error.__cause__)
    return on_malformed(request, error)


@api.exception_handler(RequestDataTooBig)
def on_too_large(request: HttpRequest, error: Any) -> HttpResponse:
    """Django counts the bytes before the parser sees them."""
    return problem(request, too_large())


@api.exception_handler(ValidationError)
def on_malformed(request: HttpRequest, error: Any) -> HttpResponse:
    refused = Invalid(
        Text("The request is not of the form that this path takes.", "请求格式与该接口不符。"),
        rule="request.form",
        remedy=Text('Send {"input": {…}} as the catalogue describes.', '请按目录说明提交 {"input": {…}}。'),
        field="body",
    )
    return problem(request, refused)


def _path(operation: Operation) -> None:
    """One path for one operation."""
    name = "".join(part.title() for part in operation.name.replace("_", ".").split(".")) + "Call"
    given_type = Annotated[dict[str, Any], Field(json_schema_extra=input_of(operation))]
    body: Any = create_model(name, __base__=Call, input=(given_type, {}))

    def carry_out(request: HttpRequest, call: Any) -> dict[str, Any]:
        actor = actor_for(request)
        key = call.key or request.headers.get("Idempotency-Key")
        outcome = runner.run(
            actor,
            operation.name,
            call.input,
            key=key,
            on_behalf_of=call.on_behalf_of,
            expected_version=_seen(request, call),
        )
        return {
            "operation": outcome.operation,
            "record": records.brief(outcome.record),
            "event": outcome.seq,
            "repeated": outcome.repeated,
        }

    carry_out.__annotations__ = {"request": HttpRequest, "call": body, "return": dict}
    decorate: Callable[..., Any] = api.post(
        f"/operations/{operation.name}",
        response={200: Done, **REFUSALS},
        operation_id=operation.name.replace(".", "_"),
        summary=operation.title.en,
        description=operation.doc,
        tags=[operation.scope],
    )
    decorate(carry_out)


def _seen(request: HttpRequest, call: Any) -> int | None:
    given = request.headers.get("If-Match", "").strip('"')
    return call.version if call.version is not None else int(given) if given.isdigit() else None


@api.get("/operations", tags=["catalogue"], summary="All operations")
def operations(request: HttpRequest) -> list[dict[str, Any]]:
    """The catalogue: what can be done, with its inputs."""
    return [
        {
            "name": o.name,
            "title": o.title.as_json(),
            "permission": o.permission.name,
            "inputs": [
                {"name": p.name, "required": p.required, "many": p.many, "label": p.label.as_json()}
                for p in o.parameters
            ],
        }
        for o in OPERATIONS.values()
        if not o.hidden
    ]


@api.post("/files", tags=["files"], summary="Store a file")
def store_file(request: HttpRequest, file: UploadedFile = File(...)) -> dict[str, Any]:  # noqa: B008
    """Take a file into quarantine, inspect it, and name it by its SHA-256."""
    actor = actor_for(request)
    if actor.id is None:
        raise NotFound(
            Text("Files are stored for people who are signed in.", "仅登录人员可存入文件。"),
            rule="file.anonymous",
            remedy=Text("Send a bearer token.", "请附带Bearer令牌。"),
        )
    kept = files.store(file, name=file.name or "", media_type=file.content_type or "")
    return {"sha256": kept.sha256, "size": kept.size}


@api.get("/ledger/checkpoint", tags=["ledger"], summary="The newest checkpoint")
def checkpoint(request: HttpRequest) -> dict[str, Any]:
    """The newest signed statement of size and root."""
    head = checkpoints.latest()
    return {"size": head.size, "root": head.root, "note": head.note} if head is not None else {"size": 0}


@api.get("/ledger/proof/{seq}", tags=["ledger"], summary="Inclusion proof of an event")
def proof(request: HttpRequest, seq: int) -> dict[str, Any]:
    """The hashes that lead from an event to the newest checkpoint."""
    head = checkpoints.latest()
    row = Event.objects.filter(seq=seq).first()
    if head is None or row is None or seq >= head.size:
        raise NotFound(
            Text("No checkpoint contains event {n}.", "检查点尚未收录第{n}号事件。").format(n=seq),
            rule="event.unknown",
            remedy=Text("Ask again after the next checkpoint.", "请在下一检查点后重试。"),
        )
    path = proofs.prover().inclusion(seq, head.size)
    return {"event": records.event(row), "checkpoint": head.note, "proof": [h.hex() for h in path]}


for _operation in OPERATIONS.values():
    if not _operation.hidden:
        _path(_operation)


@api.get("/{scope}/{resource}", tags=["records"], summary="List records")
def list_records(
    request: HttpRequest,
    scope: str,
    resource: str,
    after: int | None = None,
    state: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """What the caller may see, newest first; `next` goes on."""
    actor = actor_for(request)
    entity = entity_of(scope, resource)
    rows = visible(entity.model._default_manager.all(), entity.view, actor).select_related(*entity.select)
    if state:
        rows = rows.filter(state=state)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    most = max(1, min(limit, MOST))
    found = list(rows.order_by("-id")[: most + 1])
    return {
        "items": [records.line(entity, r) for r in found[:most]],
        "next": found[most - 1].pk if len(found) > most else None,
    }


@api.get("/{scope}/{resource}/{code}", tags=["records"], summary="One record")
def one_record(request: HttpRequest, scope: str, resource: str, code: str) -> dict[str, Any]:
    """A record as its page shows it, with the operations that are open on it."""
    actor = actor_for(request)
    entity = entity_of(scope, resource)
    return records.full(entity, load_record(entity.model, code, actor, "code"), actor)


@api.get("/{scope}/{resource}/{code}/events", tags=["records"], summary="Events of a record")
def record_events(request: HttpRequest, scope: str, resource: str, code: str) -> list[dict[str, Any]]:
    """The headers of a record's events, oldest first."""
    actor = actor_for(request)
    entity = entity_of(scope, resource)
    record = load_record(entity.model, code, actor, "code")
    return [records.event(e) for e in Event.objects.filter(subject=record.code).order_by("seq")]
