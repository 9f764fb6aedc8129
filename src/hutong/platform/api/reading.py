"""Request bodies: strict JSON. No NaN, no doubled names, no depth without end, no megabytes."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

LARGEST = 2 << 20
DEEPEST = 40


def too_large() -> Invalid:
    return _refusal("too_large", "The request is too large.", "请求体过大。")


def _refuse(rule: str, en: str, zh: str) -> NoReturn:
    raise _refusal(rule, en, zh)


def _refusal(rule: str, en: str, zh: str) -> Invalid:
    return Invalid(
        Text(en, zh),
        rule=f"json.{rule}",
        remedy=Text(
            "Send one JSON object of at most 2 MiB, decimals as text.",
            "请提交一个不超过2 MiB的JSON对象，小数以字符串书写。",
        ),
        field="body",
    )


def read_json(body: bytes) -> Any:
    """The value of a JSON text. Raises `Invalid`."""
    if len(body) > LARGEST:
        raise too_large()
    try:
        value = json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, UnicodeDecodeError, RecursionError):
        _refuse("malformed", "The request is not JSON.", "请求体不是有效的JSON。")
    _depth(value, 0)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("doubled", "A name occurs twice in one object.", "同一对象中存在重复名称。")
    return found


def _no_constant(word: str) -> NoReturn:
    _refuse("constant", "NaN and infinities are no numbers here.", "不接受NaN与无穷大。")


def _depth(value: Any, level: int) -> None:
    if level > DEEPEST:
        _refuse("too_deep", "The value is nested too deeply.", "嵌套层级过深。")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _depth(one, level + 1)


class StrictParser(Parser):
    """What ninja reads bodies with."""

    def parse_body(self, request: HttpRequest) -> Any:
        return read_json(request.body)
