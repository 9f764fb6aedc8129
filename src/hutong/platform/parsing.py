"""Raw input (JSON, form fields, words of a command line) to the typed inputs of an operation, with named errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import yaml

from hutong.kernel import clock, normalise
from hutong.kernel.errors import HutongError, Invalid, NotFound
from hutong.kernel.operation import FileRef, Json, Operation, Parameter
from hutong.kernel.permission import Actor
from hutong.kernel.quantity import ChipTime, Money, Share
from hutong.kernel.text import Text
from hutong.platform import entities, files
from hutong.platform.records import Record
from hutong.platform.scope import visible

SHORT = 300


class _Plain(yaml.SafeLoader):
    """YAML without aliases: some hundred characters of them unfold to billions of values, or hold themselves."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not read here")
        return super().compose_node(parent, index)


JSON_LIMIT = 256_000


def _invalid(what: Text, rule: str, remedy: Text, field: str) -> Invalid:
    return Invalid(what, rule=rule, remedy=remedy, field=field)


def _text(raw: Any, parameter: Parameter) -> str:
    limit = parameter.long.limit if parameter.long else SHORT
    text = normalise.clean_text(raw, field=parameter.name, max_length=limit)
    if parameter.choice and text not in parameter.choice.values:
        options = ", ".join(parameter.choice.values)
        raise _invalid(
            Text("“{t}” is not one of the choices.", "“{t}”不在可选范围内。").format(t=text[:40]),
            "input.choice",
            Text("Choose one of: {o}.", "请选择其一：{o}。").format(o=options),
            parameter.name,
        )
    return text


def _integer(raw: Any, parameter: Parameter) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    digits = normalise.clean_digits(str(raw)).strip()
    if len(digits) > 18 or not digits.removeprefix("-").isascii() or not digits.removeprefix("-").isdigit():
        raise _invalid(
            Text("A whole number is needed here.", "此处须填写整数。"),
            "input.integer",
            Text("Write digits only, for example 300.", "请仅填写数字，例如 300。"),
            parameter.name,
        )
    return int(digits)


def _boolean(raw: Any, parameter: Parameter) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in ("true", "yes", "on", "1", "是"):
        return True
    if word in ("false", "no", "off", "0", "否", ""):
        return False
    raise _invalid(
        Text("Yes or no is needed here.", "此处须填写是或否。"),
        "input.boolean",
        Text("Write yes or no.", "请填写“是”或“否”。"),
        parameter.name,
    )


def _plain(value: Any, field: str) -> Any:
    """Refuse floats anywhere in a structured value: the ledger's canonical form has none."""
    if isinstance(value, float):
        raise _invalid(
            Text("A number with a fraction must be written as text.", "带小数的数值须以字符串书写。"),
            "input.float",
            Text('Write it in quotes, for example "0.95".', '请加引号，例如 "0.95"。'),
            field,
        )
    if isinstance(value, Mapping):
        return {str(k): _plain(v, field) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v, field) for v in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def read_yaml(text: str) -> Any:
    """A YAML text of plain values, without tags and aliases. Raises `yaml.YAMLError`."""
    return yaml.load(text, _Plain)


def _json(raw: Any, parameter: Parameter) -> Json:
    if isinstance(raw, Json):
        return Json(_plain(raw.value, parameter.name))
    if isinstance(raw, str):
        if len(raw) > JSON_LIMIT:
            raise _invalid(
                Text("This structured text is too long.", "结构化文本过长。"),
                "input.json_size",
                Text("Keep it under {n} characters.", "请控制在 {n} 个字符以内。").format(n=JSON_LIMIT),
                parameter.name,
            )
        try:
            raw = json.loads(raw) if raw.lstrip()[:1] in ("{", "[") else read_yaml(raw)
        except (ValueError, yaml.YAMLError, RecursionError) as problem:
            raise _invalid(
                Text("This is neither JSON nor YAML: {p}", "既不是 JSON 也不是 YAML：{p}").format(
                    p=str(problem).splitlines()[0][:160]
                ),
                "input.json",
                Text("Correct the text and send it again.", "请更正后重新提交。"),
                parameter.name,
            ) from None
    return Json(_plain(raw, parameter.name))


