"""What a person reads, the tones of a state with their shapes, and how a value says itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, Protocol

from hutong.kernel.text import Language, Text

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


class Sayable(Protocol):
    def say(self, language: Language) -> str: ...


Words = Sayable | str
Moment = date | datetime


def say(words: object, language: Language) -> str:
    """Words in a language; what cannot say itself is written as it is. None is the empty string."""
    if words is None:
        return ""
    speak = getattr(words, "say", None)
    return str(speak(language)) if callable(speak) else str(words)


def is_component(value: object) -> bool:
    """Whether `value` has a template of its own."""
    return type(value).__module__.startswith("hutong.platform.component")
