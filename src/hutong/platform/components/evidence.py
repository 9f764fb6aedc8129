"""The evidence drawer: what a figure means, how it was computed, from what, by whom, and its proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hutong.platform.components.table import EmptyState, Table
from hutong.platform.components.words import Moment, Tone, Words, is_component


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event as a sentence. `proof`: where its inclusion proof is."""

    sentence: Words
    who: Words
    at: Moment
    proof: str | None = None
    on_behalf: Words | None = None
    tone: Tone = "open"
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    entries: tuple[TimelineEntry, ...]
    empty: EmptyState | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """First answer: the definition in force. `version`: definition set or version; `since`: in force from."""

    text: Words
    version: str = ""
    since: Moment | None = None
    citation: Words | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A name with its value, in a formula or a list of facts."""

    label: Words
    value: object
    note: Words | None = None
    url: str | None = None
    drawer: str | None = None

    @property
    def is_component(self) -> bool:
        return is_component(self.value)


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with values, as a list."""

    items: tuple[Given, ...]


@dataclass(frozen=True, slots=True)
class Computed:
    """Second answer: the formula and the values put into it."""

    formula: Words
    values: tuple[Given, ...] = ()
    result: Words | None = None
    at: Moment | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Fifth answer: leaf and checkpoint, and the download that proves it without this hub."""

    leaf: str
    index: int
    size: int
    root: str
    at: Moment
    download: str
    verify: str
    witnesses: Words | None = None


@dataclass(frozen=True, slots=True)
class Drawer:
    """The five answers in their order; None where there is nothing to say, and the drawer says that."""

    title: Words
    meaning: Meaning | None = None
    computed: Computed | None = None
    records: Table | None = None
    events: Timeline | None = None
    proof: Proof | None = None
    value: Words | None = None


def facts(
    items: Mapping[Words, object] | Sequence[tuple[Words, object]] | Iterable[tuple[Words, object]],
) -> Facts:
    """Facts from pairs of name and value."""
    pairs = items.items() if isinstance(items, Mapping) else items
    return Facts(tuple(Given(label, value) for label, value in pairs))
