"""What a module says about its records so that pages, API, CLI and search can show them: one declaration each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hutong.kernel.operation import OPERATIONS, Operation
from hutong.kernel.permission import Actor, Permission
from hutong.kernel.text import Text
from hutong.platform.records import Record

ShowKind = Literal[
    "text",
    "long",
    "money",
    "chip_time",
    "date",
    "instant",
    "record",
    "count",
    "percent",
    "json",
    "file",
    "choice",
]


@dataclass(frozen=True, slots=True)
class Show:
    """One shown value: a dotted path on the record, its label and how to say it. choices: words of coded values."""

    path: str
    label: Text
    kind: ShowKind = "text"
    choices: Mapping[str, Text] = field(default_factory=dict)
    unit: Text | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What a page of one record was loaded with: the record, who looks, and its events, newest first (the whole
    dossier's where the record bears one)."""

    record: Any
    actor: Actor
    events: Sequence[Any] = ()


@dataclass(frozen=True)
class Entity:
    """How one kind of record appears everywhere.

    view: permission that scopes lists and details. columns and fields: what a list and a detail page show.
    related: further lists on the detail page. words: the text that search indexes. template and context: for a
    hand-made page; context gets what was loaded for the page and returns what the template needs. menu: place and
    words in the main navigation, for the few lists that everybody looks for.
    """

    model: type[Record]
    scope: str
    resource: str
    view: Permission
    title: Text
    plural: Text
    columns: tuple[Show, ...]
    fields: tuple[Show, ...]
    empty: Text
    related: tuple[tuple[Text, str, str], ...] = ()
    words: Callable[[Any], tuple[Text, str]] | None = None
    template: str | None = None
    context: Callable[[Sight], dict[str, Any]] | None = None
    select: tuple[str, ...] = ()
    menu: tuple[int, Text] | None = None

    @property
    def key(self) -> str:
        return f"{self.scope}.{self.resource}"

    @property
    def url(self) -> str:
        return f"/{self.scope}/{self.resource}/"

    def operations(self) -> list[Operation]:
        """Operations whose subject is this kind of record, in the order of declaration."""
        return [o for o in OPERATIONS.values() if o.subject and o.subject.kind is self.model and not o.hidden]

    def creators(self) -> list[Operation]:
        """Operations that make such a record without a subject: they stand on the list page."""
        return [o for o in OPERATIONS.values() if o.creates is self.model and not o.subject and not o.hidden]


ENTITIES: dict[str, Entity] = {}
_BY_MODEL: dict[type[Record], Entity] = {}
_BY_PREFIX: dict[str, Entity] = {}


def show(entity: Entity) -> Entity:
    """Register an entity; its key, model and code prefix are each used once."""
    if entity.key in ENTITIES or entity.model in _BY_MODEL or entity.model.prefix in _BY_PREFIX:
        raise ValueError(f"entity {entity.key} is declared twice")
    ENTITIES[entity.key] = entity
    _BY_MODEL[entity.model] = entity
    _BY_PREFIX[entity.model.prefix] = entity
    return entity


def of_model(model: type[Record]) -> Entity:
    return _BY_MODEL[model]


def find_model(model: type[Record]) -> Entity | None:
    return _BY_MODEL.get(model)


def of_code(code: str) -> Entity | None:
    """The entity that a code such as ``SYS-0007`` belongs to."""
    return _BY_PREFIX.get(code.split("-")[0])
