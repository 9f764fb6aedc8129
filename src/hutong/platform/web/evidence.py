"""The evidence drawer, the ledger and its proofs, verify it yourself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

import hutong
from hutong.kernel.errors import NotFound
from hutong.kernel.permission import Actor
from hutong.kernel.text import Text
from hutong.platform.components import Cell, Column, Drawer, EmptyState, Meaning, Proof, Table
from hutong.platform.entities import Entity, of_code
from hutong.platform.evidence import with_houses
from hutong.platform.ledger import checkpoints, export, store
from hutong.platform.ledger.keys import signing_key
from hutong.platform.ledger.tables import Checkpoint, Event
from hutong.platform.parsing import load_record
from hutong.platform.web import cells
from hutong.platform.web.details import timeline

LISTED = 50


def _record(code: str, actor: Actor) -> tuple[Entity, Any]:
    """The record of that code, if the actor may see it. `NotFound` otherwise."""
    entity = of_code(code)
    if entity is None:
        raise NotFound(
            Text("There is no record {c}.", "没有记录 {c}。").format(c=code[:40]),
            rule="record.unknown",
            remedy=Text("Check the code.", "请核对编号。"),
        )
    return entity, load_record(entity.model, code, actor, "code")


def drawer_view(request: HttpRequest, code: str) -> HttpResponse:
    """What stands behind a record: meaning, events, proof; a fragment for the drawer, a page for everybody else."""
    entity, record = _record(code, request.actor)  # type: ignore[attr-defined]
    events = list(with_houses(Event.objects.filter(subject=record.code)).order_by("seq"))
    drawer = Drawer(
        title=cells.name_of(record)
        if cells.name_of(record) != record.code
        else Text(record.code, record.code),
        meaning=Meaning(Text(f"{entity.title.en} {record.code}", f"{entity.title.zh} {record.code}")),
        records=_particulars(entity, record),
        events=timeline(events),
        proof=proof_of(events[-1]) if events else None,
    )
    return drawer_response(request, drawer)


def drawer_response(request: HttpRequest, drawer: Drawer) -> HttpResponse:
    """A drawer as the request wants it: the fragment for htmx, a whole page otherwise."""
    if request.headers.get("HX-Request"):
        return render(request, "hutong/components/drawer.html", {"c": drawer})
    return render(request, "hutong/pages/drawer.html", {"drawer": drawer})


def _particulars(entity: Entity, record: Any) -> Table:
    columns = (Column(Text("What", "项目")), Column(Text("Value", "值")))
    rows = tuple(
        (Cell(s.label), cells.cell(record, s)) for s in entity.fields if s.kind not in ("json", "long")
    )
    return Table(Text("Particulars", "基本信息"), columns, rows, caption_hidden=True)


def proof_of(event: Event) -> Proof | None:
    """Leaf and newest checkpoint of an event; None while no checkpoint contains it."""
    head = checkpoints.latest()
    if head is None or head.size <= event.seq:
        return None
    return Proof(
        leaf=bytes(event.leaf).hex(),
        index=event.seq,
        size=head.size,
        root=head.root,
        at=head.signed_at,
        download=f"/evidence/{event.subject}/bundle.json",
        verify="/verify",
    )


def bundle_view(request: HttpRequest, code: str) -> HttpResponse:
    """The bundle of one record, for whoever may see it."""
    _, record = _record(code, request.actor)  # type: ignore[attr-defined]
    return download(export.record_bundle(record.code), f"{record.code}.json")


def download(content: object, name: str) -> HttpResponse:
    """A JSON file to keep."""
    response = JsonResponse(content, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def event_view(request: HttpRequest, seq: int) -> HttpResponse:
    """One event by its number: the header is public, as the log is; the payload is not shown here."""
    event = with_houses(Event.objects.filter(seq=seq)).first()
    if event is None:
        raise NotFound(
            Text("The log has no event {n}.", "日志中没有第{n}号事件。").format(n=seq),
            rule="event.unknown",
            remedy=Text("Numbers begin at 0.", "序号自0起。"),
        )
    drawer = Drawer(
        title=Text(f"Event {seq}", f"第{seq}号事件"),
        meaning=Meaning(
            Text(
                "One committed operation, as a leaf of the log (RFC 9162).",
                "一项已提交的操作，即日志的一个叶节点（RFC 9162）。",
            )
        ),
        records=_header(event),
        events=timeline([event]),
        proof=proof_of(event),
    )
    return drawer_response(request, drawer)


def _header(event: Event) -> Table:
    rows = [("leaf", bytes(event.leaf).hex()), ("operation", event.operation), ("subject", event.subject),
            ("passport", event.passport or "-"), ("actor", event.actor), ("entry", event.entry)]  # fmt: skip
    columns = (Column(Text("Field", "字段"), "code"), Column(Text("Value", "值"), "code"))
    return Table(
        Text("Header", "事件头"), columns, tuple((Cell(k), Cell(v)) for k, v in rows), caption_hidden=True
    )


def ledger_view(request: HttpRequest) -> HttpResponse:
    """The newest events and checkpoints. Event headers name no person and hold no payload."""
    events = list(with_houses(Event.objects.all()).order_by("-seq")[:LISTED])
    signed = list(Checkpoint.objects.order_by("-size")[:10])
    columns = (
        Column(Text("Size", "规模"), "number"),
        Column(Text("Root", "根哈希"), "code"),
        Column(Text("Signed", "签署时间"), "date"),
    )
    rows = tuple((Cell(f"{c.size:,}"), Cell(c.root), Cell(c.signed_at)) for c in signed)
    empty = EmptyState(Text("No checkpoint is signed yet.", "尚未签署检查点。"))
    table = Table(Text("Checkpoints", "检查点"), columns, rows, empty=empty, caption_hidden=True)
    lead = Text(
        "{n} events; each is a leaf, each checkpoint a signed root.",
        "共{n}条事件；每条事件为一个叶节点，每个检查点为签名的根哈希。",
    )
    context = {
        "title": Text("Ledger", "账簿"),
        "lead": lead.format(n=store.size()),
        "sections": ((Text("Checkpoints", "检查点"), table),),
        "timeline": timeline(events),
    }
    return render(request, "hutong/pages/detail.html", context)


def verify_view(request: HttpRequest) -> HttpResponse:
    key = signing_key().verify_key
    context = {
        "lesson": "/verify/lesson",
        "program": "/verify/verify.py",
        "public_key": base64.b64encode(key.public).decode(),
    }
    return render(request, "hutong/verify.html", context)


def lesson_view(request: HttpRequest) -> HttpResponse:
    return render(request, "hutong/verify_lesson.html", {"verify": "/verify", "program": "/verify/verify.py"})


def program_view(request: HttpRequest) -> FileResponse:
    """The stand-alone verifier, as it lies in this hub."""
    place = Path(hutong.__file__).parent / "verify.py"
    return FileResponse(
        place.open("rb"), as_attachment=True, filename="verify.py", content_type="text/x-python"
    )
