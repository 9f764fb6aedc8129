"""Operations: every write of the hub, declared once as a typed function.

The declaration holds all that web, API, CLI, documentation and audit need to know; it does nothing itself.
`hutong.platform.runner` runs it. A registry of plain records: no metaclass, no framework.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, Union, get_args, get_origin, get_type_hints

from hutong.kernel.lifecycle import Lifecycle, Transition
from hutong.kernel.permission import Actor, Permission
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Long:
    """Marks a text that may run over several lines, up to `limit` characters."""

    limit: int = 10_000


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks personal data: the ledger keeps a salted commitment, never the value."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Marks a text that must be one of these values."""

    options: tuple[tuple[str, Text], ...]

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(value for value, _ in self.options)


@dataclass(frozen=True, slots=True)
class Help:
    """One sentence under the field."""

    text: Text


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file in the hub's store, named by its SHA-256."""

    sha256: str


@dataclass(frozen=True, slots=True)
class Json:
    """A structured value (object or list) given as JSON or YAML text; `value` holds plain data without floats."""

    value: Any


Reason = Annotated[str, Text("Reason", "理由"), Long(2_000)]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed input. `kind` is a Python type or a model class; `many` a list of it."""

    name: str
    kind: Any
    label: Text
    required: bool = True
    default: Any = None
    many: bool = False
    long: Long | None = None
    personal: bool = False
    choice: Choice | None = None
    help: Text | None = None


class Context(Protocol):
    """What an operation's body may use of the world."""

    actor: Actor
    organisation: int | None

    @property
    def now(self) -> Any: ...
    def attach(self, *sha256: str) -> None: ...
    def passport(self, code: str) -> None: ...
    def note(self, **values: Any) -> None: ...
    def enqueue(self, job: Callable[..., Any], **arguments: Any) -> None: ...


@dataclass(frozen=True)
class Operation:
    """``scope.resource.verb``: a typed write with its permission, transition and words.

    `sentence` is the audit sentence with ``{subject}``; `subject` the first record parameter, None when the
    operation creates without one. `creates` is the model class of the record it makes, if it makes one.
    """

    name: str
    function: Callable[..., Any]
    permission: Permission
    title: Text
    sentence: Text
    parameters: tuple[Parameter, ...]
    subject: Parameter | None
    lifecycle: Lifecycle | None
    transition: Transition | None
    creates: Any = None
    hidden: bool = field(default=False)
    needs: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        return self.name.split(".")[0]

    @property
    def resource(self) -> str:
        return self.name.split(".")[1]

    @property
    def verb(self) -> str:
        return self.name.split(".")[2]

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.function) or ""


OPERATIONS: dict[str, Operation] = {}


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "_meta")


def _unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """(bare type, markers, optional) of an annotation such as ``Annotated[str, Text(..)] | None``."""
    markers: tuple[Any, ...] = ()
    optional = False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            markers += tuple(more)
        elif origin in (Union, types.UnionType):
            inner = [a for a in get_args(annotation) if a is not type(None)]
            if len(inner) != 1:
                raise TypeError(f"an input has one type, not {annotation}")
            annotation, optional = inner[0], True
        else:
            return annotation, markers, optional


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    kind, markers, optional = _unwrap(annotation)
    many = get_origin(kind) in (list, tuple)
    if many:
        kind, inner, _ = _unwrap(get_args(kind)[0])
        markers += inner

    def marker(cls: type[Any]) -> Any:
        return next((m for m in markers if isinstance(m, cls)), None)

    label = marker(Text)
    if label is None and _is_record(kind):
        label = getattr(kind, "title", None)
    if label is None:
        raise TypeError(f"input {name} has no label: write Annotated[…, Text(en, zh)]")
    helped = marker(Help)
    return Parameter(
        name=name,
        kind=kind,
        label=label,
        required=default is inspect.Parameter.empty and not optional,
        default=None if default is inspect.Parameter.empty else default,
        many=many,
        long=marker(Long),
        personal=marker(Personal) is not None,
        choice=marker(Choice),
        help=helped.text if helped else None,
    )


def operation(
    name: str,
    *,
    permission: Permission,
    title: Text,
    sentence: Text,
    lifecycle: Lifecycle | None = None,
    transition: Transition | None = None,
    creates: Any = None,
    hidden: bool = False,
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the function below as the operation `name`. The first parameter is the context.

    hidden: an operation that the hub itself performs; people see it in the log but find no button for it.
    needs: states of the subject in which it can be done, where the transition belongs to the record that it makes.
    """
    if name.count(".") != 2:
        raise ValueError(f"an operation is scope.resource.verb, not {name!r}")

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        if name in OPERATIONS:
            raise ValueError(f"operation {name} is declared twice")
        if not inspect.getdoc(function):
            raise ValueError(f"operation {name} has no docstring")
        hints = get_type_hints(function, include_extras=True)
        signature = list(inspect.signature(function).parameters.values())[1:]
        parameters = tuple(_parameter(p.name, hints[p.name], p.default) for p in signature)
        first = parameters[0] if parameters and _is_record(parameters[0].kind) else None
        subject = first if first and not first.many and first.required else None
        OPERATIONS[name] = Operation(
            name,
            function,
            permission,
            title,
            sentence,
            parameters,
            subject,
            lifecycle,
            transition,
            creates,
            hidden,
            needs,
        )
        return function

    return register
