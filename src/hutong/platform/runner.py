"""The operation runner: the one way to write.

Order: parse typed input → begin transaction → load in the actor's scope, locked → permission → lifecycle guard →
separation of duties → gates → body → validate and save → reactions → event → jobs enqueued → commit. The
transaction begins before the load so that the guard sees the row it will change (docs/design, ADR on that order).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from hutong.kernel import canonical
from hutong.kernel.clock import SYSTEM_CLOCK, Clock
from hutong.kernel.errors import Conflict, Denied, HutongError, Invalid, NotFound
from hutong.kernel.gate import GATES, REACTIONS
from hutong.kernel.operation import OPERATIONS, FileRef, Json, Operation
from hutong.kernel.permission import Actor, Allowed, allowing, decide, reach
from hutong.kernel.text import Text
from hutong.platform import entities
from hutong.platform.context import RunContext
from hutong.platform.ledger import store
from hutong.platform.ledger.tables import Attempt, Event
from hutong.platform.line import in_line
from hutong.platform.parsing import parse
from hutong.platform.people import Organisation
from hutong.platform.records import Record, next_code, next_codes


@dataclass(frozen=True)
class Outcome:
    """What a run left: the record (the one made, else the subject), the event's number, and whether it was a
    retry that an idempotency key answered."""

    operation: str
    record: Any
    seq: int
    repeated: bool = False


def find_operation(name: str) -> Operation:
    """The declared operation, or `NotFound`."""
    if name not in OPERATIONS:
        raise NotFound(
            Text("There is no operation “{n}”.", "不存在操作“{n}”。").format(n=name[:80]),
            rule="operation.unknown",
            remedy=Text("`hutong operations` lists them all.", "可用 `hutong operations` 列出全部操作。"),
        )
    return OPERATIONS[name]


def run(
    actor: Actor,
    name: str,
    /,
    arguments: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    on_behalf_of: str | None = None,
    expected_version: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Outcome:
    """Run one operation for an actor; every error is one of the five kinds and leaves nothing behind.

    key: idempotency key, a retry with it returns the first outcome. on_behalf_of: code of the organisation when
    the actor's role is held for several. expected_version: the version the actor saw; a newer one is a Conflict.
    """
    operation = find_operation(name)
    given = dict(arguments or {})
    try:
        with in_line(), transaction.atomic():
            earlier = _earlier(actor, operation, given, key)
            if earlier is not None:
                return earlier
            return _run(actor, operation, given, key, on_behalf_of, expected_version, clock)
    except IntegrityError as problem:
        raise _integrity(problem) from problem


def _run(
    actor: Actor,
    operation: Operation,
    given: dict[str, Any],
    key: str | None,
    on_behalf_of: str | None,
    expected_version: int | None,
    clock: Clock,
) -> Outcome:
    values = parse(operation, given, actor)
    subject = values[operation.subject.name] if operation.subject else None
    allowed = _permit(operation, actor, subject, on_behalf_of)
    context = RunContext(actor, allowed.grant.organisation if allowed.grant else None, clock.now(), operation)
    before = subject.state if isinstance(subject, Record) else None
    _guard(operation, actor, subject, context, expected_version)
    result = operation.function(context, **values)
    record = result if isinstance(result, Record) else subject
    _save(context, operation, subject, result)
    for follow in REACTIONS.get(operation.name, ()):
        follow(context, record)
    seq = _log(context, operation, values, subject, record, before)
    if key is not None:
        _remember(actor, operation, given, key, record, seq)
    for job, arguments in context.jobs:
        job.enqueue(**arguments)  # type: ignore[attr-defined]
    return Outcome(operation.name, record, seq)


def check(
    actor: Actor, operation: Operation, subject: Any, clock: Clock = SYSTEM_CLOCK
) -> Allowed | HutongError:
    """Would it run? For pages: a button is shown open, or disabled with this reason. Changes nothing."""
    try:
        allowed = _permit(operation, actor, subject, None)
        context = RunContext(
            actor, allowed.grant.organisation if allowed.grant else None, clock.now(), operation
        )
        _guard(operation, actor, subject, context, None)
    except HutongError as error:
        return error
    return allowed


def _permit(operation: Operation, actor: Actor, subject: Any, on_behalf_of: str | None) -> Allowed:
    ways = allowing(operation.permission, actor, subject)
    if not ways:
        refusal = decide(operation.permission, actor, subject)
        assert isinstance(refusal, Denied)
        raise refusal
    if on_behalf_of is not None:
        organisation = Organisation.objects.filter(code=on_behalf_of).values_list("pk", flat=True).first()
        ways = tuple(w for w in ways if w.grant and w.grant.organisation == organisation)
        if not ways or organisation is None:
            raise Denied(
                Text("You do not act for {o} here.", "您在此不能代表 {o}。").format(o=on_behalf_of[:40]),
                rule="on_behalf_of.not_held",
                remedy=Text("Name an organisation you hold this role for.", "请填写您持有该角色的单位。"),
                field="on_behalf_of",
            )
    houses = {w.grant.organisation for w in ways if w.grant and w.grant.organisation is not None}
    if len(houses) > 1 and operation.creates is not None:
        codes = ", ".join(Organisation.objects.filter(pk__in=houses).values_list("code", flat=True))
        raise Invalid(
            Text("You hold this role for several organisations.", "您为多个单位持有该角色。"),
            rule="on_behalf_of.needed",
            remedy=Text("Say for which one: {c}.", "请指明所代表的单位：{c}。").format(c=codes),
            field="on_behalf_of",
        )
    return ways[0]


def _guard(
    operation: Operation, actor: Actor, subject: Any, context: RunContext, expected_version: int | None
) -> None:
    if expected_version is not None and subject is not None and subject.version != expected_version:
        raise Conflict(
            Text("This record changed since you opened it.", "此记录在您打开后已被更改。"),
            rule="record.stale",
            remedy=Text(
                "Reload the page, look at the change, and send again.", "请刷新页面查看变更后重新提交。"
            ),
            field="version",
        )
    if (
        operation.transition
        and operation.lifecycle
        and subject is not None
        and not _starts(operation, subject)
    ):
        operation.lifecycle.check(operation.transition, subject)
        _separate(operation, actor, subject)
    if operation.needs and subject is not None and subject.state not in operation.needs:
        raise _not_ready(operation, subject)
    for hold in GATES.get(operation.name, ()):
        refusal = hold(context, subject)
        if refusal is not None:
            raise refusal


def _not_ready(operation: Operation, subject: Any) -> Conflict:
    lifecycle = type(subject).lifecycle
    need = [lifecycle.state(name).label for name in operation.needs]
    return Conflict(
        Text(
            "This record is “{now}”; the step needs “{need}”.", "此记录处于“{now}”状态；该步骤要求“{need}”。"
        ).format(
            now=lifecycle.state(subject.state).label,
            need=Text(" / ".join(t.en for t in need), " / ".join(t.zh for t in need)),
        ),
        rule=f"needs.{operation.name}",
        remedy=Text(
            "Reload the record and take a step that is open now.", "请重新载入记录，选择当前可执行的步骤。"
        ),
        field="state",
    )


def _starts(operation: Operation, subject: Any) -> bool:
    """True when the transition belongs to the record being made, not to the subject it is made from."""
    return operation.creates is not None and not isinstance(subject, operation.creates)


def _separate(operation: Operation, actor: Actor, subject: Any) -> None:
    assert operation.transition is not None
    earlier = operation.transition.separate_from
    if (
        earlier
        and Event.objects.filter(subject=subject.code, operation__in=earlier, actor=actor.code).exists()
    ):
        raise Denied(
            Text(
                "You took an earlier step on this record; this one needs a second person.",
                "您已办理此记录的前一步骤，本步骤须由他人办理。",
            ),
            rule=f"duty.separated:{','.join(earlier)}",
            remedy=Text("Ask a colleague with the same role.", "请由持有同一角色的其他人员办理。"),
        )


def _save(context: RunContext, operation: Operation, subject: Any, result: Any) -> None:
    if subject is not None and operation.transition and not _starts(operation, subject):
        subject.state = operation.transition.target
    changed = [x for x in (subject, result, *context.touched) if isinstance(x, Record)]
    # By identity: a record without its key cannot be hashed, and one that is named twice is saved once.
    for record in {id(x): x for x in changed}.values():
        settle(context, record)


def settle(context: RunContext, record: Record) -> None:
    """Validate and save one record: a new one gets code, start state and maker; each save raises the version."""
    if record.pk is None:
        _fresh(context, record, next_code(record.prefix))
    record.version += 1
    _clean(record)
    record.save()
    _index(record)


def settle_all(context: RunContext, records: list[Any]) -> list[Any]:
    """The same for new records of one kind that are made together."""
    if not records:
        return []
    # Whether what they point at is there, the database itself checks when it takes them.
    pointers = {f.name for f in records[0]._meta.concrete_fields if f.is_relation}
    for record, code in zip(records, next_codes(records[0].prefix, len(records)), strict=True):
        _fresh(context, record, code)
        record.version += 1
        _clean(record, pointers)
    made: list[Any] = type(records[0])._default_manager.bulk_create(records, batch_size=200)
    for record in made:
        _index(record)
    return made


def _fresh(context: RunContext, record: Record, code: str) -> None:
    record.code = code
    record.created_at = context.now
    record.created_by_id = context.actor.id
    if record.lifecycle and not record.state:
        record.state = record.lifecycle.first


def _clean(record: Record, without: set[str] | None = None) -> None:
    try:
        record.clean_fields(exclude=_may_be_empty(record) | (without or set()))
    except ValidationError as problem:
        field, messages = next(iter(problem.message_dict.items()))
        raise Invalid(
            Text("“{f}” is not valid: {m}", "“{f}”无效：{m}").format(f=field, m=messages[0]),
            rule=f"record.{type(record).__name__.lower()}.{field}",
            remedy=Text("Correct this field and send again.", "请更正该字段后重新提交。"),
            field=field,
        ) from None


def _may_be_empty(record: Record) -> set[str]:
    """Fields that hold nothing and may: inputs say what is required, the table says what may not be null."""
    fields = {f.name: (f, getattr(record, f.attname)) for f in record._meta.concrete_fields}
    empty = {
        n for n, (f, value) in fields.items() if value in f.empty_values and (f.null or value is not None)
    }
    return empty | {"password"}


def _index(record: Record) -> None:
    entity = entities.find_model(type(record))
    if entity is not None and entity.words is not None:
        from hutong.platform import search

        title, body = entity.words(record)
        search.index(record.code, entity.key, title.en, title.zh, body)


def plain(value: Any) -> Any:
    """A typed value as the ledger keeps it: integers, texts, lists, objects; records by code, files by digest."""
    if isinstance(value, Record):
        return value.code
    if isinstance(value, FileRef):
        return value.sha256
    if isinstance(value, Json):
        return value.value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return value.as_json() if hasattr(value, "as_json") else value


def _log(
    context: RunContext,
    operation: Operation,
    values: Mapping[str, Any],
    subject: Any,
    record: Any,
    before: str | None,
) -> int:
    salt = secrets.token_bytes(32)
    private = {p.name for p in operation.parameters if p.personal}
    inputs = {
        name: {"commitment": canonical.commitment(salt, plain(value))}
        if name in private and value is not None
        else plain(value)
        for name, value in values.items()
        if value is not None
    }
    noted = plain(context.noted)
    files = [v.sha256 for v in values.values() if isinstance(v, FileRef)] + context.files
    target = record if record is not None else subject
    made = operation.creates is not None and isinstance(target, operation.creates)
    draft = store.Draft(
        operation=operation.name,
        subject=target.code if target is not None else "HUB",
        subject_kind=type(target).__name__ if target is not None else "Hub",
        passport=context.dossier or _dossier(target) or _dossier(subject),
        actor=context.actor.code,
        organisation=_organisation_code(context.organisation),
        from_state=None if made else before,
        to_state=getattr(target, "state", None) or None,
        valid_at=context.valid_at or context.now,
        recorded_at=context.now,
        payload={"input": inputs, "noted": noted},
        files=tuple(dict.fromkeys(files)),
        salt=salt if private & inputs.keys() else None,
    )
    return store.append([draft])[0]


def _dossier(record: Any) -> str | None:
    path = getattr(type(record), "passport_path", None)
    return reach(record, path) if record is not None and path else None


def _organisation_code(pk: int | None) -> str | None:
    return None if pk is None else Organisation.objects.values_list("code", flat=True).get(pk=pk)


def _fingerprint(operation: Operation, given: Mapping[str, Any]) -> str:
    return canonical.digest(
        {"operation": operation.name, "given": {k: str(plain(v)) for k, v in given.items()}}
    )


def _earlier(actor: Actor, operation: Operation, given: Mapping[str, Any], key: str | None) -> Outcome | None:
    attempt = Attempt.objects.filter(actor=actor.code, key=key).first() if key else None
    if attempt is None:
        return None
    if attempt.digest != _fingerprint(operation, given):
        raise Conflict(
            Text("This idempotency key was used for another request.", "该幂等键已用于另一请求。"),
            rule="idempotency.reused",
            remedy=Text("Use a new key for a new request.", "新请求请使用新的幂等键。"),
            field="key",
        )
    entity = entities.of_code(attempt.result)
    record = entity.model._default_manager.filter(code=attempt.result).first() if entity else None
    return Outcome(operation.name, record, attempt.seq, repeated=True)


def _remember(
    actor: Actor, operation: Operation, given: Mapping[str, Any], key: str, record: Any, seq: int
) -> None:
    Attempt.objects.create(
        actor=actor.code,
        key=key[:80],
        operation=operation.name,
        digest=_fingerprint(operation, given),
        result=record.code if record is not None else "",
        seq=seq,
    )


def _integrity(problem: IntegrityError) -> HutongError:
    name = str(problem).splitlines()[0][:160]
    if "check" in name.lower():
        return Invalid(
            Text("The database refused the values: {n}", "数据库拒绝了该值：{n}").format(n=name),
            rule="record.constraint",
            remedy=Text("Correct the values and send again.", "请更正数值后重新提交。"),
        )
    return Conflict(
        Text(
            "Such a record exists already, or another person was faster: {n}",
            "该记录已存在，或他人已先行提交：{n}",
        ).format(n=name),
        rule="record.unique",
        remedy=Text("Open the existing record instead.", "请打开已有记录。"),
    )
