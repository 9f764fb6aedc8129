"""Strings at the boundary: what a person typed or pasted, made safe to store, compare and sign.

Two texts that look the same must be the same: hidden characters let a name pass for another ("Trojan Source",
CVE-2021-42574), and a text that changes under normalisation breaks its own hash. So text is NFC (Unicode
Standard Annex #15), and what cannot be seen is refused with its place, never silently dropped.
"""

from __future__ import annotations

import re
import unicodedata

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

# UAX #15, Stream-Safe Text Format: no natural text has more combining marks in a row; NFC is slow on them.
COMBINING_RUN = 30

# Characters without width, and the Hangul and Braille blanks that print as nothing.
ZERO_WIDTH = frozenset(
    "\u00ad\u034f\u115f\u1160\u180b\u180c\u180d\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\u2800\u3164\ufeff\uffa0"
)
# Embeddings, overrides, isolates and marks of the Unicode Bidirectional Algorithm (UAX #9).
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
KEPT_CONTROLS = frozenset("\n\t")

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,
    0x2212: 0x2D,
    0xFFE5: 0xA5,
}
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*")


def _refused(what: Text, rule: str, remedy: Text, field: str) -> Invalid:
    return Invalid(what, rule=rule, remedy=remedy, field=field)


def _hidden(character: str) -> tuple[str, Text] | None:
    """(rule, name of the kind) of a character that may not stand in a text; None when it may."""
    category = unicodedata.category(character)
    if category == "Cs":
        return "text.surrogate", Text("half of a broken character", "不完整的字符（孤立代理项）")
    if character in BIDI:
        return "text.bidi", Text(
            "a character that reverses the direction of writing", "改变书写方向的控制字符"
        )
    if character in ZERO_WIDTH:
        return "text.zero_width", Text("a character that cannot be seen", "不可见的零宽字符")
    if category in ("Cc", "Cf", "Zl", "Zp") and character not in KEPT_CONTROLS:
        return "text.control", Text("a control character", "控制字符")
    if ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF:
        return "text.control", Text("a code that is no character", "非字符编码")
    return None


def _refuse_hidden(text: str, field: str) -> None:
    for place, character in enumerate(text, start=1):
        found = _hidden(character)
        if found is None:
            continue
        rule, kind = found
        raise _refused(
            Text(
                "At character {n} stands {kind} (U+{c:04X}).", "第 {n} 个字符是{kind}（U+{c:04X}）。"
            ).format(n=place, kind=kind, c=ord(character)),
            rule,
            Text("Type the passage again instead of pasting it.", "请手工重新录入该处文字，勿直接粘贴。"),
            field,
        )


def _refuse_combining(text: str, field: str) -> None:
    run = 0
    for place, character in enumerate(text, start=1):
        run = run + 1 if unicodedata.combining(character) else 0
        if run > COMBINING_RUN:
            raise _refused(
                Text(
                    "At character {n}, more than {m} accents stand on one letter.",
                    "第 {n} 个字符处，单个字母叠加的附加符号超过 {m} 个。",
                ).format(n=place, m=COMBINING_RUN),
                "text.combining",
                Text("Remove the extra accents.", "请删除多余的附加符号。"),
                field,
            )


def _too_long(field: str, limit: int, length: int) -> Invalid:
    return _refused(
        Text(
            "The text has {k} characters; at most {n} are allowed.",
            "文本共 {k} 个字符，超过上限 {n} 个字符。",
        ).format(k=length, n=limit),
        "text.too_long",
        Text("Shorten it to {n} characters.", "请缩短至 {n} 个字符以内。").format(n=limit),
        field,
    )


def _text(raw: object, field: str) -> str:
    if not isinstance(raw, str):
        raise _refused(
            Text("A text is needed here.", "此处须填写文本。"),
            "text.type",
            Text(
                "Write it as text, in quotes where the format has them.",
                "请以文本形式填写；结构化格式中请加引号。",
            ),
            field,
        )
    return raw


def clean_text(raw: object, *, field: str, max_length: int = 10_000, required: bool = True) -> str:
    """The text in NFC, stripped, line ends as ``\\n``; at most `max_length` characters (code points).

    Refuses (`Invalid`) zero-width, bidirectional and other control characters except ``\\n`` and ``\\t``, lone
    surrogates, piles of accents, what is too long, and, when `required`, what is empty.
    """
    text = _text(raw, field).replace("\r\n", "\n").replace("\r", "\n").strip()
    # NFC makes one character of up to four: what is longer than that is refused before any work.
    if len(text) > 4 * max_length:
        raise _too_long(field, max_length, len(text))
    _refuse_hidden(text, field)
    _refuse_combining(text, field)
    text = unicodedata.normalize("NFC", text)
    if len(text) > max_length:
        raise _too_long(field, max_length, len(text))
    if required and not text:
        raise _refused(
            Text("This is empty.", "此项为空。"),
            "text.empty",
            Text("Fill it in and send again.", "请填写后重新提交。"),
            field,
        )
    return text


def clean_digits(raw: str) -> str:
    """Full-width letters, digits, signs and the ideographic space as their ASCII twins; the rest untouched.

    Chinese input methods write ``１２．５％`` where a form expects ``12.5%``; they mean the same.
    """
    return raw.translate(_FULL_WIDTH)


def clean_identifier(raw: object, *, field: str, max_length: int = 64) -> str:
    """A code or register number: ASCII letters, digits and ``. _ / : -``, beginning with a letter or digit.

    Full-width forms become ASCII; letters of other scripts that look Latin are refused with their code point.
    """
    text = clean_text(clean_digits(_text(raw, field)), field=field, max_length=max_length)
    if _IDENTIFIER.fullmatch(text):
        return text
    stranger = next((c for c in text if not _IDENTIFIER.fullmatch("0" + c)), text[0])
    raise _refused(
        Text(
            "“{c}” (U+{u:04X}) cannot stand in an identifier here.",
            "标识符的此处不得使用“{c}”（U+{u:04X}）。",
        ).format(c=stranger, u=ord(stranger)),
        "identifier.characters",
        Text(
            "Use Latin letters and digits, then . _ / : or -.",
            "请使用拉丁字母和数字，其后可用 . _ / : 或 -。",
        ),
        field,
    )
