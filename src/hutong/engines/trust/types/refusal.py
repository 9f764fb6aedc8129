"""The refusals of this engine."""

from __future__ import annotations

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

_CHECK_INPUT = Text("Correct the input and try again.", "请更正后重试。")


def refuse(rule: str, what: Text, remedy: Text = _CHECK_INPUT, where: str | None = None) -> Invalid:
    """The `Invalid` of a broken rule, to be raised by the caller."""
    return Invalid(what, rule=rule, remedy=remedy, field=where)


def check_record(digest: str, record: str) -> None:
    """Refuse what is not bound to a record: 64 hex digits and an id are needed."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef") or not record.strip():
        raise refuse(
            "evidence.unbound",
            Text("Evidence is not bound to a document and a record.", "证据未与文件及记录绑定。"),
            Text(
                "Give the SHA-256 of the document and the record's id.", "请提供文件的SHA-256值和记录编号。"
            ),
        )
