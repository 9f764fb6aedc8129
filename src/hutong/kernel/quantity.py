"""Quantities of a book: money, time on chips, shares, counts. Exact; no float comes in or goes out.

Money is integer fen (GB/T 12406 CNY), time on chips is integer chip-milliseconds, a share is a fraction. Like
adds to like only. An amount fits a signed 64-bit column, so that every database can hold it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from hutong.kernel.errors import Invalid
from hutong.kernel.normalise import clean_digits
from hutong.kernel.text import Language, Text

LARGEST = 2**63 - 1
LONGEST = 40

_NUMBER = r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<part>[0-9]+))?"
_SCALES = {"千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "万亿": 10**12}
_SCALE = r"(?P<scale>万亿|千万|百万|亿|万|千)?"
_MONEY = re.compile(rf"(?:¥|CNY|RMB|人民币)?\s*{_NUMBER}\s*{_SCALE}\s*(?:元|圆|YUAN|CNY|RMB)?")
_TIME = re.compile(rf"{_NUMBER}\s*{_SCALE}\s*(?P<unit>[A-Z-]*|卡时|小时|时|分钟|分|毫秒|秒)")
_SHARE = re.compile(rf"{_NUMBER}\s*(?P<percent>[%‰]?)")
_RATIO = re.compile(r"([0-9]+)\s*/\s*([0-9]+)")
_COUNT = re.compile(rf"{_NUMBER}\s*{_SCALE}")

HOUR = 3_600_000
_UNITS = {
    **dict.fromkeys(
        ("", "H", "HR", "HOUR", "HOURS", "CHIP-HOUR", "CHIP-HOURS", "GPU-HOUR", "GPU-HOURS"), HOUR
    ),
    **dict.fromkeys(("卡时", "小时", "时"), HOUR),
    **dict.fromkeys(("MIN", "MINUTE", "MINUTES", "分", "分钟"), 60_000),
    **dict.fromkeys(("S", "SEC", "SECOND", "SECONDS", "秒"), 1_000),
    **dict.fromkeys(("MS", "毫秒"), 1),
}


def _refused(what: Text, rule: str, remedy: Text, field: str | None) -> Invalid:
    return Invalid(what, rule=rule, remedy=remedy, field=field)


def _not_exact(kind: Text, given: object, field: str | None) -> Invalid:
    return _refused(
        Text("{kind} is exact; {g} is not a value it can take.", "{kind}须为精确值，不接受 {g}。").format(
            kind=kind, g=type(given).__name__
        ),
        "quantity.type",
        Text("Give a whole number of units, or parse a text.", "请给出整数单位，或由文本解析。"),
        field,
    )


def _whole(kind: Text, given: object) -> None:
    """Refuse what is no integer (bool is none either) or too large for a book."""
    if not isinstance(given, int) or isinstance(given, bool):
        raise _not_exact(kind, given, None)
    if abs(given) > LARGEST:
        raise _too_large(kind, None)


def _too_large(kind: Text, field: str | None) -> Invalid:
    return _refused(
        Text("{kind} is too large for the book.", "{kind}超出账簿可记载的范围。").format(kind=kind),
        "quantity.too_large",
        Text("Check the number of zeros and the unit.", "请核对位数与计量单位。"),
        field,
    )


def _read(pattern: re.Pattern[str], raw: object, kind: Text, example: str, field: str) -> re.Match[str]:
    """Match a short text; floats, NaN, infinities and exponents have no form here and are refused."""
    text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
    if not isinstance(text, str):
        raise _not_exact(kind, raw, field)
    text = clean_digits(text[: LONGEST + 1]).strip().upper()
    found = pattern.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise _refused(
            Text("“{t}” cannot be read as {kind}.", "“{t}”无法识别为{kind}。").format(t=text[:24], kind=kind),
            "quantity.form",
            Text("Write a plain decimal number, for example {e}.", "请填写普通十进制数，例如 {e}。").format(
                e=example
            ),
            field,
        )
    return found


def _value(found: re.Match[str]) -> Fraction:
    """The number of a match of `_NUMBER`, with its Chinese scale word."""
    groups = found.groupdict()
    part = groups["part"] or ""
    units = int(groups["whole"].replace(",", "") + part)
    value = Fraction(units, 10 ** len(part)) * _SCALES.get(groups.get("scale") or "", 1)
    return -value if groups["sign"] == "-" else value


def _refuse_negative(value: Fraction, kind: Text, allowed: bool, field: str) -> None:
    if value < 0 and not allowed:
        raise _refused(
            Text("{kind} may not be negative here.", "此处的{kind}不得为负。").format(kind=kind),
            "quantity.negative",
            Text("Write a number from 0 upwards.", "请填写不小于 0 的数。"),
            field,
        )


def _units(value: Fraction, kind: Text, smallest: Text, field: str) -> int:
    """The value as whole smallest units that fit a book."""
    if value.denominator != 1:
        raise _refused(
            Text("{kind} is kept in whole {u}; this is finer.", "{kind}以整{u}记账，该数值过细。").format(
                kind=kind, u=smallest
            ),
            "quantity.too_fine",
            Text("Round it yourself, so that the rounding is yours.", "请自行取整，以明确取整责任。"),
            field,
        )
    if abs(value.numerator) > LARGEST:
        raise _too_large(kind, field)
    return value.numerator


def _decimal(units: int, places: int) -> str:
    """Integer `units` of 10^-places with thousands separators: 123450, 2 → ``1,234.50``."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, part = divmod(units, 10**places)
    return f"{sign}{whole:,}" + (f".{part:0{places}d}" if places else "")


