"""An OpenAI-compatible chat endpoint: texts out, texts back; and a classifier that answers with a label's name.

One choice, not streamed, temperature 0 unless asked otherwise. The version that answered (model, system_fingerprint) is kept: two
of them in one run are two systems behind one address.
"""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hutong.engines.trust.data import Rows
from hutong.engines.trust.reach.asks import Answer, Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.http import about, declined, different, spread
from hutong.engines.trust.targets import OutOfDomain, Predictions, label_codes
from hutong.engines.trust.types import Domain, System, refuse
from hutong.kernel.text import Text

# Tokens that the wrapping of one message may take, in any tokeniser we know of; text takes one per byte at most.
_WRAP = 16


@dataclass(frozen=True, slots=True)
class Price:
    """Millionths of the currency for a thousand tokens, read (question) and written (answer)."""

    read: int = 0
    written: int = 0

    def of(self, value: Any) -> int:
        """The price of an answer by its own `usage`, rounded up. `Invalid` endpoint.usage if it has none and one is due."""
        if not (self.read or self.written):
            return 0
        usage = value.get("usage") if isinstance(value, dict) else None
        counts = usage if isinstance(usage, dict) else {}
        return self.for_tokens(_tokens(counts, "prompt_tokens"), _tokens(counts, "completion_tokens"))

    def for_tokens(self, read: int, written: int) -> int:
        return -(-(read * self.read + written * self.written) // 1000)


def _tokens(usage: Mapping[str, object], key: str) -> int:
    number = usage.get(key)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise refuse(
            "endpoint.usage", Text("The answer does not say what it used.", "答复未给出用量。"), where=key
        )
    return number


@dataclass(frozen=True, slots=True)
class Spoken:
    """text: what was said. cut: it stopped at the limit of tokens, not at its end. version: what answered."""

    text: str
    cut: bool
    version: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Chat:
    """Asks prompts of one model. more: further fields of the question (seed, stop ...). tokens: most in an answer."""

    broker: Broker = field(hash=False)
    model: str
    tokens: int = 256
    system_prompt: str | None = None
    price: Price = field(default_factory=Price)
    more: Mapping[str, object] = field(default_factory=dict, hash=False)
    versions: Counter[tuple[str, str]] = field(default_factory=Counter, hash=False, compare=False)

    def body(self, prompt: str) -> bytes:
        first = [] if self.system_prompt is None else [{"role": "system", "content": self.system_prompt}]
        record = {
            "temperature": 0,
            **self.more,
            "model": self.model,
            "messages": [*first, {"role": "user", "content": prompt}],
            "max_tokens": self.tokens,
            "n": 1,
            "stream": False,
        }
        return json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()

    def close(self) -> None:
        self.broker.close()

    def under(self, occasion: str) -> AbstractContextManager[None]:
        """Within it, prompts are asked for that occasion (`Broker.under`)."""
        return self.broker.under(occasion)

    def ask(self, prompts: Sequence[str], malformed: bool = False) -> list[Spoken | None]:
        """What is said to each prompt, asked anew at each call; equal prompts of one call are asked once.

        None where the endpoint declines the prompt (HTTP 400, 413, 422, and 500 if malformed on purpose). Errors as `Broker.run`, and endpoint.mapping.
        """
        once = {
            p: self.broker.anew(self.body(p), self._bound(p), malformed, spoken)
            for p in dict.fromkeys(prompts)
        }
        answers = self.broker.run(list(once.values()))
        said = dict(zip(once, (self._read(a) for a in answers), strict=True))
        self.versions.update(s.version for s in said.values() if s is not None)
        return [said[p] for p in prompts]

    def again(self, prompt: str, replicate: int) -> Spoken | None:
        """The answer to a prompt under a replicate index of the caller's own: from the cassette if it is there."""
        return self._read(
            self.broker.run([Ask(self.body(prompt), replicate, self._bound(prompt), proper=spoken)])[0]
        )

    def _bound(self, prompt: str) -> int:
        read = len(prompt.encode()) + len((self.system_prompt or "").encode()) + 2 * _WRAP
        return self.price.for_tokens(read, self.tokens)

    def _read(self, answer: Answer) -> Spoken | None:
        return None if answer.declined else spoken(answer.value)


def spoken(value: Any) -> Spoken:
    """The text of a chat completion. `Invalid` endpoint.mapping for anything else than one choice with one text."""
    try:
        (choice,) = value["choices"]
        message = choice["message"]
        text = message["content"] if message.get("content") is not None else message["refusal"]
        version = (str(value.get("model") or ""), str(value.get("system_fingerprint") or ""))
        if not isinstance(text, str):
            raise TypeError("content")
        return Spoken(text, choice.get("finish_reason") == "length", version)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = Text("The answer is no chat completion with one text.", "答复不是单条文本的对话结果。")
        raise refuse("endpoint.mapping", what, where="choices") from error


def plain(name: str) -> str:
    """A name as compared: compatibility forms made one (NFKC), no space or full stop around it, case folded."""
    return unicodedata.normalize("NFKC", name).strip().strip(".。\"'`“”").strip().casefold()


def render(row: Sequence[float], domain: Domain) -> str:
    """The row as lines "name: value", numbers as their shortest decimals."""
    cells = [int(v) if float(v).is_integer() else v for v in row]
    names = [c.name for c in domain.columns]
    return "\n".join(f"{n}: {v}" for n, v in zip(names, cells, strict=True))


@dataclass(frozen=True, slots=True)
class ChatTarget:
    """A chat model as a classifier: one prompt per row, the whole answer is a label's name. Anything else is no label.

    instruction: text before the rendered row; it must name the labels.
    """

    chat: Chat = field(hash=False)
    system: System
    instruction: str
    say: Callable[[Sequence[float], Domain], str] = render
    access: str = field(default="labels", init=False)

    @property
    def digest(self) -> str:
        asked = {
            "model": self.chat.model,
            "instruction": self.instruction,
            "prompt": self.chat.system_prompt or "",
        }
        return about(self.chat.broker, self.system, asked)

    def predict(self, rows: Rows) -> Predictions:
        """`Invalid` endpoint.declined when the endpoint refuses a row of the domain; errors as `Chat.ask`."""
        table = np.ascontiguousarray(rows, dtype=np.float32)
        if not len(table):
            return Predictions(np.empty(0, np.int64), None)
        kept, place = different(table)
        said = self.chat.ask([self.prompt(row) for row in table[kept].tolist()])
        texts = [self._text(s) for s in said]
        return spread([Predictions(label_codes(texts, self.system), None)], place)

    def raw(self, rows: Any) -> Predictions:
        """As `predict` for rows that may be malformed: `OutOfDomain` when declined or answered with no label."""
        texts = []
        for row in np.asarray(rows).tolist():
            said = self.chat.ask([self._any(row)], malformed=True)[0]
            if said is None or self._text(said) == "":
                raise OutOfDomain("declined")
            texts.append(self._text(said))
        return Predictions(label_codes(texts, self.system), None)

    def close(self) -> None:
        self.chat.close()

    def under(self, occasion: str) -> AbstractContextManager[None]:
        return self.chat.under(occasion)

    def prompt(self, row: Sequence[float]) -> str:
        return f"{self.instruction}\n{self.say(row, self.system.domain)}"

    def _any(self, row: Sequence[float]) -> str:
        numbers = all(isinstance(v, float | int) for v in row)
        fits = numbers and len(row) == self.system.domain.width
        return self.prompt(row) if fits else f"{self.instruction}\n{row!r}"

    def _text(self, said: Spoken | None) -> str:
        if said is None:
            raise declined()
        labels = {plain(label): label for label in self.system.labels}
        return labels.get(plain(said.text), "")