def _file(raw: Any, parameter: Parameter) -> FileRef:
    reference = raw if isinstance(raw, FileRef) else FileRef(str(raw).strip().lower())
    try:
        files.path_of(reference.sha256)
    except NotFound as missing:
        missing.field = parameter.name
        raise
    return reference


_PARSERS: dict[Any, Callable[[Any, Parameter], Any]] = {
    str: _text,
    int: _integer,
    bool: _boolean,
    Json: _json,
    FileRef: _file,
    date: lambda raw, p: clock.parse_date(raw, field=p.name),
    datetime: lambda raw, p: clock.parse_instant(raw, field=p.name),
    Money: lambda raw, p: raw if isinstance(raw, Money) else Money.parse(str(raw), field=p.name),
    ChipTime: lambda raw, p: raw if isinstance(raw, ChipTime) else ChipTime.parse(str(raw), field=p.name),
    Share: lambda raw, p: raw if isinstance(raw, Share) else Share.parse(str(raw), field=p.name),
}


def load_record(model: type[Record], raw: Any, actor: Actor, field: str, *, lock: bool = False) -> Record:
    """The record of that code if the actor may see it; otherwise `NotFound`, the same for absent and hidden."""
    code = raw.code if isinstance(raw, Record) else normalise.clean_digits(str(raw)).strip().upper()
    entity = entities.of_model(model)
    records = visible(model._default_manager.all(), entity.view, actor).select_related(*entity.select)
    if lock:
        records = records.select_for_update(of=("self",))
    found = records.filter(code=code).first()
    if found is None:
        raise NotFound(
            Text("There is no {kind} {code} that you can see.", "没有您可见的{kind} {code}。").format(
                kind=model.title, code=code[:40] or "?"
            ),
            rule="record.unknown",
            remedy=Text("Check the code, or ask its owner for access.", "请核对编号，或向其所有者申请权限。"),
            field=field,
        )
    return found


def _empty(raw: Any) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []


def _one(raw: Any, parameter: Parameter, actor: Actor, lock: bool) -> Any:
    kind = parameter.kind
    if isinstance(kind, type) and issubclass(kind, Record):
        return load_record(kind, raw, actor, parameter.name, lock=lock)
    if kind is Fraction:
        return Share.parse(str(raw), field=parameter.name)
    return _PARSERS[kind](raw, parameter)


def parse(operation: Operation, raw: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    """All inputs of the operation, typed. Call inside the transaction: the subject is loaded under a lock.

    Raises the first error met; unknown inputs are refused, so that a misspelt field is never silently dropped.
    """
    known = {p.name for p in operation.parameters}
    for name in raw:
        if name not in known:
            raise _invalid(
                Text("There is no input “{n}” here.", "不存在输入项“{n}”。").format(n=str(name)[:60]),
                "input.unknown",
                Text("The inputs are: {k}.", "可用输入项：{k}。").format(k=", ".join(sorted(known)) or "-"),
                str(name)[:60],
            )
    values: dict[str, Any] = {}
    for parameter in operation.parameters:
        given = raw.get(parameter.name)
        if _empty(given):
            if parameter.required:
                raise _invalid(
                    Text("“{label}” is missing.", "缺少“{label}”。").format(label=parameter.label),
                    "input.required",
                    Text("Fill it in and send again.", "请填写后重新提交。"),
                    parameter.name,
                )
            values[parameter.name] = parameter.default
            continue
        lock = parameter is operation.subject
        if parameter.many:
            items = (
                given if isinstance(given, list | tuple) else [x for x in str(given).split(",") if x.strip()]
            )
            values[parameter.name] = [_one(item, parameter, actor, False) for item in items]
        else:
            values[parameter.name] = _one(given, parameter, actor, lock)
    return values


def problems(operation: Operation, raw: Mapping[str, Any], actor: Actor) -> list[HutongError]:
    """Every input error at once, field by field: what a form shows beside its fields."""
    found: list[HutongError] = []
    for parameter in operation.parameters:
        try:
            parse_one = {parameter.name: raw.get(parameter.name)}
            single = Operation(
                operation.name, operation.function, operation.permission, operation.title, operation.sentence,
                (parameter,), None, None, None,
            )  # fmt: skip
            parse(single, parse_one, actor)
        except HutongError as error:
            found.append(error)
    return found
