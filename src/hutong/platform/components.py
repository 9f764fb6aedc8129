"""What a page shows, as plain values: a page fills these, ``{% show thing %}`` draws each with its own template.

A component knows nothing of requests or tables. `Words` are what a person reads: a `Text`, a kernel `Value` (which
says itself, so that a missing figure stays a word), or a plain string for what is the same in both languages (a
name, a code). Addresses are strings; `drawer` is always the address of an evidence drawer. Numbers for drawing are
floats: a book never reads them back. Template of `EmptyState` is ``hutong/components/empty_state.html``, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from hutong.kernel import lifecycle
from hutong.kernel.errors import HutongError
from hutong.kernel.text import Language, Text
from hutong.platform import drawing

Tone = Literal["done", "holds", "needs", "late", "stopped", "open", "closed"]
# Shape beside the word, so that nothing is said by colour alone. U+FE0E asks for the letter, not the emoji.
SHAPES: dict[Tone, str] = {
    "done": "✔\ufe0e",
    "holds": "●",
    "needs": "◆",
    "late": "▲",
    "stopped": "✘\ufe0e",
    "open": "○",
    "closed": "■",
}
TONE_WORDS: dict[str, Text] = {
    "done": Text("reached", "已达到"),
    "holds": Text("holds", "有效"),
    "needs": Text("needs someone", "待办理"),
    "late": Text("late", "滞后"),
    "stopped": Text("not passed", "未通过"),
    "open": Text("open", "进行中"),
    "closed": Text("closed", "已办结"),
    "": Text("nothing yet", "尚无"),
}
_TONE_OF_KIND: dict[lifecycle.StateKind, Tone] = {
    "open": "open",
    "waiting": "needs",
    "holds": "holds",
    "stopped": "stopped",
    "closed": "closed",
}
StageState = Literal["done", "active", "closed", "waiting", "not_required"]
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


class Sayable(Protocol):
    def say(self, language: Language) -> str: ...


Words = Sayable | str
Moment = date | datetime


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way to this page; the last has no url."""

    label: Words
    url: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A state in words, with tone; the shape follows the tone. `note`: who must act, since when, why."""

    words: Words
    tone: Tone = "open"
    note: Words | None = None
    drawer: str | None = None

    @property
    def shape(self) -> str:
        return SHAPES[self.tone]

    @classmethod
    def of(cls, state: lifecycle.State, *, note: Words | None = None, drawer: str | None = None) -> State:
        """The state of a lifecycle as a page shows it."""
        return cls(state.label, _TONE_OF_KIND[state.kind], note, drawer)


@dataclass(frozen=True, slots=True)
class Stamp:
    """The mark that an office left: what it says, its number, the day."""

    words: Words
    on: Moment | None = None
    number: str = ""
    tone: Tone = "done"
    drawer: str | None = None

    @property
    def shape(self) -> str:
        return SHAPES[self.tone]


_STAGE: dict[StageState, tuple[str, Text]] = {
    "done": (SHAPES["done"], Text("done", "已完成")),
    "active": ("▶\ufe0e", Text("under way", "办理中")),
    "closed": (SHAPES["stopped"], Text("gate closed", "未通过")),
    "waiting": ("·", Text("not yet", "未开始")),
    "not_required": ("–", Text("not required", "无需办理")),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One gate of the lane. `stamp`: what stands under it ("L2", "day 12 of 30", "no. 4711")."""

    number: int
    title: Words
    state: StageState = "waiting"
    stamp: Words | None = None
    on: Moment | None = None
    url: str | None = None
    drawer: str | None = None

    @property
    def shape(self) -> str:
        return _STAGE[self.state][0]

    @property
    def words(self) -> Text:
        return _STAGE[self.state][1]


@dataclass(frozen=True, slots=True)
class Lane:
    """The way of one system through the gates, in order. `label` names it for those who do not see it."""

    stages: tuple[Stage, ...]
    label: Words = Text("The lane of this system", "该系统的办理流程")


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A small line without axes, zero-based. None is a gap; a break of definition before point i is in `breaks`.

    `summary` says in words what the line shows: it stands for the drawing.
    """

    points: tuple[float | None, ...]
    summary: Words
    breaks: tuple[int, ...] = ()

    @property
    def segments(self) -> tuple[str, ...]:
        return drawing.segments(self.points, self.breaks)

    @property
    def last(self) -> tuple[str, str] | None:
        return drawing.last_point(self.points)

    @property
    def break_lines(self) -> tuple[str, ...]:
        return drawing.break_positions(self.breaks, len(self.points))


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that carries its unit, date and definition. `value` not known is a word (a kernel `Value`)."""

    label: Words
    value: Words
    unit: Words = ""
    on: Moment | None = None
    definition: Words | None = None
    drawer: str | None = None
    sparkline: Sparkline | None = None
    state: State | None = None
    target: Words | None = None

    @property
    def known(self) -> bool:
        """Whether the value is a number; what is not known carries no unit."""
        return getattr(self.value, "state", "number") == "number"


@dataclass(frozen=True, slots=True)
class Action:
    """A verb as a button. Disabled, it says why. `post`: sends at once; else it leads to the form at `url`.

    weight: primary is the one next step of the page; grave cannot be undone.
    """

    label: Words
    url: str
    operation: str = ""
    enabled: bool = True
    reason: Words | None = None
    post: bool = False
    weight: Literal["primary", "plain", "grave"] = "plain"
    hidden: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.enabled and self.reason is None:
            raise ValueError(f"the action {self.label!r} is disabled and does not say why")