class Whole(ABC):
    """What money, chip-time and counts share: integer units, arithmetic within the same type only."""

    __slots__ = ()
    kind: ClassVar[Text]

    @abstractmethod
    def as_json(self) -> int:
        """Units as an integer: fen, chip-milliseconds, pieces."""

    @classmethod
    @abstractmethod
    def of(cls, units: int) -> Self:
        """The quantity of so many units."""

    def _same(self, other: object) -> int:
        if not isinstance(other, type(self)):
            raise _not_exact(self.kind, other, None)
        return other.as_json()

    def __add__(self, other: Self) -> Self:
        return self.of(self.as_json() + self._same(other))

    def __sub__(self, other: Self) -> Self:
        return self.of(self.as_json() - self._same(other))

    def __neg__(self) -> Self:
        return self.of(-self.as_json())

    def __mul__(self, times: int) -> Self:
        _whole(self.kind, times)
        return self.of(self.as_json() * times)

    def __bool__(self) -> bool:
        return self.as_json() != 0

    def per(self, other: Self) -> Fraction:
        """The exact ratio of two like quantities. Raises `Invalid` where the other is zero."""
        units = self._same(other)
        if not units:
            raise _refused(
                Text("A ratio to zero is not defined.", "以零为分母的比值无定义。"),
                "quantity.zero",
                Text("Show it as undefined, not as 0.", "请按“无定义”列示，不得记为 0。"),
                None,
            )
        return Fraction(self.as_json(), units)


@dataclass(frozen=True, order=True, slots=True)
class Money(Whole):
    """Renminbi as integer fen."""

    fen: int
    kind: ClassVar[Text] = Text("An amount of money", "金额")
    currency: ClassVar[str] = "CNY"

    def __post_init__(self) -> None:
        _whole(self.kind, self.fen)

    @classmethod
    def of(cls, units: int) -> Self:
        return cls(units)

    @classmethod
    def parse(cls, raw: object, *, field: str, allow_negative: bool = False) -> Self:
        """Yuan as people write them: ``12.30``, ``１２``, ``¥1,200``, ``3万``, ``2亿元``; at most two decimals."""
        found = _read(_MONEY, raw, cls.kind, "1200.50, 3万", field)
        value = _value(found)
        _refuse_negative(value, cls.kind, allow_negative, field)
        if len(found["part"] or "") > 2 and not found["scale"]:
            raise _refused(
                Text("An amount has at most two decimals.", "金额最多保留两位小数。"),
                "money.decimals",
                Text(
                    "Round it to fen yourself, so that the rounding is yours.",
                    "请自行取整到分，以明确取整责任。",
                ),
                field,
            )
        return cls(_units(value * 100, cls.kind, Text("fen", "分"), field))

    @property
    def decimal(self) -> str:
        """Yuan with two decimals and no separators: ``1234.50``."""
        return _decimal(self.fen, 2).replace(",", "")

    def as_json(self) -> int:
        return self.fen

    def say(self, language: Language) -> str:
        amount = _decimal(self.fen, 2)
        return f"{amount} 元" if language == "zh" else f"CNY {amount}"


