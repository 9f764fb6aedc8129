"""Where one is and how things stand: crumbs, states, stamps, and the lane of a system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hutong.kernel import lifecycle
from hutong.kernel.text import Text
from hutong.platform.components.words import SHAPES, Moment, Tone, Words

StageState = Literal["done", "active", "closed", "waiting", "not_required"]


_TONE_OF_KIND: dict[lifecycle.StateKind, Tone] = {
    "open": "open",
    "waiting": "needs",
    "holds": "holds",
    "stopped": "stopped",
    "closed": "closed",
}


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