@dataclass(frozen=True, slots=True)
class Verbs:
    """What can be done with a record: open steps as buttons; those that are not open now fold away with their reasons."""

    actions: tuple[Action, ...]

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def open(self) -> tuple[Action, ...]:
        return tuple(a for a in self.actions if a.enabled)

    @property
    def shut(self) -> tuple[Action, ...]:
        return tuple(a for a in self.actions if not a.enabled)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. `kind` aligns it; the unit stands in the heading. sort: what a click orders by."""

    label: Words
    kind: Literal["text", "number", "date", "code", "action"] = "text"
    unit: Words | None = None
    sort_url: str | None = None
    sorted: Literal["", "ascending", "descending"] = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: words, a moment, or another component (State, Stamp, Action, Figure, Sparkline)."""

    value: object
    url: str | None = None
    drawer: str | None = None
    note: Words | None = None

    @property
    def is_component(self) -> bool:
        return is_component(self.value)


@dataclass(frozen=True, slots=True)
class EmptyState:
    """Nothing here yet: what usually starts here, and the verb that starts it."""

    words: Words
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. The first cell of a row names it. Pages go on by keyset: `next`, `previous` are addresses."""

    caption: Words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: EmptyState | None = None
    csv: str | None = None
    shown: Words | None = None
    next: str | None = None
    previous: str | None = None
    caption_hidden: bool = False

    def __post_init__(self) -> None:
        width = len(self.columns)
        if any(len(row) != width for row in self.rows):
            raise ValueError(f"every row of a table has {width} cells")

    @property
    def lines(self) -> list[list[tuple[Column, Cell]]]:
        """Rows with their columns, for drawing."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


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


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell of category by level. Empty `tone` is nothing yet; words beside the shape name what stops."""

    tone: Tone | Literal[""] = ""
    words: Words | None = None
    drawer: str | None = None

    @property
    def shape(self) -> str:
        return SHAPES[self.tone] if self.tone else "–"


@dataclass(frozen=True, slots=True)
class GridRow:
    label: Words
    cells: tuple[GridCell, ...]
    required: Words
    stops_here: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """Category by level. Never summed into one score."""

    caption: Words
    levels: tuple[Words, ...]
    rows: tuple[GridRow, ...]
    required_label: Words = Text("required", "要求等级")

    def __post_init__(self) -> None:
        if any(len(row.cells) != len(self.levels) for row in self.rows):
            raise ValueError(f"every row of a grid has {len(self.levels)} cells")


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a set of bars: None is a gap. low, high: an interval around each value."""

    name: Words
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Break:
    """The definition changes before the point at position `at` of the axis."""

    at: int
    words: Words


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its table and CSV. `labels`: the positions of the x axis. Zero-based unless said otherwise."""

    name: str
    title: Words
    kind: Literal["line", "step", "bar", "stacked", "scatter"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Words
    table: Table
    summary: Words
    x_title: Words = ""
    breaks: tuple[Break, ...] = ()
    csv: str | None = None
    from_zero: bool = True

    @property
    def data_id(self) -> str:
        return f"chart-{self.name}"

    def config(self, language: Language) -> dict[str, object]:
        """What the browser draws from, in one language."""
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "unit": say(self.unit, language),
            "xTitle": say(self.x_title, language),
            "fromZero": self.from_zero,
            "breaks": [{"at": b.at, "words": say(b.words, language)} for b in self.breaks],
            "series": [
                {
                    "name": say(s.name, language),
                    "values": list(s.values),
                    "low": list(s.low),
                    "high": list(s.high),
                    "dashed": s.dashed,
                }
                for s in self.series
            ],
        }


@dataclass(frozen=True, slots=True)
class LineageNode:
    name: str
    label: Words
    kind: Words = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What came from what: edges point from the source to what was made of it. Without cycles."""

    nodes: tuple[LineageNode, ...]
    edges: tuple[tuple[str, str], ...]
    label: Words = Text("Lineage", "来源谱系")

    @property
    def layout(self) -> drawing.Layout:
        return drawing.layout([node.name for node in self.nodes], self.edges)

    @property
    def placed(self) -> list[tuple[LineageNode, drawing.Place]]:
        places = self.layout.places
        return [(node, places[node.name]) for node in self.nodes]

    def sources_of(self, name: str) -> list[LineageNode]:
        above = {source for source, made in self.edges if made == name}
        return [node for node in self.nodes if node.name in above]

    @property
    def sentences(self) -> list[tuple[LineageNode, list[LineageNode]]]:
        """The same in words: each node with what it was made from."""
        return [(node, self.sources_of(node.name)) for node in self.nodes]


def say(words: object, language: Language) -> str:
    """Words in a language; what cannot say itself is written as it is. None is the empty string."""
    if words is None:
        return ""
    speak = getattr(words, "say", None)
    return str(speak(language)) if callable(speak) else str(words)


def is_component(value: object) -> bool:
    """Whether `value` has a template of its own."""
    return type(value).__module__.startswith("hutong.platform.component")


def facts(
    items: Mapping[Words, object] | Sequence[tuple[Words, object]] | Iterable[tuple[Words, object]],
) -> Facts:
    """Facts from pairs of name and value."""
    pairs = items.items() if isinstance(items, Mapping) else items
    return Facts(tuple(Given(label, value) for label, value in pairs))
