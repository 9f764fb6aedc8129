"""A question to an endpoint, its answer, and the books of all attempts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Proper = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Ask:
    """body: bytes of the JSON question. bound: the most it can cost, in millionths of the currency.

    occasion: for what it is asked; the same question for another occasion is another observation. malformed: the input is
    none on purpose, so that a server error is an answer (none was given) and not an outage to be waited out. proper: raises
    where a JSON answer is none to this question; such a one is not kept, so that the question can be asked again.
    """

    body: bytes
    replicate: int = 0
    bound: int = 0
    occasion: str = ""
    malformed: bool = False
    proper: Proper | None = field(default=None, compare=False, repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def key(self) -> str:
        asked_for = f"{self.occasion}:" if self.occasion else ""
        return f"{self.digest}:{asked_for}{self.replicate}"


@dataclass(frozen=True, slots=True)
class Answer:
    """value: the JSON answer. declined: the endpoint said that the input is none (HTTP 400, 413, 422; 500 if malformed)."""

    key: str
    value: Any
    declined: bool


@dataclass(slots=True)
class Counts:
    """asked: different questions. shared: equal ones in one call. replayed: found on the cassette. Of the attempts sent:
    answered; rejected (429, 5xx); lost (time-outs, broken connections); refused (not an answer: HTML, half JSON ...)."""

    asked: int = 0
    shared: int = 0
    replayed: int = 0
    answered: int = 0
    rejected: int = 0
    lost: int = 0
    refused: int = 0

    @property
    def sent(self) -> int:
        return self.answered + self.rejected + self.lost + self.refused
