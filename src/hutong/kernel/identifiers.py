"""Identifiers of the world outside (credit codes, LEI, ORCID, other registers) and the hub's record codes.

A wrong check digit is named together with the one that would be right, so that a
person who mistyped sees where to look.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from hutong.kernel.errors import Invalid
from hutong.kernel.normalise import clean_digits, clean_identifier, clean_text
from hutong.kernel.text import Text

# GB 32100-2015, table A.1: digits and capital letters without I, O, S, V and Z.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_LENGTH = 18
LEI_LENGTH = 20
ORCID_LENGTH = 16

_ORCID_ADDRESS = re.compile(r"(?:HTTPS?://)?(?:WWW\.)?ORCID\.ORG/")
_RECORD_CODE = re.compile(r"([A-Z]{2,8})-([0-9]{1,18})")


def _refused(what: Text, rule: str, remedy: Text, field: str) -> Invalid:
    return Invalid(what, rule=rule, remedy=remedy, field=field)


def _compact(raw: object, field: str) -> str:
    """ASCII capitals without spaces and hyphens; hidden characters are refused on the way."""
    text = clean_text(raw, field=field, max_length=80)
    return clean_digits(text).upper().replace(" ", "").replace("-", "")


def _length(code: str, name: Text, length: int, rule: str, field: str) -> None:
    if len(code) == length:
        return
    raise _refused(
        Text("{name} has {n} characters; this has {k}.", "{name}应为 {n} 位，此处为 {k} 位。").format(
            name=name, n=length, k=len(code)
        ),
        f"{rule}.length",
        Text("Copy it again from the certificate.", "请对照证照重新填写。"),
        field,
    )


def _characters(code: str, allowed: str, name: Text, rule: str, field: str) -> None:
    for place, character in enumerate(code, start=1):
        if character not in allowed:
            raise _refused(
                Text("{name} cannot have “{c}” at place {n}.", "{name}第 {n} 位“{c}”不是允许的字符。").format(
                    n=place, name=name, c=character
                ),
                f"{rule}.character",
                Text(
                    "Look again whether it is a digit: 0 not O, 1 not I, 2 not Z, 5 not S.",
                    "请核对是否为数字：0 非 O，1 非 I，2 非 Z，5 非 S。",
                ),
                field,
            )


def _check(given: str, expected: str, name: Text, rule: str, field: str) -> None:
    if given == expected:
        return
    raise _refused(
        Text(
            "{name} with these characters ends in the check digit “{e}”, not “{g}”.",
            "{name}的校验码应为“{e}”，而非“{g}”。",
        ).format(name=name, g=given, e=expected),
        f"{rule}.check_digit",
        Text(
            "One of the characters is mistyped; compare them one by one.", "其中有字符录入错误，请逐位核对。"
        ),
        field,
    )


def uscc_check_digit(first: str) -> str:
    """Check character of the first 17 of a unified social credit code.

    GB 32100-2015, 附录 A: C18 = 31 - Σ Cᵢ·Wᵢ mod 31 with Wᵢ = 3^(i-1) mod 31; 31 counts as 0.
    """
    total = sum(USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(first))
    return USCC_ALPHABET[-total % 31]


def check_uscc(raw: object, *, field: str) -> str:
    """A unified social credit code (统一社会信用代码, GB 32100-2015) in capitals, its check digit verified."""
    name = Text("A unified social credit code", "统一社会信用代码")
    code = _compact(raw, field)
    _length(code, name, USCC_LENGTH, "uscc", field)
    _characters(code, USCC_ALPHABET, name, "uscc", field)
    if not code[2:8].isdigit():
        raise _refused(
            Text(
                "Characters 3 to 8 are the administrative division and must be digits.",
                "第 3 至 8 位为登记管理机关行政区划码，应为数字。",
            ),
            "uscc.division",
            Text("Compare them with the certificate.", "请对照证照核对。"),
            field,
        )
    _check(code[-1], uscc_check_digit(code[:-1]), name, "uscc", field)
    return code


def lei_check_digits(first: str) -> str:
    """The two check digits of the first 18 characters of an LEI (ISO 17442-1:2020; ISO/IEC 7064, MOD 97-10)."""
    number = int("".join(str(int(c, 36)) for c in first) + "00")
    return f"{98 - number % 97:02d}"


def check_lei(raw: object, *, field: str) -> str:
    """A legal entity identifier (ISO 17442) in capitals, its check digits verified."""
    name = Text("A legal entity identifier (LEI)", "法人机构识别编码（LEI）")
    code = _compact(raw, field)
    _length(code, name, LEI_LENGTH, "lei", field)
    _characters(code[:-2], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", name, "lei", field)
    _characters(code[-2:], "0123456789", name, "lei", field)
    _check(code[-2:], lei_check_digits(code[:-2]), name, "lei", field)
    return code


def orcid_check_digit(first: str) -> str:
    """Check character of the first 15 digits of an ORCID iD (ISO/IEC 7064, MOD 11-2); ten is written X."""
    total = 0
    for digit in first:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11]


def check_orcid(raw: object, *, field: str) -> str:
    """An ORCID iD as ``0000-0002-1825-0097``, given bare or as its address, its check digit verified."""
    name = Text("An ORCID iD", "ORCID 标识符")
    code = _ORCID_ADDRESS.sub("", _compact(raw, field), count=1)
    _length(code, name, ORCID_LENGTH, "orcid", field)
    _characters(code[:-1], "0123456789", name, "orcid", field)
    _characters(code[-1:], "0123456789X", name, "orcid", field)
    _check(code[-1], orcid_check_digit(code[:-1]), name, "orcid", field)
    return "-".join(code[i : i + 4] for i in range(0, ORCID_LENGTH, 4))


@dataclass(frozen=True, order=True, slots=True)
class RegisterEntry:
    """An organisation in a register that has no check digit we know: the register's name and the number in it."""

    register: str
    number: str

    @classmethod
    def parse(cls, register: object, number: object, *, field: str) -> Self:
        """Both parts cleaned; the number keeps its letters as given."""
        return cls(
            clean_text(register, field=field, max_length=120),
            clean_identifier(number, field=field, max_length=64),
        )

    def as_json(self) -> dict[str, str]:
        return {"register": self.register, "number": self.number}

    def __str__(self) -> str:
        return f"{self.register} {self.number}"


