"""Canonical JSON (RFC 8785, JCS): one value, one sequence of bytes, so that a digest means something.

Narrower than the RFC on purpose: a book holds no float, so every float is refused, and an integer that a browser
could not read back exactly (above 2^53-1, RFC 8785 section 3.2.2.3 and ECMA-262) is refused too. Strings are
NFC-normalised at this boundary, so that one name typed in two ways has one digest.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Mapping
from typing import NoReturn

import rfc8785

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 64
SHORTEST_SALT = 16

_write = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False
).encode


def canonical(value: object) -> bytes:
    """The RFC 8785 bytes of a JSON value: null, booleans, integers, strings, lists or tuples, string-keyed maps.

    Raises `Invalid` with the path of the first value that cannot be kept (float, large integer, lone surrogate,
    key that is not a string, two keys that are one after NFC, deeper than `DEEPEST`, any other type).
    """
    plain_keys = [True]
    clean = _clean(value, "", 0, plain_keys)
    # With ASCII keys, UTF-16 order is byte order and, floats being refused, the C encoder writes the very bytes
    # of RFC 8785 (tests compare it with the library); the library itself orders every other key.
    text = _write(clean).encode() if plain_keys[0] else rfc8785.dumps(clean)  # type: ignore[arg-type]
    return text


def digest(value: object) -> str:
    """SHA-256 of the canonical bytes, 64 hex digits. Raises `Invalid` as `canonical` does."""
    return hashlib.sha256(canonical(value)).hexdigest()


def commitment(salt: bytes, value: object) -> str:
    """HMAC-SHA-256 (RFC 2104) of the canonical bytes under a secret salt, 64 hex digits.

    What a leaf holds in place of a personal value: erasing the salt makes the commitment say nothing.
    Raises `Invalid` for a salt under 16 bytes, or as `canonical` does.
    """
    if len(salt) < SHORTEST_SALT:
        raise Invalid(
            Text("The salt of a commitment is too short.", "承诺值所用的盐过短。"),
            rule="canonical.salt",
            remedy=Text("Use at least 16 random bytes.", "请使用至少16字节的随机数据。"),
        )
    return hmac.digest(salt, canonical(value), "sha256").hex()


def _clean(value: object, path: str, depth: int, plain_keys: list[bool]) -> object:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return _string(value, path)
    if isinstance(value, int):
        return _integer(int(value), path)
    if depth >= DEEPEST:
        _refuse("depth", path, "is nested too deeply", "嵌套层数过深", *_FLATTEN)
    if isinstance(value, Mapping):
        return _map(value, path, depth, plain_keys)
    if isinstance(value, list | tuple):
        return [_clean(item, f"{path}/{i}", depth + 1, plain_keys) for i, item in enumerate(value)]
    if isinstance(value, float):
        _refuse("float", path, "is a float", "为浮点数", *_AS_STRING)
    _refuse("type", path, "is of a type that JSON has not", "的类型不属于JSON", *_PLAIN)


def _string(value: str, path: str) -> str:
    if value.isascii():
        return str.__str__(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse("surrogate", path, "holds half a character", "含有不完整的字符", *_RETYPE)
    return unicodedata.normalize("NFC", value)


def _integer(value: int, path: str) -> int:
    if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        _refuse("integer", path, "is an integer beyond 2^53-1", "为超出2^53-1的整数", *_AS_STRING)
    return value


def _map(value: Mapping[object, object], path: str, depth: int, plain_keys: list[bool]) -> dict[str, object]:
    clean: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            _refuse("key", path, "has a key that is not a string", "含有非字符串的键", *_PLAIN)
        name = _string(key, path)
        if not name.isascii():
            plain_keys[0] = False
        if name in clean:
            _refuse("key_twice", path, "has the same key twice", "含有重复的键", *_RETYPE)
        clean[name] = _clean(item, f"{path}/{name}", depth + 1, plain_keys)
    return clean


_AS_STRING = (
    "Write it as a string, or as an integer of a smaller unit.",
    "请写成字符串，或换用更小单位的整数。",
)
_FLATTEN = ("Flatten it, or attach it as a file.", "请减少嵌套层数，或作为附件提交。")
_PLAIN = (
    "Use null, true, false, integers, strings, lists and maps with string keys.",
    "请使用空值、布尔值、整数、字符串、列表，以及键为字符串的映射。",
)
_RETYPE = ("Type the text again.", "请重新录入该文本。")


def _refuse(rule: str, path: str, en: str, zh: str, remedy_en: str, remedy_zh: str) -> NoReturn:
    where = path.encode("utf-8", "replace").decode() or "/"
    raise Invalid(
        Text("The value at {p} {w}.", "位于{p}的值{w}。").format(p=where, w=Text(en, zh)),
        rule=f"canonical.{rule}",
        remedy=Text(remedy_en, remedy_zh),
        field=where,
    )
