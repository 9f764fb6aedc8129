"""How a generative service is asked: a small protocol, and the adapter for a chat endpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

# Access to services that answer in words, apart from the ladder of systems that label rows: one that can be asked, and
# answers recorded beforehand.
ASKED, RECORDED = "answers", "recorded"
# What stands for an answer where the endpoint refuses the prompt by its status (a filter before the model): it refuses.
DECLINED = "The request is declined. 该请求被拒绝。"


def speaks(access: str) -> bool:
    """Whether a system reached with this access answers in words."""
    return access in (ASKED, RECORDED)


class Answers(Protocol):
    """A generative service. digest: of what is served. ask: one answer per prompt, in their order."""

    @property
    def digest(self) -> str: ...
    def ask(self, prompts: Sequence[str]) -> Sequence[str]: ...


class Said(Protocol):
    @property
    def text(self) -> str: ...


class Chats(Protocol):
    """What `reach.openai.Chat` is: one thing said per prompt, None where the endpoint declines the prompt."""

    def ask(self, prompts: Sequence[str]) -> Sequence[Said | None]: ...


@dataclass(frozen=True)
class ChatAnswers:
    """A chat endpoint as `Answers`. digest: SHA-256 that names the endpoint, the model and the system prompt."""

    chat: Chats
    digest: str

    def under(self, occasion: str) -> AbstractContextManager[None]:
        """Within it, questions are asked for that occasion, where the chat records them so."""
        under: Callable[[str], AbstractContextManager[None]] | None = getattr(self.chat, "under", None)
        return nullcontext() if under is None else under(occasion)

    def close(self) -> None:
        """Give up the connection and the record, where the chat has them."""
        close: Callable[[], None] | None = getattr(self.chat, "close", None)
        if close is not None:
            close()

    def ask(self, prompts: Sequence[str]) -> list[str]:
        return [DECLINED if said is None else said.text for said in self.chat.ask(prompts)]


def put(answers: Answers, prompts: Sequence[str]) -> list[str]:
    """The answers to the prompts. `Invalid` answers.count where they are not one text for each."""
    said = list(answers.ask(prompts))
    if len(said) != len(prompts) or not all(isinstance(a, str) for a in said):
        what = Text("The service gave {a} answers to {n} questions.", "服务对{n}个问题给出{a}个回答。")
        raise refuse("answers.count", what.format(a=len(said), n=len(prompts)), where="answers")
    return said
