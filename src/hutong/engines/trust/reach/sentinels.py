"""Sentinels at the door: a few questions that are repeated while an endpoint is evaluated, and what happens when it drifts.

Their answers lie on the record under places of their own, so a run that is gone on with finds them again. A record that is only
replayed is not watched: nothing answers there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from hutong.engines.trust.reach.answers import Shape, predictions, question
from hutong.engines.trust.reach.asks import Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.drift import Sentinels
from hutong.engines.trust.reach.openai import Chat
from hutong.engines.trust.targets import Predictions
from hutong.engines.trust.types import Column, System
from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text

# Short questions with one short answer, which a service that stays the same repeats most often.
PROMPTS = (
    "12 × 12 = ?",
    "请用一个词回答：晴天的天空是什么颜色？",
    "Which number comes after 41? Answer with the number.",
    "水的化学式是什么？",
    "Spell the word “lane” backwards.",
    "一周有几天？只回答数字。",
    "Translate into Chinese: water.",
    "Is 7 a prime number? Answer yes or no.",
)
# Questions asked between two looks at the sentinels: the rounds last for the largest plan of a service that answers in words.
EVERY = 1000


def of_chat(chat: Chat, n: int) -> Sentinels:
    """At most n prompts, asked of that chat."""

    def ask(prompt: str, replicate: int) -> str:
        said = chat.again(prompt, replicate)
        return "declined" if said is None else said.text

    return Sentinels(ask, PROMPTS[:n])


def of_rows(broker: Broker, system: System, shape: Shape, n: int) -> Sentinels:
    """n rows spread over the domain from its lowest corner to its highest, each asked by itself."""

    def proper(value: Any) -> Predictions:
        return predictions(value, 1, system, shape)

    def ask(item: str, replicate: int) -> str:
        answer = broker.run([Ask(item.encode(), replicate, proper=proper)])[0]
        if answer.declined:
            return "declined"
        found = proper(answer.value)
        return repr((found.labels.tolist(), None if found.scores is None else found.scores.tolist()))

    rows = [[_between(c, Fraction(i + 1, n + 1)) for c in system.domain.columns] for i in range(n)]
    return Sentinels(ask, [question([row], system.domain, shape).decode() for row in rows])


def _between(column: Column, share: Fraction) -> float:
    low = column.low if column.low is not None else Fraction(0)
    high = column.high if column.high is not None else low + 1
    value = low + (high - low) * share
    return float(round(value) if column.whole else value)


def look(sentinels: Sentinels, asked: int) -> None:
    """Ask the sentinels once more if it is time, so many questions later. `Conflict` endpoint.drift where the endpoint answers
    otherwise than it did at first."""
    sentinels.since += asked
    if sentinels.since < EVERY:
        return
    sentinels.since = 0
    if sentinels.check():
        raise Conflict(
            sentinels.finding().words,
            rule="endpoint.drift",
            remedy=Text(
                "Let it stay as it is while it is evaluated, and begin a new evaluation.",
                "请在评测期间保持服务不变，并重新申请评测。",
            ),
            field="url",
        )


@dataclass(frozen=True)
class WatchedAnswers:
    """A service that answers in words and is watched: before its first answer, and after every `EVERY` questions."""

    answers: Any = field(hash=False)
    sentinels: Sentinels = field(hash=False)

    @property
    def digest(self) -> str:
        return str(self.answers.digest)

    def ask(self, prompts: Sequence[str]) -> list[str]:
        if not self.sentinels.started:
            self.sentinels.start()
        said: list[str] = []
        for start in range(0, len(prompts), EVERY):
            part = prompts[start : start + EVERY]
            said += self.answers.ask(part)
            look(self.sentinels, len(part))
        return said

    def under(self, occasion: str) -> AbstractContextManager[None]:
        under: Callable[[str], AbstractContextManager[None]] = self.answers.under
        return under(occasion)

    def close(self) -> None:
        self.answers.close()
