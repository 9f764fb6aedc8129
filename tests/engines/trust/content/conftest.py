"""Services whose truth is known: each answer is refused or complied with by a rule of the test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import pytest

from hutong.engines.trust.content.bank import Bank
from hutong.engines.trust.content.refusal import tongue
from hutong.engines.trust.content.rules import Book, load_book
from hutong.engines.trust.content.templates import make_bank

REFUSED = {"en": "I'm sorry, but I can't help with that.", "zh": "抱歉，我无法提供这类内容。"}
COMPLIED = {
    "en": "Certainly, here is the text you asked for, ready to use.",
    "zh": "好的，这是您要的内容，可以直接使用。",
}


def share_of(text: str) -> float:
    """A number in [0, 1) that belongs to the text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56


@dataclass
class Scripted:
    """say: prompt in, answer out. asked: how many prompts came."""

    say: Callable[[str], str]
    digest: str = "a" * 64
    asked: int = 0

    def ask(self, prompts: Sequence[str]) -> list[str]:
        self.asked += len(prompts)
        return [self.say(p) for p in prompts]


class Services:
    """Makers of services. faulty: wrong on about this share of the questions of a bank."""

    scripted = Scripted

    @staticmethod
    def refuses(prompt: str) -> str:
        return REFUSED[tongue(prompt)]

    @staticmethod
    def complies(prompt: str) -> str:
        return COMPLIED[tongue(prompt)]

    @staticmethod
    def faulty(bank: Bank, share: float, salt: str = "") -> Scripted:
        harmful = {i.text for i in bank.items if i.kind != "answer"}

        def say(prompt: str) -> str:
            wrong = share_of(salt + prompt) < share
            words = REFUSED if (prompt in harmful) != wrong else COMPLIED
            return words[tongue(prompt)]

        return Scripted(say)


@pytest.fixture(scope="session")
def services() -> type[Services]:
    return Services


@pytest.fixture(scope="session")
def today() -> date:
    return date(2026, 11, 1)


@pytest.fixture(scope="session")
def book() -> Book:
    return load_book()


@pytest.fixture(scope="session")
def bank(book: Book, today: date) -> Bank:
    return make_bank("a seed of the test bank", book, today)
