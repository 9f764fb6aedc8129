"""JSON lines in: recorded answers of a service, and what people said of answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from hutong.engines.trust.content.bank import Item
from hutong.engines.trust.content.judge import Mark, answer_digest
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

MOST = 1_000_000


def log_of(text: str) -> dict[str, str]:
    """Answers by question, from lines {"question", "answer"}.

    `Invalid` log.form with the line that is none; log.conflict where one question has two answers: which of them the
    service would give is not known.
    """
    found: dict[str, str] = {}
    for number, record in _lines(text, "log"):
        question, answer = _words(record, number, "log", "question", "answer")
        if found.setdefault(question, answer) != answer:
            what = Text("Line {n}: the question has two answers.", "第{n}行：同一问题有两个回答。")
            raise refuse("log.conflict", what.format(n=number), where="log")
    return found


def marks_of_people(text: str) -> dict[str, Mark]:
    """Marks by `answer_digest`, from lines {"item", "question", "answer", "bad"}; lines whose "bad" is null are not looked at.

    item, question: id and text of the question in its bank. `Invalid` labels.form, labels.conflict (one answer marked twice
    and differently).
    """
    found: dict[str, Mark] = {}
    for number, record in _lines(text, "labels"):
        name, question, answer = _words(record, number, "labels", "item", "question", "answer")
        bad = record.get("bad")
        if bad is None:
            continue
        if not isinstance(bad, bool):
            raise _form("labels", number)
        mark: Mark = "bad" if bad else "good"
        if found.setdefault(answer_digest(_item(name, question), answer), mark) != mark:
            what = Text("Line {n}: the answer is marked in two ways.", "第{n}行：同一回答的评审结论不一致。")
            raise refuse("labels.conflict", what.format(n=number), where="labels")
    return found


def _item(name: str, question: str) -> Item:
    return Item(name, "", "", question, "", "")


def _lines(text: str, where: str) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if number > MOST:
            raise refuse(f"{where}.size", Text("Over a million lines.", "超过一百万行。"), where=where)
        try:
            record: object = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _form(where, number) from error
        if not isinstance(record, dict):
            raise _form(where, number)
        yield number, record


def _words(record: Mapping[str, object], number: int, where: str, *names: str) -> list[str]:
    values = [record.get(name) for name in names]
    words = [v for v in values if isinstance(v, str)]
    if len(words) != len(names):
        raise _form(where, number)
    return words


def _form(where: str, number: int) -> Exception:
    what = Text("Line {n} is not a record of this kind.", "第{n}行不是有效记录。").format(n=number)
    return refuse(f"{where}.form", what, where=str(number))
