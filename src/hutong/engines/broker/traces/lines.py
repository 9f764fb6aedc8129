"""Reading files line by line: every bad line is named, and one option says whether the good ones are kept or all is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, TypeVar

from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.text import Text

BadLines = Literal["reject", "keep-good"]
Parsed = TypeVar("Parsed")
Line = TypeVar("Line")
LARGEST = 2**53
NAMED = 5


class Unreadable(ValueError):
    """A line that cannot be taken. field: the column; why: what is wrong with it, in both languages."""

    def __init__(self, field: str, why: Text) -> None:
        super().__init__(why.en)
        self.field, self.why = field, why


@dataclass(frozen=True, slots=True)
class BadLine:
    """number: counted from 1, the header and comments included."""

    number: int
    field: str
    why: Text

    def __str__(self) -> str:
        return f"line {self.number}, {self.field}: {self.why.en}"


def parse_lines(
    lines: Iterable[tuple[int, Line]], parse: Callable[[Line], Parsed], bad_lines: BadLines
) -> tuple[list[Parsed], tuple[BadLine, ...]]:
    """What the good lines say, and the bad ones. With ``reject`` any bad line refuses the file (`Invalid` ``trace.line``)."""
    good: list[Parsed] = []
    bad: list[BadLine] = []
    for number, line in lines:
        try:
            good.append(parse(line))
        except Unreadable as found:
            bad.append(BadLine(number, found.field, found.why))
    if bad and bad_lines == "reject":
        raise refused(bad, len(good))
    return good, tuple(bad)


def refused(bad: list[BadLine], good: int) -> Invalid:
    """The refusal of a file, its first bad lines named."""
    named = [
        Text("line {n}, {f}: {w}", "第 {n} 行 {f}：{w}").format(n=b.number, f=b.field, w=b.why)
        for b in bad[:NAMED]
    ]
    return Invalid(
        Text("{k} of {n} lines cannot be read. {l}", "共 {n} 行，其中 {k} 行无法读取。{l}").format(
            k=len(bad),
            n=len(bad) + good,
            l=Text("; ".join(t.en for t in named), "；".join(t.zh for t in named)),
        ),
        rule="trace.line",
        remedy=Text(
            "Correct these lines, or import with bad lines left out.",
            "请更正上述行，或选择忽略错误行后导入。",
        ),
        field="file",
    )


def read_text(file: Path) -> str:
    """The file as UTF-8. Raises `NotFound` ``trace.file``, `Invalid` ``trace.encoding``."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError):
        raise NotFound(
            Text("There is no file {f}.", "没有文件 {f}。").format(f=file.name),
            rule="trace.file",
            remedy=Text("Check the name and the folder.", "请检查文件名和目录。"),
            field="file",
        ) from None
    except UnicodeDecodeError as broken:
        raise Invalid(
            Text("The file is not UTF-8 at byte {b}.", "文件第 {b} 字节处不是 UTF-8 编码。").format(
                b=broken.start
            ),
            rule="trace.encoding",
            remedy=Text("Save it as UTF-8.", "请另存为 UTF-8。"),
            field="file",
        ) from None


def integer(field: str, raw: str, least: int = -1) -> int:
    """A whole number from `least` to 2^53. Raises `Unreadable`."""
    sign = raw[1:] if raw.startswith("-") else raw
    if not (sign.isascii() and sign.isdigit() and len(sign) < 17 and least <= int(raw) <= LARGEST):
        raise Unreadable(
            field,
            Text("“{t}” is no whole number from {m}", "“{t}”不是不小于 {m} 的整数").format(
                t=raw[:24], m=least
            ),
        )
    return int(raw)


def milliseconds(field: str, raw: str) -> int:
    """Decimal seconds as whole milliseconds, not negative. Raises `Unreadable` (NaN and infinities have no place here)."""
    try:
        value = Decimal(raw) * 1000
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or not 0 <= value <= LARGEST or value != value.to_integral_value():
        raise Unreadable(
            field, Text("“{t}” is no duration in seconds", "“{t}”不是以秒计的时长").format(t=raw[:24])
        )
    return int(value)