@dataclass(frozen=True, order=True, slots=True)
class RecordCode:
    """A record of the hub: prefix and serial, ``SYS-0007``. Four digits at least; it grows when they are used up."""

    prefix: str
    serial: int

    def __post_init__(self) -> None:
        if not _RECORD_CODE.fullmatch(f"{self.prefix}-{self.serial}") or self.serial < 1:
            raise ValueError(f"a record code is two to eight capitals and a serial from 1, not {self!r}")

    @classmethod
    def parse(cls, raw: object, *, field: str, prefix: str | None = None) -> Self:
        """``sys-7``, ``ＳＹＳ－０００７`` and ``SYS-0007`` are the same code. With `prefix`, only that kind of record."""
        text = clean_digits(clean_text(raw, field=field, max_length=40)).upper()
        found = _RECORD_CODE.fullmatch(text)
        example = f"{prefix or 'SYS'}-0007"
        if not found or not int(found[2]) or (prefix and found[1] != prefix):
            raise _refused(
                Text("“{t}” is not a code of this kind of record.", "“{t}”不是此类记录的编号。").format(
                    t=text
                ),
                "record_code.form",
                Text("It looks like {e}.", "编号形如 {e}。").format(e=example),
                field,
            )
        return cls(found[1], int(found[2]))

    def next(self) -> RecordCode:
        return RecordCode(self.prefix, self.serial + 1)

    def as_json(self) -> str:
        return str(self)

    def __str__(self) -> str:
        return f"{self.prefix}-{self.serial:04d}"
