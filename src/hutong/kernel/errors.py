"""The closed set of errors. Each names the field, the rule and what to do next, in both languages.

They are values as much as exceptions: web, API and CLI render the same object (HTTP problem details per
RFC 9457, three lines and an exit code in the terminal, a message beside the field on a page).
"""

from __future__ import annotations

from typing import ClassVar

from hutong.kernel.text import Text


class HutongError(Exception):
    """Base of the five. Never raised itself.

    what: what happened. rule: short stable name of the rule that refused (``uscc.check_digit``).
    remedy: what to do next. field: input the refusal speaks of, if it is one input.
    """

    kind: ClassVar[str]
    status: ClassVar[int]
    exit_code: ClassVar[int]

    def __init__(self, what: Text, *, rule: str, remedy: Text, field: str | None = None) -> None:
        super().__init__(what.en)
        self.what = what
        self.rule = rule
        self.remedy = remedy
        self.field = field

    def as_json(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "rule": self.rule,
            "field": self.field,
            "what": self.what.as_json(),
            "remedy": self.remedy.as_json(),
        }


class Denied(HutongError):
    """The actor may not do this. Nothing changed."""

    kind, status, exit_code = "denied", 403, 13


class Invalid(HutongError):
    """The input breaks a rule of its type or of the field. Nothing changed."""

    kind, status, exit_code = "invalid", 422, 22


class Conflict(HutongError):
    """The record moved on meanwhile, or its state does not allow this. Nothing changed."""

    kind, status, exit_code = "conflict", 409, 9


class NotFound(HutongError):
    """There is no such record, or none that the actor may know of."""

    kind, status, exit_code = "not_found", 404, 4


class Exhausted(HutongError):
    """A quota, balance, budget or rate is used up. Nothing changed."""

    kind, status, exit_code = "exhausted", 429, 29


ERRORS: tuple[type[HutongError], ...] = (Denied, Invalid, Conflict, NotFound, Exhausted)
