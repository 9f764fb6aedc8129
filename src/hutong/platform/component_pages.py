"""Components of single pages: the plan board, the desk, the frame around every page, the open gate of a passport."""

from __future__ import annotations

from dataclasses import dataclass

from hutong.platform.components import (
    Action,
    Choice,
    EmptyState,
    Figure,
    Given,
    Moment,
    State,
    Words,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads somewhere."""

    label: Words
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class LedgerState:
    """How large the ledger is and when its last checkpoint was signed."""

    size: int
    at: Moment | None
    url: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page. `person` is the name of who is signed in; `acting_for` their organisation."""

    hub: Words
    home: str = "/"
    navigation: tuple[Link, ...] = ()
    search: str | None = None
    sign_in: str | None = None
    sign_out: str | None = None
    account: Link | None = None
    desk: Link | None = None
    person: str | None = None
    acting_for: Words | None = None
    ledger: LedgerState | None = None
    verify: str | None = None
    notice: Words | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that happened, as a sentence that leads to it."""

    words: Words
    url: str | None = None
    at: Moment | None = None
    tone: str = "open"


@dataclass(frozen=True, slots=True)
class Need:
    """What needs someone: state and subject, who, since when, until when, why, and the way to mend it."""

    subject: Words
    url: str
    state: State
    who: Words
    since: Words
    until: Words
    why: Words
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveCard:
    """An objective. `reached`: "7 of 10 aims". Each of `counts` is a state in words. `declare`: who must declare."""

    number: int
    title: Words
    url: str
    reached: Words
    counts: tuple[State, ...] = ()
    declare: Words | None = None
    figure: Figure | None = None


@dataclass(frozen=True, slots=True)
class House:
    """A task on the street map: state, figure with its sparkline."""

    name: str
    title: Words
    url: str
    state: State
    figure: Figure | None = None


@dataclass(frozen=True, slots=True)
class Courtyard:
    """A group of tasks. `number` is a roman numeral."""

    number: str
    title: Words
    houses: tuple[House, ...]


@dataclass(frozen=True, slots=True)
class Safeguard:
    name: str
    title: Words
    state: State
    url: str | None = None
    note: Words | None = None


@dataclass(frozen=True, slots=True)
class DatePick:
    """The day as of which a page speaks, and the days that can be chosen."""

    action: str
    days: tuple[Choice, ...]
    name: str = "as_of"


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One sentence with one verb. `clock`: since when, or until when."""

    sentence: Words
    clock: Words | None = None
    url: str | None = None
    action: Action | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class DeskColumn:
    title: Words
    rows: tuple[DeskRow, ...]
    empty: EmptyState


@dataclass(frozen=True, slots=True)
class ClosedGate:
    """Why a gate is closed: the measured reason with its interval, and the cheapest way through."""

    stage: Words
    reason: Words
    measured: Words | None = None
    cheapest: tuple[Given, ...] = ()
    drawer: str | None = None
    not_computable: Words | None = None