@dataclass(frozen=True, order=True, slots=True)
class ChipTime(Whole):
    """Time on chips (卡时) as integer chip-milliseconds: one chip for one millisecond."""

    milliseconds: int
    kind: ClassVar[Text] = Text("Time on chips", "卡时")

    def __post_init__(self) -> None:
        _whole(self.kind, self.milliseconds)

    @classmethod
    def of(cls, units: int) -> Self:
        return cls(units)

    @classmethod
    def parse(cls, raw: object, *, field: str, allow_negative: bool = False) -> Self:
        """``12.5 h``, ``90 min``, ``3 万卡时``, ``250 ms``; without a unit, hours. Must come to whole milliseconds."""
        found = _read(_TIME, raw, cls.kind, "12.5 h, 90 min", field)
        unit = _UNITS.get(found["unit"])
        if unit is None:
            raise _refused(
                Text("“{u}” is not a unit of time on chips.", "“{u}”不是卡时的计量单位。").format(
                    u=found["unit"]
                ),
                "chip_time.unit",
                Text("Use h, min, s or ms.", "请使用小时（卡时）、分钟、秒或毫秒。"),
                field,
            )
        value = _value(found) * unit
        _refuse_negative(value, cls.kind, allow_negative, field)
        return cls(_units(value, cls.kind, Text("chip-milliseconds", "卡毫秒"), field))

    @property
    def hours(self) -> Fraction:
        return Fraction(self.milliseconds, HOUR)

    def as_json(self) -> int:
        return self.milliseconds

    def say(self, language: Language) -> str:
        """In hours to four decimals at most, marked as rounded where it is."""
        units = round(self.hours * 10_000)
        whole, dot, part = _decimal(units, 4).partition(".")
        amount = (whole + dot + part.rstrip("0")).rstrip(".")
        exact = Fraction(units, 10_000) == self.hours
        if language == "zh":
            return f"{'' if exact else '约 '}{amount} 卡时"
        return f"{'' if exact else '≈ '}{amount} chip-hour{'' if amount in ('1', '-1') else 's'}"


@dataclass(frozen=True, order=True, slots=True)
class Count(Whole):
    """A number of things; what they are stands in the definition of the figure."""

    number: int
    kind: ClassVar[Text] = Text("A count", "数量")

    def __post_init__(self) -> None:
        _whole(self.kind, self.number)

    @classmethod
    def of(cls, units: int) -> Self:
        return cls(units)

    @classmethod
    def parse(cls, raw: object, *, field: str, allow_negative: bool = False) -> Self:
        """``12``, ``1,200``, ``3万``."""
        value = _value(_read(_COUNT, raw, cls.kind, "1200, 3万", field))
        _refuse_negative(value, cls.kind, allow_negative, field)
        return cls(_units(value, cls.kind, Text("pieces", "数"), field))

    def as_json(self) -> int:
        return self.number

    def say(self, language: Language) -> str:
        return f"{self.number:,}"


@dataclass(frozen=True, order=True, slots=True)
class Share:
    """An exact part of a whole."""

    fraction: Fraction
    kind: ClassVar[Text] = Text("A share", "占比")

    def __post_init__(self) -> None:
        if not isinstance(self.fraction, Fraction):
            raise _not_exact(self.kind, self.fraction, None)

    @classmethod
    def parse(cls, raw: object, *, field: str, beyond_one: bool = False) -> Self:
        """``12.5%``, ``1‰``, ``0.125``, ``1/8``; between 0 and 1 unless `beyond_one`."""
        value = cls._fraction(raw, field)
        _refuse_negative(value, cls.kind, False, field)
        if value > 1 and not beyond_one:
            raise _refused(
                Text("A share lies between 0 and 100 %.", "占比须在 0 至 100% 之间。"),
                "share.range",
                Text("For a percentage write the sign: 50%.", "百分数请带百分号，例如 50%。"),
                field,
            )
        return cls(value)

    @classmethod
    def _fraction(cls, raw: object, field: str) -> Fraction:
        if isinstance(raw, str) and len(raw) <= LONGEST:
            ratio = _RATIO.fullmatch(clean_digits(raw).strip())
            if ratio and int(ratio[2]):
                return Fraction(int(ratio[1]), int(ratio[2]))
        found = _read(_SHARE, raw, cls.kind, "12.5%, 0.125, 1/8", field)
        return _value(found) / {"": 1, "%": 100, "‰": 1000}[found["percent"]]

    def _same(self, other: object) -> Fraction:
        if not isinstance(other, Share):
            raise _not_exact(self.kind, other, None)
        return other.fraction

    def __add__(self, other: Share) -> Share:
        return Share(self.fraction + self._same(other))

    def __sub__(self, other: Share) -> Share:
        return Share(self.fraction - self._same(other))

    def as_json(self) -> str:
        """``1/8``: the reduced fraction, exact."""
        return f"{self.fraction.numerator}/{self.fraction.denominator}"

    def say(self, language: Language) -> str:
        """In percent to two decimals, marked as rounded where it is."""
        units = round(self.fraction * 10_000)
        whole, dot, part = _decimal(units, 2).partition(".")
        amount = (whole + dot + part.rstrip("0")).rstrip(".")
        exact = Fraction(units, 10_000) == self.fraction
        if language == "zh":
            return f"{'' if exact else '约 '}{amount}%"
        return f"{'' if exact else '≈ '}{amount} %"
