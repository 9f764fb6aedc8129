"""Forms: fields, choices, and the problem of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hutong.kernel.errors import HutongError
from hutong.platform.components.words import Words

FieldKind = Literal[
    "text",
    "long",
    "number",
    "date",
    "datetime",
    "choice",
    "choices",
    "boolean",
    "file",
    "secret",
    "email",
    "hidden",
]


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: Words
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One input. `error` stands beside it and says what to do; `unit` stands behind a number."""

    name: str
    label: Words
    kind: FieldKind = "text"
    help: Words | None = None
    value: str = ""
    error: Words | None = None
    required: bool = False
    choices: tuple[Choice, ...] = ()
    unit: Words | None = None
    autocomplete: str = ""
    accept: str = ""

    @property
    def id(self) -> str:
        return f"field-{self.name}"

    @property
    def described_by(self) -> str:
        parts = [f"{self.id}-help"] if self.help else []
        return " ".join([*parts, *([f"{self.id}-error"] if self.error else [])])

    @property
    def input_type(self) -> str:
        return {"datetime": "datetime-local", "secret": "password"}.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened, by which rule, what to do next: the same three parts as in the API and the terminal."""

    what: Words
    remedy: Words
    rule: str = ""
    status: int = 0
    field: str | None = None

    @classmethod
    def of(cls, error: HutongError) -> Problem:
        return cls(error.what, error.remedy, error.rule, error.status, error.field)


@dataclass(frozen=True, slots=True)
class Form:
    """Fields and one verb. `csrf`: a token, or None where the template's own context has one."""

    action: str
    submit: Words
    fields: tuple[Field, ...] = ()
    csrf: str | None = None
    method: Literal["post", "get"] = "post"
    problem: Problem | None = None
    consequence: Words | None = None
    weight: Literal["primary", "grave"] = "primary"
    cancel: str | None = None
    hidden: tuple[tuple[str, str], ...] = ()

    @property
    def has_file(self) -> bool:
        return any(field.kind == "file" for field in self.fields)

    @property
    def errors(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.error)
