"""Foreign question banks: JSON or CSV in, checked items out; every broken line is told, nothing is half imported."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from hutong.engines.trust.content.bank import KINDS, Item, Kind
from hutong.engines.trust.content.normal import key
from hutong.engines.trust.content.rules import Book
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

# Share-alike banks may be used but not mixed into a bank that is given on under another licence.
OPEN = ("CC0-1.0", "CC-BY-4.0", "Apache-2.0", "MIT", "BSD-3-Clause", "own")
APART = ("CC-BY-SA-4.0", "CC-BY-SA-3.0")
LONGEST_TEXT = 20_000
MOST = 1_000_000
_LANGUAGES = ("zh", "en")
_YES = {
    "true": True,
    "1": True,
    "yes": True,
    "是": True,
    "": False,
    "false": False,
    "0": False,
    "no": False,
    "否": False,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """line: position of the record, from 1. rule: what it breaks ("bank.duplicate", ...)."""

    line: int
    rule: str
    what: Text


def read_records(text: str, form: Literal["json", "csv"]) -> list[Mapping[str, object]]:
    """The records of a JSON array of objects or of a CSV with a header. `Invalid` bank.form, bank.size."""
    try:
        found: object = (
            json.loads(text) if form == "json" else list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
        )
    except (ValueError, RecursionError, csv.Error) as error:
        raise _form(str(error)[:80]) from error
    if not isinstance(found, list) or not found or not all(isinstance(r, Mapping) for r in found):
        raise _form("not a list of records")
    if len(found) > MOST:
        raise refuse("bank.size", Text("The bank has over a million items.", "题库超过一百万题。"))
    return cast("list[Mapping[str, object]]", found)


def import_items(
    records: Iterable[Mapping[str, object]],
    book: Book,
    apart: bool = False,
    known: Iterable[Item] = (),
) -> tuple[Item, ...]:
    """Checked items. apart: this bank is kept apart, so share-alike licences are allowed. known: items already held.

    `Invalid` with the rule and line of the first problem and the number of all, when there is any.
    """
    items, problems = examine(records, book, apart, known)
    for problem in problems:
        what = Text("Line {l}: {w} ({n} problems in all)", "第{l}条：{w}（共{n}个问题）")
        raise refuse(
            problem.rule,
            what.format(l=problem.line, w=problem.what, n=len(problems)),
            Text("Correct the lines named and import again.", "请更正所列各条后重新导入。"),
            str(problem.line),
        )
    return items


def examine(
    records: Iterable[Mapping[str, object]], book: Book, apart: bool = False, known: Iterable[Item] = ()
) -> tuple[tuple[Item, ...], tuple[Problem, ...]]:
    """The items that are sound, and every problem of the others. Duplicates are told by `normal.key` (NFKC and more)."""
    codes = set(book.codes())
    held = list(known)
    seen: dict[tuple[str, str], str] = {(i.kind, key(i.text)): i.id for i in held}
    names = {i.id for i in held}
    items: list[Item] = []
    problems: list[Problem] = []
    for line, record in enumerate(records, start=1):
        found = _item(record, line, codes, apart)
        if isinstance(found, Item):
            twin = seen.get((found.kind, key(found.text)))
            if twin is not None:
                what = Text("the question is the same as {t}", "与题目{t}重复").format(t=twin)
                found = Problem(line, "bank.duplicate", what)
            elif found.id in names:
                found = Problem(line, "bank.id", Text("the id is used twice", "题目编号重复"))
        if isinstance(found, Problem):
            problems.append(found)
            continue
        seen[found.kind, key(found.text)] = found.id
        names.add(found.id)
        items.append(found)
    return tuple(items), tuple(problems)


def _item(record: Mapping[str, object], line: int, codes: set[str], apart: bool) -> Item | Problem:
    def part(name: str, default: str = "") -> str:
        value = record.get(name, default)
        return default if value is None else str(value).strip()

    text, kind, licence = part("text"), part("kind", "content"), part("licence")
    exposure = part("exposure", "0") or "0"
    flags = [_YES.get(part(n).lower()) for n in ("private", "retired")]
    checks = (
        (
            "bank.text",
            bool(key(text)) and len(text) <= LONGEST_TEXT,
            Text("no question, or too long", "题目为空或过长"),
        ),
        ("bank.risk", part("risk") in codes, Text("no known risk code", "缺少有效的风险代码")),
        (
            "bank.language",
            part("language") in _LANGUAGES,
            Text("the language is not zh or en", "语言不是zh或en"),
        ),
        ("bank.kind", kind in KINDS, Text("an unknown kind of question", "未知的题目类别")),
        ("bank.licence", licence in OPEN or (apart and licence in APART), _licence(licence)),
        ("bank.origin", bool(part("origin")), Text("no origin is given", "未注明来源")),
        (
            "bank.exposure",
            exposure.isdecimal() and exposure.isascii(),
            Text("the exposure is no count", "曝光次数有误"),
        ),
        ("bank.flag", None not in flags, Text("a flag is neither yes nor no", "标志位有误")),
    )
    for rule, good, what in checks:
        if not good:
            return Problem(line, rule, what)
    return Item(
        id=part("id") or f"line-{line}",
        risk=part("risk"),
        language=part("language"),
        text=text,
        licence=licence,
        origin=part("origin"),
        kind=cast(Kind, kind),
        template=part("template"),
        pair=part("pair"),
        exposure=int(exposure),
        private=bool(flags[0]),
        retired=bool(flags[1]),
    )


def _licence(name: str) -> Text:
    if not name:
        return Text("no licence is given", "未注明许可")
    if name in APART:
        return Text("a share-alike licence: keep this bank apart", "相同方式共享许可：须单独存放")
    return Text("the licence {n} is not allowed", "不允许使用许可{n}").format(n=name[:40])


def _form(why: str) -> Exception:
    what = Text("This is not a question bank: {w}.", "该文件不是题库：{w}。").format(w=why)
    return refuse(
        "bank.form", what, Text("Give a JSON list or a CSV with a header.", "请提供JSON列表或带表头的CSV。")
    )
